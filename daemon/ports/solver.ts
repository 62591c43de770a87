/** Shows control of a name to a CA (RFC 8555 section 8). */

export interface Challenge {
  readonly type: 'http-01';
  readonly dnsName: string;
  readonly token: string;
  readonly keyAuthorization: string;
}

/** Both methods MUST be safe to repeat. `present` resolves when the answer is visible where the CA will look. */
export interface Solver {
  readonly types: readonly Challenge['type'][];
  readonly present: (challenge: Challenge, signal: AbortSignal) => Promise<void>;
  /** MUST succeed when nothing is there. */
  readonly cleanUp: (challenge: Challenge, signal: AbortSignal) => Promise<void>;
}

/** What an issuer must do. Written by its caller: `shell/issue.ts`. */
import type { ExtendedKeyUsage, Instant } from '../core/model.ts';
import type { Solver } from './solver.ts';

/** JSON that survives the journal. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface IssueRequest {
  /** Stable over crashes: the idempotency key of this issuance. */
  readonly id: string;
  /** `team/name`, for logs. */
  readonly certificate: string;
  /** PKCS#10 DER. Proves possession of the key; names are taken from `subject`, never from here. */
  readonly csr: Uint8Array;
  /** What git and policy approved. Authoritative. */
  readonly subject: {
    readonly dnsNames: readonly string[];
    readonly ipAddresses: readonly string[];
    readonly usages: readonly ExtendedKeyUsage[];
    readonly lifetimeMs: number | null;
  };
  /** DER of the certificate this one renews; null for a first one. */
  readonly replaces: Uint8Array | null;
}

export type IssueOutcome =
  /** DER, leaf first, intermediates in order, no root. */
  | { readonly state: 'issued'; readonly chain: readonly Uint8Array[] }
  /** Ask again with the handle, not before `retryAt`. */
  | { readonly state: 'pending'; readonly handle: Json; readonly retryAt: Instant };

export interface IssueContext {
  readonly signal: AbortSignal;
  /** MUST be awaited as soon as something exists on the CA's side (an order URL, a serial): journals the handle durably. */
  readonly checkpoint: (handle: Json) => Promise<void>;
  /** The handle of an earlier, interrupted attempt at the same request; null at first. MUST be resumed, never ordered anew while it is alive. */
  readonly handle: Json | null;
  /** How control of a name is shown for this installation; null when the installation offers none. */
  readonly solver: Solver | null;
}

/**
 * Every method MUST honour `signal`, MUST be safe to repeat with the same `id` and MUST NOT retry inside:
 * throw OperationError and let the shell decide when. The shell compares the chain with CSR and plan afterwards; do not trust yourself.
 */
export interface Issuer {
  readonly issue: (request: IssueRequest, context: IssueContext) => Promise<IssueOutcome>;
  /** PEM roots that clients of this issuer trust, for validation; null means the system's store. */
  readonly trustAnchors: (signal: AbortSignal) => Promise<readonly string[] | null>;
  /** Can it be used now? Throws OperationError when not; returns a sentence for `renewd doctor` when yes. */
  readonly check: (signal: AbortSignal) => Promise<string>;
  /** It certifies its intermediates anew before they end: nothing but its root can end above what it issues. Absent: it does not, or nobody can say. */
  readonly renewsIntermediates?: true;
}

/** Optional: an issuer that knows everything it ever issued. */
export interface IssuanceMemory {
  /** Is exactly this certificate (DER) in its log? @throws OperationError when the log cannot be read */
  readonly hasIssued: (certificate: Uint8Array, signal: AbortSignal) => Promise<boolean>;
}

/** Optional: an issuer that publishes things of its own into the state tree (issuance log, CRL). */
export interface Publisher {
  /** Path in the state tree to its full text. Deterministic while nothing was issued or revoked and the CRL is fresh. */
  readonly publications: (signal: AbortSignal) => Promise<ReadonlyMap<string, string>>;
  /**
   * Entries of its log as they were published and signed, which the log lacks: takes back those that it issued, as they stand there, and says how many.
   * Safe to repeat. What it did not issue, what does not fit its certificate, and what it would not publish as the same text, is left out.
   */
  readonly takeBack: (texts: readonly string[], signal: AbortSignal) => Promise<number>;
}

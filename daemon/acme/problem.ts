/** What an ACME server says when it refuses (RFC 8555 section 6.7, RFC 7807), and what that means for us. Pure. */
import { OperationError, type Disposition, type FailureCode } from '../ports/failure.ts';

export interface AcmeProblem {
  /** HTTP status. */
  readonly status: number;
  /** Without its prefix: `badNonce`, `rateLimited`; empty when the server sent no problem document. */
  readonly type: string;
  readonly detail: string;
  readonly subproblems: readonly string[];
  /** UTC epoch ms; null when not given. */
  readonly retryAt: number | null;
}

/** A refusal, thrown inside this room only. */
export class AcmeRefusal extends Error {
  override readonly name = 'AcmeRefusal';
  readonly problem: AcmeProblem;
  constructor(problem: AcmeProblem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Reads a problem document; anything else becomes one with what can be said. */
export function readProblem(status: number, body: string, retryAt: number | null): AcmeProblem {
  let parsed: unknown = null;
  try {
    parsed = JSON.parse(body);
  } catch {
    // Not JSON: a proxy or a server in trouble.
  }
  return { status, retryAt, ...problemFields(parsed, `the server answered ${String(status)}`) };
}

/** The fields of a problem inside another document (an order, a challenge). */
export function problemFields(
  value: unknown,
  otherwise: string,
): Pick<AcmeProblem, 'type' | 'detail' | 'subproblems'> {
  const fields =
    typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '');
  const subproblems = Array.isArray(fields['subproblems']) ? (fields['subproblems'] as unknown[]) : [];
  return {
    type: text('type').replace(/^urn:ietf:params:acme:error:/, ''),
    detail: plain(text('detail') || otherwise),
    subproblems: subproblems.slice(0, 10).map((each) => {
      const { identifier, detail } = (each ?? {}) as { identifier?: { value?: unknown }; detail?: unknown };
      const text = (value: unknown): string => (typeof value === 'string' ? value : '');
      return plain(`${text(identifier?.value)}: ${text(detail)}`);
    }),
  };
}

/** One bounded line without control characters: a CA's words end up in records and on screens. */
function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ').slice(0, 500);
}

const meanings: Readonly<Record<string, { readonly code: FailureCode; readonly disposition: Disposition }>> =
  {
    rateLimited: { code: 'rate-limited', disposition: 'wait' },
    serverInternal: { code: 'acme-server', disposition: 'retry' },
    badNonce: { code: 'acme-protocol', disposition: 'retry' },
    accountDoesNotExist: { code: 'acme-account', disposition: 'stall' },
    externalAccountRequired: { code: 'acme-account', disposition: 'stall' },
    userActionRequired: { code: 'acme-account', disposition: 'stall' },
    invalidContact: { code: 'acme-account', disposition: 'stall' },
    unsupportedContact: { code: 'acme-account', disposition: 'stall' },
    badPublicKey: { code: 'acme-account', disposition: 'stall' },
    badCSR: { code: 'acme-rejected', disposition: 'stall' },
    rejectedIdentifier: { code: 'acme-rejected', disposition: 'stall' },
    unsupportedIdentifier: { code: 'acme-rejected', disposition: 'stall' },
    caa: { code: 'acme-rejected', disposition: 'retry' },
    unauthorized: { code: 'acme-account', disposition: 'stall' },
  };

/** The failure a refusal means. `what` says what was asked: `newOrder`. */
export function failureOf(problem: AcmeProblem, what: string, issuer: string): OperationError {
  const busy = problem.status === 429 || (problem.status === 503 && problem.retryAt !== null);
  const meaning =
    meanings[problem.type] ??
    (busy
      ? { code: 'rate-limited' as const, disposition: 'wait' as const }
      : problem.status >= 500
        ? { code: 'acme-server' as const, disposition: 'retry' as const }
        : { code: 'acme-rejected' as const, disposition: 'retry' as const });
  const more = problem.subproblems.length === 0 ? '' : ` (${problem.subproblems.join('; ')})`;
  const type = problem.type === '' ? String(problem.status) : problem.type;
  const wait = meaning.disposition === 'wait' && problem.retryAt !== null ? { retryAt: problem.retryAt } : {};
  return new OperationError(meaning.code, `${what} at issuer ${issuer}: ${type}: ${problem.detail}${more}`, {
    disposition: meaning.disposition === 'wait' && problem.retryAt === null ? 'retry' : meaning.disposition,
    ...wait,
  });
}

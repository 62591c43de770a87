/** What an ACME server says when it refuses (RFC 8555 section 6.7, RFC 7807), and what that means for us. Pure. */
import { isNestedDeeper } from '../core/json-depth.ts';
import { limits } from '../limits.ts';
import { OperationError, type Disposition, type FailureCode } from '../ports/failure.ts';
import { firstOf } from '../said-text.ts';

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
    parsed = isNestedDeeper(body, limits.acme.depthMax) ? null : JSON.parse(body);
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
    type: plain(text('type').replace(/^urn:ietf:params:acme:error:/, ''), 100),
    detail: plain(text('detail') || otherwise),
    subproblems: subproblems.slice(0, limits.acme.subproblemsMax).map((each) => {
      const { identifier, detail } = (each ?? {}) as { identifier?: { value?: unknown }; detail?: unknown };
      const text = (value: unknown): string => (typeof value === 'string' ? value : '');
      return plain(`${text(identifier?.value)}: ${text(detail)}`, limits.acme.subproblemMaxChars);
    }),
  };
}

/** A problem in one line: type, detail, and what is said of single names. Pure. */
export function problemText({
  type,
  detail,
  subproblems,
}: Pick<AcmeProblem, 'type' | 'detail' | 'subproblems'>): string {
  const more = subproblems.length === 0 ? '' : ` (${subproblems.join('; ')})`;
  return `${type === '' ? '' : `${type}: `}${detail}${more}`;
}

/** One bounded line without control or direction characters: a CA's words end up in records and on screens. Pure. */
export function plain(text: string, maxChars: number = limits.acme.wordsMaxChars): string {
  return firstOf(text, maxChars)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .toWellFormed();
}

/**
 * The CA will not answer otherwise if asked again: it does not know what was asked for, or not for this account. False for everything that passes (busy, trouble of its
 * own, a refused nonce): what is only out of sight must not be taken for gone. Pure.
 */
export function isGone({ status, type }: AcmeProblem): boolean {
  return (
    [404, 405, 410, 501].includes(status) ||
    (status < 500 && status !== 429 && (type === 'malformed' || type === 'unauthorized'))
  );
}

interface Meaning {
  readonly code: FailureCode;
  readonly disposition: Disposition;
  /** It is about the account, whatever was asked: everything of this issuer waits. */
  readonly ofAccount?: true;
}

const meanings: Readonly<Record<string, Meaning>> = {
  rateLimited: { code: 'rate-limited', disposition: 'wait' },
  serverInternal: { code: 'acme-server', disposition: 'retry' },
  badNonce: { code: 'acme-protocol', disposition: 'retry' },
  // The client forgets its account at this, and the next try opens it again with the same key.
  accountDoesNotExist: { code: 'acme-account', disposition: 'retry', ofAccount: true },
  externalAccountRequired: { code: 'acme-account', disposition: 'stall', ofAccount: true },
  userActionRequired: { code: 'acme-account', disposition: 'stall', ofAccount: true },
  invalidContact: { code: 'acme-account', disposition: 'stall', ofAccount: true },
  unsupportedContact: { code: 'acme-account', disposition: 'stall', ofAccount: true },
  badPublicKey: { code: 'acme-account', disposition: 'stall', ofAccount: true },
  badCSR: { code: 'acme-rejected', disposition: 'stall' },
  rejectedIdentifier: { code: 'acme-rejected', disposition: 'stall' },
  unsupportedIdentifier: { code: 'acme-rejected', disposition: 'stall' },
  caa: { code: 'acme-rejected', disposition: 'retry' },
  unauthorized: { code: 'acme-rejected', disposition: 'stall' },
};

/**
 * What to do about an account that the CA refuses. No other account is opened unasked: whoever deactivated this one meant something by it, a binding may be good for one
 * account only, and a CAA record may name the old one (RFC 8657).
 */
function endOfAccount(issuer: string): string {
  return `Where the CA refuses the external account binding, correct eab. Where the account was deactivated or revoked, that is final (RFC 8555 section 7.3.6): move acme/${issuer}/account.age of the custody directory aside, and the next try opens a new account; where accounts need a binding, get a new one and declare it before.`;
}

/**
 * The failure a refusal means. `what` says what was asked: `newOrder`. `asked`: a refusal of the account itself, or of reading the directory, holds for everything
 * of this issuer; one of an order holds for its names alone, unless the CA says that it is about the account or that it is busy as a whole (RFC 8555 section 6.7).
 */
export function failureOf(
  problem: AcmeProblem,
  what: string,
  issuer: string,
  asked: 'account' | 'order' = 'order',
): OperationError {
  const isBusy = problem.status === 503 && problem.retryAt !== null;
  // A type such as `constructor` must not find what every object has.
  const known = Object.hasOwn(meanings, problem.type) ? meanings[problem.type] : undefined;
  const { code, disposition, ofAccount }: Meaning =
    known ??
    (problem.status === 429 || isBusy
      ? { code: 'rate-limited', disposition: 'wait' }
      : problem.status >= 500
        ? { code: 'acme-server', disposition: 'retry' }
        : { code: 'acme-rejected', disposition: 'retry' });
  const type = problem.type === '' ? String(problem.status) : problem.type;
  const common = {
    scope:
      asked === 'account' || ofAccount === true || isBusy ? ('issuer' as const) : ('installation' as const),
    ...(problem.retryAt === null ? {} : { retryAt: problem.retryAt }),
  };
  const said = `${what} at issuer ${issuer}: ${problemText({ ...problem, type })}`;
  if (problem.type === 'unauthorized' && asked === 'account')
    return new OperationError(
      'acme-account',
      `${said}${/[.!?]$/.test(said) ? '' : '.'} ${endOfAccount(issuer)}`,
      {
        ...common,
        disposition: 'stall',
        endsWhen: ['issuer', 'declaration', 'secret', 'data-directory'],
      },
    );
  return new OperationError(
    code,
    said,
    disposition === 'stall'
      ? { ...common, disposition, endsWhen: ['issuer', 'declaration', 'secret'] }
      : {
          ...common,
          disposition: disposition === 'wait' && problem.retryAt === null ? 'retry' : disposition,
        },
  );
}

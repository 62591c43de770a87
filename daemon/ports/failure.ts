/**
 * How an operation fails. Expected trouble in the world is an `OperationError`; it is thrown by plug-ins and doors
 * and caught only in `shell/`. A programmer's mistake is an ordinary `Error`: where one installation, endpoint or issuer met it, it is its failure
 * (`shell/unexpected.ts`); anywhere else it ends the process.
 */

import type { EndsWhen, Scope } from '../core/stall.ts';
import { recordMessage } from '../record-text.ts';
import { withShownPaths } from '../shown-path.ts';

export type { EndsWhen, Scope } from '../core/stall.ts';

/**
 * What to do about a failure: try again with backoff, wait until `retryAt`, or wait until what `endsWhen` names has changed. A stall is tried again by itself
 * too, at least daily (`core/backoff.ts`): nobody tells renewd what was corrected at a CA or on a server.
 */
export type Disposition = 'retry' | 'wait' | 'stall';

/** Every failure code, with the sentence that documents it. `docs/failures.md` is checked against this table. */
export const failureCodes = {
  'acme-account': 'The CA refused the account key or the external account binding.',
  'acme-challenge-failed': 'The CA could not validate control of a name.',
  'acme-order-invalid': 'The CA ended the order as invalid.',
  'acme-protocol': 'The CA answered something RFC 8555 does not allow.',
  'acme-rejected': 'The CA rejected the request (policy, identifier, CSR).',
  'acme-server': 'The CA had an error of its own or could not be reached.',
  'another-instance': 'Another renewd works on the same repository; this one stands by.',
  'ca-constraint': 'The embedded CA may not sign this: name constraint or profile.',
  'ca-lost':
    'The data directory has not the root of the embedded CA that the records hold, or may have held; no other is made in its place.',
  'ca-unavailable': 'The embedded CA key or certificate could not be read.',
  'certificate-rejected': 'The issued certificate does not match the CSR and the plan; it was not used.',
  'config-test-failed': 'The server refused its configuration with the new certificate; rolled back.',
  'csr-rejected': 'The CSR from the endpoint does not match the plan; it was not sent to an issuer.',
  'endpoint-busy': 'Another process holds the lock of this store on the endpoint.',
  'git-auth': 'The Git server refused our credentials.',
  'git-corrupt': 'The local mirror is damaged; it is discarded and fetched again.',
  'git-incomplete':
    'The history of the repository is cut (a shallow clone), so what is new in it cannot be told.',
  'git-malformed':
    'A commit or tree breaks the grammar of Git or a bound; what it brings is refused, and fetching anew would not help.',
  'git-no-space': 'The disk or quota of the Git server is full; it is pushed again by itself.',
  'git-push-denied': 'The Git server refused the push for a reason that trying again does not change.',
  'git-push-race': 'The branch moved while we pushed.',
  'git-too-large':
    'A commit brings more than is judged at once; it is refused and left behind, and what comes after it is judged.',
  'git-unavailable': 'The Git server could not be reached or answered nonsense.',
  'http-unavailable': 'The daemon could not listen on the address of its HTTP server.',
  'journal-unavailable': 'The journal could not be written; nothing is done until it can.',
  'not-served':
    'The reload succeeded but the new certificate is not what clients see; rolled back, unless what was there before has expired.',
  'placement-refused':
    'The endpoint, the profile or another installation does not allow these files or values there; nothing was done.',
  'rate-limited': 'The CA asks us to come back later.',
  'records-changed': 'Somebody else changed the records on the state branch; they are not used.',
  'records-missing':
    'The repository has no branch of the records, and this data directory knows that there were some; nothing is written anew.',
  'reload-failed': 'The reload command failed; rolled back, unless what was there before has expired.',
  'secret-refused':
    'A declaration names a secret that the configuration binds to something else; it was not opened.',
  'secret-unavailable': 'A secret that a declaration names is not bound or cannot be read.',
  'site-build-failed': 'The static site could not be built; the one before stays in place.',
  'ssh-auth': 'The endpoint refused our credentials.',
  'ssh-command-failed': 'A command on the endpoint failed.',
  'ssh-host-key': 'The endpoint shows a host key that is not pinned; nothing was sent.',
  'ssh-timeout': 'A command or connection took longer than its bound.',
  'ssh-unreachable': 'The endpoint could not be reached over SSH.',
  'stage-failed': 'The new key and chain could not be written beside the old ones.',
  unexpected:
    'renewd met something that it did not foresee, a mistake of its own; only what met it fails, and is tried again.',
  unsupported: 'The endpoint or issuer lacks an ability that is needed.',
} as const;

export type FailureCode = keyof typeof failureCodes;

export type OperationErrorOptions = {
  /** `installation` where nothing is said: what one request met is no reason for others to wait. */
  readonly scope?: Scope;
  /** UTC epoch ms; needed with `wait`. */
  readonly retryAt?: number;
  readonly cause?: unknown;
} & (
  | { readonly disposition: 'retry' | 'wait' }
  | { readonly disposition: 'stall'; readonly endsWhen: readonly [EndsWhen, ...EndsWhen[]] }
);

/**
 * A failed operation: what failed, on what, what to do next. The message never contains a secret or a control character, whatever a server or file put
 * into it, and is bounded: it goes through `recordMessage` here, so that no sink of messages can be reached past it.
 */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  readonly code: FailureCode;
  readonly disposition: Disposition;
  readonly scope: Scope;
  /** Empty unless it is a stall. */
  readonly endsWhen: readonly EndsWhen[];
  readonly retryAt: number | null;

  constructor(code: FailureCode, message: string, options: OperationErrorOptions) {
    super(
      recordMessage(withShownPaths(message)),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.disposition = options.disposition;
    this.scope = options.scope ?? 'installation';
    this.endsWhen = options.disposition === 'stall' ? options.endsWhen : [];
    this.retryAt = options.retryAt ?? null;
  }
}

/** The same failure, and what waits because of it: said by whoever knows for whom the failed thing was done. Pure. */
export function inScope(error: OperationError, scope: Scope): OperationError {
  const { code, message, disposition, endsWhen, retryAt } = error;
  const common = { scope, cause: error, ...(retryAt === null ? {} : { retryAt }) };
  const [first, ...more] = endsWhen;
  return new OperationError(
    code,
    message,
    disposition === 'stall'
      ? { ...common, disposition, endsWhen: [first ?? 'configuration', ...more] }
      : { ...common, disposition },
  );
}

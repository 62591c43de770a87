/**
 * An ACME client for one account (RFC 8555): directory, nonces, the account, signed requests. It tries again only what section 6.5 asks for: a refused nonce.
 * Everything else is the shell's to decide.
 */
import { isNestedDeeper } from '../core/json-depth.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { bindAccount, signRequest, type AccountKey } from './jws.ts';
import { AcmeRefusal, failureOf, plain, readProblem } from './problem.ts';
import type { AcmeAnswer, AcmeTransport } from './transport.ts';

export interface AcmeAccountOptions {
  readonly issuer: string;
  readonly directoryUrl: string;
  readonly contacts: readonly string[];
  readonly eab: { readonly kid: string; readonly hmacKey: string } | null;
  readonly key: AccountKey;
  readonly transport: AcmeTransport;
}

export interface AcmeClient {
  readonly key: AccountKey;
  /** Signed request; `payload` null is POST-as-GET. `what` names it in messages. @throws OperationError `acme-*`, `rate-limited` */
  readonly post: (url: string, payload: unknown, what: string, signal: AbortSignal) => Promise<AcmeAnswer>;
  /** As `post`, but a refusal comes back as AcmeRefusal for callers that expect one. */
  readonly ask: (url: string, payload: unknown, what: string, signal: AbortSignal) => Promise<AcmeAnswer>;
  /** Is this an address at the server of the directory? An issuer may have moved since an address was written down. */
  readonly isOurs: (url: string) => boolean;
  readonly newOrderUrl: (signal: AbortSignal) => Promise<string>;
  /** Does the server know the account of this key? Opens none. @throws OperationError when the server does not answer, or cannot say */
  readonly knowsAccount: (signal: AbortSignal) => Promise<boolean>;
  /** Does the CA know which certificate a new one replaces (RFC 9773)? */
  readonly knowsReplaces: (signal: AbortSignal) => Promise<boolean>;
  /** Where the account lists its orders; null where the CA does not (section 7.1.2.1). */
  readonly ordersUrl: (signal: AbortSignal) => Promise<string | null>;
}

interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  readonly hasRenewalInfo: boolean;
  /** Accounts need a binding (RFC 8555 section 7.1.1, meta.externalAccountRequired). */
  readonly wantsBinding: boolean;
}

/** Makes a client; the directory is read and the account opened (or made: the same key finds the same account) at the first request. */
export function createAcmeClient(options: AcmeAccountOptions): AcmeClient {
  const { issuer, transport, key } = options;
  const origin = URL.parse(options.directoryUrl)?.origin;
  let nonce: string | null = null;
  let opened: Promise<{
    readonly directory: Directory;
    readonly kid: string;
    readonly orders: string | null;
  }> | null = null;

  const isOurs = (url: string): boolean => {
    const parsed = URL.parse(url);
    // Node would send what stands before an @ as credentials.
    return (
      origin !== undefined && parsed?.origin === origin && parsed.username === '' && parsed.password === ''
    );
  };
  const sameServer = (url: string): string => {
    // A CA that sends us elsewhere with signed requests is a CA we do not know.
    if (isOurs(url)) return url;
    throw protocol(issuer, `it names an address on another server: ${plain(url)}`);
  };

  const readDirectory = async (signal: AbortSignal): Promise<Directory> => {
    const answer = await transport('GET', options.directoryUrl, null, signal);
    if (answer.status !== 200)
      throw failureOf(
        readProblem(answer.status, answer.body, answer.retryAt),
        'reading the directory',
        issuer,
        'account',
      );
    const value = json(answer.body, issuer, 'the directory');
    const url = (name: string): string => {
      const found = value[name];
      if (typeof found !== 'string') throw protocol(issuer, `its directory has no ${name}`);
      return sameServer(found);
    };
    return {
      newNonce: url('newNonce'),
      newAccount: url('newAccount'),
      newOrder: url('newOrder'),
      hasRenewalInfo: typeof value['renewalInfo'] === 'string',
      wantsBinding:
        (value['meta'] as { externalAccountRequired?: unknown } | null | undefined)
          ?.externalAccountRequired === true,
    };
  };

  const send = async (
    directory: Directory,
    url: string,
    kid: string | null,
    payload: unknown,
    signal: AbortSignal,
  ): Promise<AcmeAnswer> => {
    for (let tries = 1; ; tries++) {
      if (nonce === null) {
        const fresh = await transport('HEAD', directory.newNonce, null, signal);
        if (!isSuccess(fresh)) throw new AcmeRefusal(readProblem(fresh.status, fresh.body, fresh.retryAt));
        nonce = nonceOf(fresh);
        if (nonce === null) throw protocol(issuer, 'it gives no nonce');
      }
      const body = signRequest(key, { url, nonce, kid, payload });
      nonce = null;
      const answer = await transport('POST', url, body, signal);
      nonce = nonceOf(answer);
      if (isSuccess(answer)) return answer;
      const problem = readProblem(answer.status, answer.body, answer.retryAt);
      if (problem.type !== 'badNonce' || tries >= limits.acme.nonceTriesMax) throw new AcmeRefusal(problem);
    }
  };

  const existing = async (directory: Directory, signal: AbortSignal): Promise<AcmeAnswer | null> =>
    send(directory, directory.newAccount, null, { onlyReturnExisting: true }, signal).catch(
      (error: unknown) => {
        // Whatever else it says of this question, the next one is the one whose answer counts.
        if (error instanceof AcmeRefusal && error.problem.status < 500) return null;
        if (error instanceof AcmeRefusal)
          throw failureOf(error.problem, 'looking for the account', issuer, 'account');
        throw error;
      },
    );

  const addressIn = (answer: AcmeAnswer): string => {
    const kid = answer.headers['location'];
    if (kid === undefined) throw protocol(issuer, 'it made an account without an address');
    return sameServer(kid);
  };

  const open = async (
    signal: AbortSignal,
  ): Promise<{ directory: Directory; kid: string; orders: string | null }> => {
    const directory = await readDirectory(signal);
    const { eab } = options;
    // Asked for first (RFC 8555 section 7.3.1): a CA may refuse a binding that was used before, also for the account that it made.
    const known = await existing(directory, signal);
    const payload = {
      termsOfServiceAgreed: true,
      ...(options.contacts.length === 0 ? {} : { contact: options.contacts.map((each) => `mailto:${each}`) }),
      ...(eab === null
        ? {}
        : { externalAccountBinding: bindAccount(key, eab.kid, eab.hmacKey, directory.newAccount) }),
    };
    const answer =
      known ??
      (await refusals(
        'opening the account',
        issuer,
        () => send(directory, directory.newAccount, null, payload, signal),
        'account',
      ));
    const kid = addressIn(answer);
    const { orders } = json(answer.body, issuer, 'the account');
    return {
      directory,
      kid,
      orders: typeof orders === 'string' ? sameServer(orders) : null,
    };
  };

  const account = async (
    signal: AbortSignal,
  ): Promise<{ directory: Directory; kid: string; orders: string | null }> => {
    opened ??= open(signal).catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };

  const ask: AcmeClient['ask'] = async (url, payload, _what, signal) => {
    const { directory, kid } = await account(signal);
    try {
      return await send(directory, sameServer(url), kid, payload, signal);
    } catch (error) {
      if (!(error instanceof AcmeRefusal)) throw error;
      // A CA that was set up anew: the next request opens the account again, with the same key.
      if (error.problem.type === 'accountDoesNotExist') opened = null;
      if (error.problem.type === 'unauthorized') {
        // Not for this account, or no longer for any account of this key (section 7.3.6): only the account itself tells which.
        opened = null;
        await account(signal);
      }
      throw error;
    }
  };
  return {
    key,
    ask,
    isOurs,
    post: (url, payload, what, signal) => refusals(what, issuer, () => ask(url, payload, what, signal)),
    knowsAccount: async (signal) => {
      const { eab } = options;
      if (eab !== null) bindAccount(key, eab.kid, eab.hmacKey, options.directoryUrl);
      const directory = await readDirectory(signal);
      try {
        const answer = await send(
          directory,
          directory.newAccount,
          null,
          { onlyReturnExisting: true },
          signal,
        );
        addressIn(answer);
        return true;
      } catch (error) {
        if (!(error instanceof AcmeRefusal)) throw error;
        const { type } = error.problem;
        const isNew = type === 'accountDoesNotExist' || (type === 'externalAccountRequired' && eab !== null);
        if (!isNew) throw failureOf(error.problem, 'looking for the account', issuer, 'account');
        if (!directory.wantsBinding || eab !== null) return false;
        const problem = {
          ...error.problem,
          type: 'externalAccountRequired',
          detail: 'its directory says that accounts need one',
        };
        throw failureOf(problem, 'looking for the account', issuer, 'account');
      }
    },
    newOrderUrl: async (signal) => (await account(signal)).directory.newOrder,
    knowsReplaces: async (signal) => (await account(signal)).directory.hasRenewalInfo,
    ordersUrl: async (signal) => (await account(signal)).orders,
  };
}

/** No redirect is followed: a 3xx is a refusal like any other. */
function isSuccess({ status }: AcmeAnswer): boolean {
  return status >= 200 && status < 300;
}

/** RFC 8555 section 6.5.1: base64url; anything else MUST be ignored. */
function nonceOf(answer: AcmeAnswer): string | null {
  const nonce = answer.headers['replay-nonce'] ?? '';
  return /^[A-Za-z0-9_-]{1,1000}$/.test(nonce) ? nonce : null;
}

/** Runs `work`; a refusal becomes the failure it means. */
async function refusals<T>(
  what: string,
  issuer: string,
  work: () => Promise<T>,
  asked: 'account' | 'order' = 'order',
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AcmeRefusal) throw failureOf(error.problem, what, issuer, asked);
    throw error;
  }
}

/** A JSON object, or a failure that says whose. */
export function json(body: string, issuer: string, what: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = isNestedDeeper(body, limits.acme.depthMax) ? null : JSON.parse(body);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Falls through: not JSON is no object either.
  }
  throw protocol(issuer, `${what} is not a JSON object`);
}

/** A CA that does not keep to RFC 8555. */
export function protocol(issuer: string, what: string): OperationError {
  return new OperationError('acme-protocol', `issuer ${issuer} does not keep to RFC 8555: ${plain(what)}`, {
    disposition: 'retry',
  });
}

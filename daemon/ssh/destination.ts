/** Where an SSH connection leads, and what it means when it does not get there. Pure. */
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Secret } from '../ports/plugin.ts';
import { firstOf } from '../said-text.ts';
import { isPinned, keyFingerprint, keyType } from './pins.ts';

export interface SshDestination {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** `ssh-ed25519 AAAA...` or `SHA256:...`; one must fit. */
  readonly hostKeys: readonly string[];
  readonly auth: { readonly key: Secret } | { readonly password: Secret } | { readonly agentSocket: string };
  readonly jump: SshDestination | null;
}

/** `user@host:port`, for messages. */
export function place({ user, host, port }: SshDestination): string {
  return `${user}@${host}:${String(port)}`;
}

/** What the server offered, by the name ssh2 gives to a kind of algorithm. */
export type Offers = Map<string, string>;

/** Keeps what a line of ssh2's debugging says of the other side's offer; every other line says nothing here. */
export function readOffer(offers: Offers, line: string): void {
  const [, kind, list] = /^Handshake: \(remote\) ([^:]{1,40}): (.*)$/s.exec(line) ?? [];
  if (kind !== undefined && list !== undefined)
    offers.set(kind, firstOf(list, limits.ssh.offerShownMaxChars));
}

/** What is known of a connection that could not be made. */
export interface Attempted {
  /** The host key the server showed; null when it showed none. */
  readonly shown: Uint8Array | null;
  readonly offers: Offers;
  readonly ours: {
    readonly kex: readonly string[];
    readonly cipher: readonly string[];
    readonly hmac: readonly string[];
  };
}

/** How ssh2 calls what does not fit, what it calls the other side's list, and where an administrator sets it (sshd_config(5)). */
const mismatches = [
  {
    error: /no matching key exchange/i,
    what: 'way to exchange keys',
    offer: 'KEX method',
    ours: 'kex',
    setting: 'KexAlgorithms',
  },
  {
    error: /no matching .*cipher/i,
    what: 'cipher',
    offer: 'C->S cipher',
    ours: 'cipher',
    setting: 'Ciphers',
  },
  { error: /no matching .*MAC/i, what: 'MAC', offer: 'C->S MAC', ours: 'hmac', setting: 'MACs' },
] as const;

/** The sentence of an algorithm that is not shared: what each side has, and where to change it. null: something else failed. */
function mismatchText(message: string, { offers, ours }: Attempted): string | null {
  const found = mismatches.find((each) => each.error.test(message));
  if (found === undefined) return null;
  const theirs = (offers.get(found.offer) ?? 'none').replaceAll(',', ', ');
  return `it has no ${found.what} that renewd has. It offers ${theirs}; renewd has ${ours[found.ours].join(', ')}. Allow one of these there (${found.setting} in sshd_config)`;
}

/** The failure that an error of ssh2 means while connecting. */
export function failureOf(
  error: Error & { readonly level?: string },
  destination: SshDestination,
  attempted: Attempted,
): OperationError {
  const where = place(destination);
  const { shown } = attempted;
  const noCommonKind = /no matching host key/i.test(error.message);
  if (noCommonKind || (shown !== null && !isPinned(shown, destination.hostKeys))) {
    const offered =
      shown === null
        ? `no key of the pinned kind (it has ${attempted.offers.get('Host key format') ?? 'none'})`
        : `${keyType(shown)} ${keyFingerprint(shown)}`;
    return new OperationError(
      'ssh-host-key',
      `${where} shows ${offered}, pinned is ${pinnedText(destination.hostKeys)}; nothing was sent. If the machine was set up anew, compare the fingerprint on its console and change hostKeys.`,
      { scope: 'endpoint', disposition: 'retry', cause: error },
    );
  }
  if (error.level === 'client-authentication') {
    return new OperationError(
      'ssh-auth',
      `${where} refused the log-in: check the user, that its authorized_keys holds our public key, and which ways to log in the server allows`,
      { scope: 'endpoint', disposition: 'retry', cause: error },
    );
  }
  if (error.level === 'agent') {
    return new OperationError('ssh-auth', `the SSH agent could not be used for ${where}: ${error.message}`, {
      scope: 'endpoint',
      disposition: 'retry',
      cause: error,
    });
  }
  const why = mismatchText(error.message, attempted) ?? error.message;
  return new OperationError('ssh-unreachable', `${where} could not be reached: ${why}`, {
    scope: 'endpoint',
    disposition: 'retry',
    cause: error,
  });
}

function pinnedText(pins: readonly string[]): string {
  return pins
    .map((pin) => {
      const [type = '', base64] = pin.trim().split(/\s+/);
      return base64 === undefined ? type : `${type} ${keyFingerprint(Buffer.from(base64, 'base64'))}`;
    })
    .join(' or ');
}

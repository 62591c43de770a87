/** Where an SSH connection leads, and what it means when it does not get there. Pure. */
import { OperationError } from '../ports/failure.ts';
import type { Secret } from '../ports/plugin.ts';
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

/** The failure that an error of ssh2 means while connecting. `shown` is the host key the server showed; null when it showed none. */
export function failureOf(
  error: Error & { readonly level?: string },
  destination: SshDestination,
  shown: Uint8Array | null,
): OperationError {
  const where = place(destination);
  const noCommonKind = /no matching host key/i.test(error.message);
  if (noCommonKind || (shown !== null && !isPinned(shown, destination.hostKeys))) {
    const offered =
      shown === null ? 'no key of the pinned kind' : `${keyType(shown)} ${keyFingerprint(shown)}`;
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
  return new OperationError('ssh-unreachable', `${where} could not be reached: ${error.message}`, {
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

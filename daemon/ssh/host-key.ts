/** Reads the host key a server shows, for `renewd init`: a person compares its fingerprint before it is pinned. It never logs in. */
import ssh2 from 'ssh2';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { keyFingerprint, keyType } from './pins.ts';

export interface ShownHostKey {
  /** `ssh-ed25519 AAAA...`: the form that is pinned in a declaration. */
  readonly line: string;
  /** `SHA256:...`, as `ssh-keygen -lf` prints it. */
  readonly fingerprint: string;
}

/**
 * Connects, takes the key of the key exchange, and ends before authentication. IO, read-only, safe to repeat.
 * @throws OperationError `ssh-unreachable`
 */
export async function readHostKey(host: string, port: number): Promise<ShownHostKey> {
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    let shown: ShownHostKey | null = null;
    const fail = (cause: unknown): void => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      reject(
        new OperationError(
          'ssh-unreachable',
          `${host}:${String(port)} could not be asked for its host key: ${reason}. Check host and port, or give the key with --host-key.`,
          { scope: 'endpoint', disposition: 'retry', cause },
        ),
      );
    };
    client.on('error', (error) => {
      if (shown === null) fail(error);
    });
    client.on('close', () => {
      if (shown === null) fail(new Error('the connection ended before the key exchange'));
    });
    client.connect({
      host,
      port,
      username: 'renewd',
      readyTimeout: limits.ssh.connectTimeoutMs,
      algorithms: { serverHostKey: ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-512', 'rsa-sha2-256'] },
      hostVerifier: (key: Buffer) => {
        shown = { line: `${keyType(key)} ${key.toString('base64')}`, fingerprint: keyFingerprint(key) };
        resolve(shown);
        // Refusing the key ends the connection before anything of ours is sent.
        return false;
      },
    });
  });
}

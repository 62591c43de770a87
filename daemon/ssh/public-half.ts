/** The public half of a private key, so that two files can be compared for holding the same one. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import ssh2 from 'ssh2';

/** SubjectPublicKeyInfo in base64 of an unencrypted private key in PEM or OpenSSH form; null when the text is none. Pure. */
export function publicHalf(text: string): string | null {
  try {
    const parsed = ssh2.utils.parseKey(text);
    const pem = parsed instanceof Error ? createPrivateKey(text) : parsed.getPublicPEM();
    return createPublicKey(pem).export({ type: 'spki', format: 'der' }).toString('base64');
  } catch {
    return null;
  }
}

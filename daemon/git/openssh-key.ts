/** Reads an Ed25519 private key in OpenSSH's own format (PROTOCOL.key), unencrypted only. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { createSshReader } from './sshsig.ts';

/** The key in the text. Pure. @throws Error when it is encrypted, of another type or damaged; the message holds nothing of it */
export function readOpensshPrivateKey(pem: string): KeyObject {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END/.exec(pem)?.[1];
  const bytes = Buffer.from(body ?? '', 'base64');
  if (bytes.toString('latin1', 0, 15) !== 'openssh-key-v1\0') throw new Error('no OpenSSH private key');
  const outer = createSshReader(bytes.subarray(15));
  if (outer.text() !== 'none') throw new Error('the private key has a passphrase');
  outer.text();
  outer.string();
  if (outer.uint32() !== 1) throw new Error('more than one key');
  outer.string();
  const inner = createSshReader(outer.string());
  if (inner.uint32() !== inner.uint32()) throw new Error('the private key is damaged');
  if (inner.text() !== 'ssh-ed25519') throw new Error('not an Ed25519 key');
  const publicKey = inner.string();
  const seed = inner.string().subarray(0, 32);
  return createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'OKP',
      crv: 'Ed25519',
      d: seed.toString('base64url'),
      x: publicKey.toString('base64url'),
    },
  });
}

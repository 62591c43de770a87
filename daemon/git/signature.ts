/** SSH signatures of commits (OpenSSH PROTOCOL.sshsig, namespace `git`): makes them, and judges them against an allowed_signers text. node:crypto only. */
import { createHash, createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { OperationError } from '../ports/failure.ts';
import { readOpensshPrivateKey } from './openssh-key.ts';
import type { CommitSigner } from './publish.ts';
import { armor, ed25519PublicBlob, signedData, signatureBlob, sshString } from './sshsig.ts';

/**
 * A signer for an Ed25519 private key: PKCS#8 PEM or OpenSSH, without passphrase. Does no IO.
 * @throws OperationError `secret-unavailable` when the text is no such key; it is never shown
 */
export function createSshSigner(privateKeyPem: string): CommitSigner {
  const key = readPrivateKey(privateKeyPem);
  const blob = ed25519PublicBlob(key);
  return {
    publicKey: `ssh-ed25519 ${blob.toString('base64')}`,
    sign: (payload) => {
      const digest = createHash('sha512').update(payload).digest();
      const raw = sign(null, signedData('git', 'sha512', digest), key);
      const signature = Buffer.concat([sshString('ssh-ed25519'), sshString(raw)]);
      return Promise.resolve(armor(signatureBlob(blob, 'git', 'sha512', signature)));
    },
  };
}

/** A new Ed25519 key. The PEM is secret; the public key is a line for allowed_signers and for forges. */
export function generateSigningKey(): { readonly privateKeyPem: string; readonly publicKey: string } {
  const { privateKey } = generateKeyPairSync('ed25519');
  const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { privateKeyPem, publicKey: `ssh-ed25519 ${ed25519PublicBlob(privateKey).toString('base64')}` };
}

function readPrivateKey(pem: string): KeyObject {
  try {
    const key = pem.includes('BEGIN OPENSSH PRIVATE KEY')
      ? readOpensshPrivateKey(pem)
      : createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // The cause may quote the key: it is left out.
  }
  throw new OperationError(
    'secret-unavailable',
    'the signing key is no Ed25519 private key without passphrase; make one with ssh-keygen -t ed25519 -N ""',
    { disposition: 'stall' },
  );
}

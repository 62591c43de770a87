/** SSH signatures of commits (OpenSSH PROTOCOL.sshsig, namespace `git`): makes them, and judges them against an allowed_signers text. node:crypto only. */
import { createHash, createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { OperationError } from '../ports/failure.ts';
import { allows, parseAllowedSigners, principalsOf } from './allowed-signers.ts';
import { separateSignature, soundParts } from './commit.ts';
import { readOpensshPrivateKey } from './openssh-key.ts';
import type { CommitSigner } from './publish.ts';
import {
  armor,
  createSshReader,
  ed25519PublicBlob,
  parseSshSignature,
  signedData,
  signatureBlob,
  sshString,
} from './sshsig.ts';
import { verifySshSignature } from './ssh-public-key.ts';

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
    { disposition: 'stall', endsWhen: ['secret'] },
  );
}

export interface SignatureVerdict {
  /**
   * `good`: by an allowed key, valid then. `bad`: there is a signature that does not hold. `unsigned`: none.
   * `unknown-key`: nobody allowed signs with this key, in this namespace, at this time; or it is no SSH signature.
   */
  readonly verdict: 'good' | 'bad' | 'unsigned' | 'unknown-key';
  /** As written in allowed_signers; null unless good. */
  readonly principal: string | null;
}

/**
 * Judges the signature of a raw commit (`Repository.rawCommit`). `at` (UTC epoch ms) is when we first saw it: dates inside a commit
 * are chosen by whoever made it. Certificates as signing keys count as unknown. Pure; never throws for hostile bytes.
 */
export function verifyCommitSignature(
  rawCommit: Uint8Array,
  allowedSigners: string,
  at: number,
): SignatureVerdict {
  const parts = soundParts(rawCommit);
  if (typeof parts === 'string') return { verdict: 'bad', principal: null };
  if (parts.signature === null) return { verdict: 'unsigned', principal: null };
  if (!parts.signature.startsWith('-----BEGIN SSH SIGNATURE-----')) {
    return { verdict: 'unknown-key', principal: null };
  }
  const signature = parseSshSignature(parts.signature);
  if (signature === null || signature.namespace !== 'git') return { verdict: 'bad', principal: null };
  const digest = createHash(signature.hash).update(parts.payload).digest();
  const key = signature.publicKey.toString('base64');
  const signer = parseAllowedSigners(allowedSigners).find(
    (each) => each.key === key && allows(each, signature.namespace, at) && principalsOf(each).length > 0,
  );
  const holds = verifySshSignature(signature, signedData(signature.namespace, signature.hash, digest));
  if (!holds) return { verdict: signer === undefined ? 'unknown-key' : 'bad', principal: null };
  return signer === undefined
    ? { verdict: 'unknown-key', principal: null }
    : { verdict: 'good', principal: signer.principals };
}

/** The key a commit is signed with, as type and base64 in one text; null when it carries no SSH signature. Says nothing of whether it holds. Pure. */
export function signerOf(rawCommit: Uint8Array): string | null {
  try {
    const { signature } = separateSignature(Buffer.from(rawCommit));
    const parsed = signature === null ? null : parseSshSignature(signature);
    if (parsed === null) return null;
    return `${createSshReader(parsed.publicKey).text()} ${parsed.publicKey.toString('base64')}`;
  } catch {
    return null;
  }
}

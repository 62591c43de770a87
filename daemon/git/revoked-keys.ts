/** Which keys no longer sign: a text of keys and fingerprints, or a binary list of ssh-keygen (PROTOCOL.krl). What cannot be read revokes everything. */
import { createHash } from 'node:crypto';
import { limits } from '../limits.ts';
import { readRevocationList } from './revocation-list.ts';
import { isCertificate, readSshCertificate, type SshCertificate } from './ssh-certificate.ts';
import { createSshReader } from './sshsig.ts';

export interface RevokedKeys {
  /** Why a key (and the certificate around it) no longer signs; null: it does. Pure. */
  readonly reason: (key: Buffer, certificate: SshCertificate | null) => string | null;
  /** The same of an OpenPGP key, by the fingerprints (hex) of it and of the key inside it that signed. Pure. */
  readonly openPgpReason: (fingerprints: readonly string[]) => string | null;
  /** Why the list cannot be read; null: it can. */
  readonly unreadable: string | null;
}

/** Fingerprint as OpenSSH writes it. */
export function sshFingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256')
    .update(key)
    .digest('base64')
    .replace(/={1,2}$/, '')}`;
}

/** Reads a list; null: nothing is revoked. No IO; never throws. */
export function readRevokedKeys(bytes: Uint8Array | null): RevokedKeys {
  if (bytes === null) return { reason: () => null, openPgpReason: () => null, unreadable: null };
  const buffer = Buffer.from(bytes);
  if (buffer.length > limits.git.revokedKeysMaxBytes) return everything('it is larger than the bound');
  try {
    if (buffer.toString('latin1', 0, 8) !== 'SSHKRL\n\0') return readText(buffer.toString('utf8'));
    return { reason: readRevocationList(buffer), openPgpReason: () => null, unreadable: null };
  } catch (error) {
    return everything(error instanceof Error ? error.message : String(error));
  }
}

function everything(why: string): RevokedKeys {
  const said = `the list of revoked keys cannot be read (${why}), so no key counts`;
  return { reason: () => said, openPgpReason: () => said, unreadable: why };
}

function readText(text: string): RevokedKeys {
  const keys = new Set<string>();
  const fingerprints = new Set<string>();
  const openPgp = new Set<string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('#')) continue;
    if (line.length > limits.git.revokedLineMaxChars)
      throw new Error(`line ${String(index + 1)} is longer than any key`);
    const words = line.trim().split(/\s+/);
    const [first = '', second = ''] = words;
    if (first === '' || first.startsWith('#')) continue;
    const hex = openPgpFingerprint(words);
    const key = /^(ssh-|ecdsa-|sk-)/.test(first) ? readKeyLine(first, second) : null;
    if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(first)) fingerprints.add(first);
    else if (hex !== null) openPgp.add(hex);
    else if (key !== null) keys.add(key);
    else throw new Error(`line ${String(index + 1)} is neither a key nor a fingerprint`);
  }
  const hit = (key: Buffer): boolean =>
    keys.has(key.toString('base64')) || fingerprints.has(sshFingerprint(key));
  return {
    reason: (key, certificate) => {
      if (hit(key)) return 'the key was revoked';
      return certificate !== null && hit(certificate.authority) ? 'the CA of the key was revoked' : null;
    },
    openPgpReason: (own) =>
      own.some((each) => openPgp.has(each.toUpperCase())) ? 'the key was revoked' : null,
    unreadable: null,
  };
}

/** 40 or 64 hex digits, in one word or in groups as gpg shows them, then anything; null for what is none. */
function openPgpFingerprint(words: readonly string[]): string | null {
  let hex = '';
  for (const word of words) {
    if (!/^[0-9A-Fa-f]+$/.test(word)) break;
    hex += word.toUpperCase();
    if (hex.length === 40 || hex.length === 64) return hex;
    if (hex.length > 64) return null;
  }
  return null;
}

/** A public key as it stands in a file, or the key inside a certificate, as base64; null for one that is cut short or is not what its first word says: it would revoke nobody. */
function readKeyLine(type: string, base64: string): string | null {
  const blob = Buffer.from(base64, 'base64');
  if (blob.toString('base64') !== base64) return null;
  try {
    if (isCertificate(blob)) return readSshCertificate(blob)?.key.toString('base64') ?? null;
    const reader = createSshReader(blob);
    if (reader.text() !== type) return null;
    let fields = 0;
    for (; !reader.atEnd(); fields++) if (reader.string().length === 0) return null;
    return fields > 0 ? base64 : null;
  } catch {
    return null;
  }
}

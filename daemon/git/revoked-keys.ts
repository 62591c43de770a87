/** Which keys no longer sign: a text of keys and fingerprints, or a binary list of ssh-keygen (PROTOCOL.krl). What cannot be read revokes everything. */
import { createHash } from 'node:crypto';
import { limits } from '../limits.ts';
import type { SshCertificate } from './ssh-certificate.ts';
import { createSshReader, type SshReader } from './sshsig.ts';

export interface RevokedKeys {
  /** Why a key (and the certificate around it) no longer signs; null: it does. Pure. */
  readonly reason: (key: Buffer, certificate: SshCertificate | null) => string | null;
}

interface CertificateList {
  /** Base64 of the CA's key; empty: any CA. */
  readonly authority: string;
  readonly ranges: readonly (readonly [bigint, bigint])[];
  readonly keyIds: ReadonlySet<string>;
}

/** Fingerprint as OpenSSH writes it. */
export function sshFingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** Reads a list; null: nothing is revoked. No IO; never throws. */
export function readRevokedKeys(bytes: Uint8Array | null): RevokedKeys {
  if (bytes === null) return { reason: () => null };
  const buffer = Buffer.from(bytes);
  if (buffer.length > limits.git.revokedKeysMaxBytes) return everything('it is larger than the bound');
  try {
    return buffer.toString('latin1', 0, 8) === 'SSHKRL\n\0'
      ? readBinary(buffer)
      : readText(buffer.toString('utf8'));
  } catch (error) {
    return everything(error instanceof Error ? error.message : String(error));
  }
}

/** Why a list cannot be read, which would revoke everything; null: it can. Pure. */
export function unreadableRevokedKeys(bytes: Uint8Array | null): string | null {
  const said = readRevokedKeys(bytes).reason(Buffer.alloc(0), null);
  return said !== null && said.includes('cannot be read') ? said.replace(/^.*?\(|\).*$/g, '') : null;
}

function everything(why: string): RevokedKeys {
  return { reason: () => `the list of revoked keys cannot be read (${why}), so no key counts` };
}

function readText(text: string): RevokedKeys {
  const keys = new Set<string>();
  const fingerprints = new Set<string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const words = line.trim().split(/\s+/);
    const [first = '', second = ''] = words;
    if (first === '' || first.startsWith('#')) continue;
    if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(first)) fingerprints.add(first);
    else if (/^[0-9A-Fa-f]{40}$/.test(first)) fingerprints.add(first.toUpperCase());
    else if (/^(ssh-|ecdsa-|sk-)/.test(first) && /^[A-Za-z0-9+/]+={0,2}$/.test(second)) keys.add(second);
    else throw new Error(`line ${String(index + 1)} is neither a key nor a fingerprint`);
  }
  const hit = (key: Buffer): boolean =>
    keys.has(key.toString('base64')) || fingerprints.has(sshFingerprint(key));
  return {
    reason: (key, certificate) => {
      if (hit(key)) return 'the key was revoked';
      return certificate !== null && hit(certificate.authority) ? 'the CA of the key was revoked' : null;
    },
  };
}

/** The 40 hex digits an OpenPGP key is revoked by in the same text. Pure; false for a list that is binary or cannot be read. */
export function revokesOpenPgp(bytes: Uint8Array | null, fingerprint: string): boolean {
  if (bytes === null) return false;
  return Buffer.from(bytes)
    .toString('latin1')
    .split(/\r?\n/)
    .some((line) => line.trim().split(/\s+/)[0]?.toUpperCase() === fingerprint.toUpperCase());
}

function readBinary(buffer: Buffer): RevokedKeys {
  const reader = createSshReader(buffer.subarray(8));
  if (reader.uint32() !== 1) throw new Error('its version is unknown');
  for (let field = 0; field < 3; field++) reader.uint64();
  reader.string();
  reader.string();
  const keys = new Set<string>();
  const sha1 = new Set<string>();
  const sha256 = new Set<string>();
  const lists: CertificateList[] = [];
  while (!reader.atEnd()) {
    const kind = reader.byte();
    const section = createSshReader(reader.string());
    if (kind === 1) lists.push(readCertificates(section));
    else if (kind === 2) each(section, (value) => keys.add(value.toString('base64')));
    else if (kind === 3) each(section, (value) => sha1.add(value.toString('hex')));
    else if (kind === 5) each(section, (value) => sha256.add(value.toString('hex')));
    else if (kind !== 4) throw new Error(`it has a section of unknown kind ${String(kind)}`);
  }
  const digest = (hash: string, key: Buffer): string => createHash(hash).update(key).digest('hex');
  const hit = (key: Buffer): boolean =>
    keys.has(key.toString('base64')) || sha1.has(digest('sha1', key)) || sha256.has(digest('sha256', key));
  return {
    reason: (key, certificate) => {
      if (hit(key)) return 'the key was revoked';
      if (certificate === null) return null;
      if (hit(certificate.authority)) return 'the CA of the key was revoked';
      return lists.some((list) => covers(list, certificate))
        ? 'the certificate of the key was revoked'
        : null;
    },
  };
}

function each(reader: SshReader, visit: (value: Buffer) => void): void {
  while (!reader.atEnd()) visit(reader.string());
}

function readCertificates(reader: SshReader): CertificateList {
  const authority = reader.string().toString('base64');
  reader.string();
  const ranges: [bigint, bigint][] = [];
  const keyIds = new Set<string>();
  while (!reader.atEnd()) {
    const kind = reader.byte();
    const part = createSshReader(reader.string());
    if (kind === 0x20) while (!part.atEnd()) ranges.push(same(part.uint64()));
    else if (kind === 0x21) ranges.push([part.uint64(), part.uint64()]);
    else if (kind === 0x22) ranges.push(...bitmap(part.uint64(), part.string()));
    else if (kind === 0x23) each(part, (value) => keyIds.add(value.toString('latin1')));
    else throw new Error(`it has a part of unknown kind ${String(kind)}`);
  }
  return { authority, ranges, keyIds };
}

function same(serial: bigint): [bigint, bigint] {
  return [serial, serial];
}

/** An mpint whose bit n stands for `offset + n`. */
function bitmap(offset: bigint, bits: Buffer): [bigint, bigint][] {
  const ranges: [bigint, bigint][] = [];
  const last = bits.length * 8;
  for (let bit = 0; bit < last; bit++) {
    const byte = bits[bits.length - 1 - (bit >> 3)] ?? 0;
    if ((byte & (1 << (bit & 7))) !== 0) ranges.push(same(offset + BigInt(bit)));
  }
  return ranges;
}

function covers({ authority, ranges, keyIds }: CertificateList, certificate: SshCertificate): boolean {
  if (authority !== '' && authority !== certificate.authority.toString('base64')) return false;
  const { serial, keyId } = certificate;
  return keyIds.has(keyId) || ranges.some(([low, high]) => serial >= low && serial <= high);
}

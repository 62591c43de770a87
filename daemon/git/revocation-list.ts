/** Key revocation lists as ssh-keygen makes them (OpenSSH PROTOCOL.krl). Reads; whether their own signature holds is not asked: the commit that brings a list is signed. */
import { createHash } from 'node:crypto';
import type { SshCertificate } from './ssh-certificate.ts';
import { createSshReader, type SshReader } from './sshsig.ts';

interface CertificateList {
  /** Base64 of the CA's key; empty: any CA. */
  readonly authority: string;
  readonly ranges: (readonly [bigint, bigint])[];
  /** Bit n stands for the serial `offset + n`. Kept as bytes: a list of a megabyte must not become eight million numbers. */
  readonly bitmaps: { readonly offset: bigint; readonly bits: Buffer }[];
  readonly keyIds: Set<string>;
}

/** Why a key or certificate is revoked by this list. @throws Error for a list that cannot be read */
export function readRevocationList(
  buffer: Buffer,
): (key: Buffer, certificate: SshCertificate | null) => string | null {
  const reader = createSshReader(buffer.subarray(8));
  if (reader.uint32() !== 1) throw new Error('its version is unknown');
  for (let field = 0; field < 3; field++) reader.uint64();
  reader.string();
  reader.string();
  const keys = new Set<string>();
  const digests = { sha1: new Set<string>(), sha256: new Set<string>() };
  const lists: CertificateList[] = [];
  while (!reader.atEnd()) {
    const kind = reader.byte();
    const section = createSshReader(reader.string());
    if (kind === 1) lists.push(readCertificates(section));
    else if (kind === 2) each(section, (value) => keys.add(value.toString('base64')));
    else if (kind === 3) each(section, (value) => digests.sha1.add(value.toString('hex')));
    // The signer's key, and then the signature.
    else if (kind === 4) reader.string();
    else if (kind === 5) each(section, (value) => digests.sha256.add(value.toString('hex')));
    else if (kind !== 255 || isCritical(section))
      throw new Error(`it has a section of unknown kind ${String(kind)}`);
  }
  const digest = (hash: string, key: Buffer): string => createHash(hash).update(key).digest('hex');
  const hit = (key: Buffer): boolean =>
    keys.has(key.toString('base64')) ||
    digests.sha1.has(digest('sha1', key)) ||
    digests.sha256.has(digest('sha256', key));
  return (key, certificate) => {
    if (hit(key)) return 'the key was revoked';
    if (certificate === null) return null;
    if (hit(certificate.authority)) return 'the CA of the key was revoked';
    return lists.some((list) => covers(list, certificate)) ? 'the certificate of the key was revoked' : null;
  };
}

/** An extension: its name, and whether who does not know it must refuse the list. */
function isCritical(section: SshReader): boolean {
  section.string();
  return section.byte() !== 0;
}

function each(reader: SshReader, visit: (value: Buffer) => void): void {
  while (!reader.atEnd()) visit(reader.string());
}

function readCertificates(reader: SshReader): CertificateList {
  const authority = reader.string().toString('base64');
  reader.string();
  const list: CertificateList = { authority, ranges: [], bitmaps: [], keyIds: new Set() };
  while (!reader.atEnd()) {
    const kind = reader.byte();
    const part = createSshReader(reader.string());
    if (kind === 0x20) {
      while (!part.atEnd()) {
        const serial = part.uint64();
        list.ranges.push([serial, serial]);
      }
    } else if (kind === 0x21) list.ranges.push([part.uint64(), part.uint64()]);
    else if (kind === 0x22) list.bitmaps.push({ offset: part.uint64(), bits: part.string() });
    else if (kind === 0x23) each(part, (value) => list.keyIds.add(value.toString('latin1')));
    else throw new Error(`it has a part of unknown kind ${String(kind)}`);
  }
  return list;
}

function covers(
  { authority, ranges, bitmaps, keyIds }: CertificateList,
  certificate: SshCertificate,
): boolean {
  if (authority !== '' && authority !== certificate.authority.toString('base64')) return false;
  const { serial, keyId } = certificate;
  return (
    keyIds.has(keyId) ||
    ranges.some(([low, high]) => serial >= low && serial <= high) ||
    bitmaps.some(({ offset, bits }) => isSet(bits, serial - offset))
  );
}

/** Bit `position` of an mpint: the last byte holds the lowest. */
function isSet(bits: Buffer, position: bigint): boolean {
  if (position < 0n || position >= BigInt(bits.length) * 8n) return false;
  const bit = Number(position);
  return ((bits[bits.length - 1 - (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0;
}

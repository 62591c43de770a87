/** The bytes of SSH signatures (OpenSSH PROTOCOL.sshsig, RFC 4251 section 5): reading, writing, armor. Judges nothing. */
import { createPublicKey, type KeyObject } from 'node:crypto';

const magic = Buffer.from('SSHSIG');

/** RFC 4251 section 5: `string`. */
export function sshString(value: string | Uint8Array): Buffer {
  const body = Buffer.from(value as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

export interface SshReader {
  readonly uint32: () => number;
  readonly uint64: () => bigint;
  readonly byte: () => number;
  readonly string: () => Buffer;
  readonly text: () => string;
  readonly atEnd: () => boolean;
  readonly remaining: () => Buffer;
}

/** Reads RFC 4251 values in order. @throws RangeError past the end */
export function createSshReader(bytes: Buffer): SshReader {
  let at = 0;
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw new RangeError('SSH data is cut short');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const uint32 = (): number => take(4).readUInt32BE();
  const string = (): Buffer => take(uint32());
  return {
    uint32,
    uint64: () => take(8).readBigUInt64BE(),
    byte: () => take(1).readUInt8(),
    string,
    text: () => string().toString('latin1'),
    atEnd: () => at === bytes.length,
    remaining: () => bytes.subarray(at),
  };
}

/** Public key of an Ed25519 key as SSH writes it (RFC 8709 section 4). */
export function ed25519PublicBlob(key: KeyObject): Buffer {
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  return Buffer.concat([sshString('ssh-ed25519'), sshString(Buffer.from(x ?? '', 'base64url'))]);
}

/** What is signed: never the message itself, always its digest in this frame. */
export function signedData(namespace: string, hash: string, digest: Uint8Array): Buffer {
  return Buffer.concat([magic, sshString(namespace), sshString(''), sshString(hash), sshString(digest)]);
}

/** The signature as stored, before armor. */
export function signatureBlob(
  publicKey: Uint8Array,
  namespace: string,
  hash: string,
  signature: Uint8Array,
): Buffer {
  const version = Buffer.from([0, 0, 0, 1]);
  return Buffer.concat([
    magic,
    version,
    sshString(publicKey),
    sshString(namespace),
    sshString(''),
    sshString(hash),
    sshString(signature),
  ]);
}

export interface SshSignature {
  readonly publicKey: Buffer;
  readonly namespace: string;
  readonly hash: 'sha256' | 'sha512';
  readonly algorithm: string;
  readonly bytes: Buffer;
  /** What follows the signature: flags and counter of a token; else empty. */
  readonly rest: Buffer;
}

/** Takes armor and frame apart. null: this is no SSH signature, or one that PROTOCOL.sshsig does not allow. Pure. */
export function parseSshSignature(armored: string): SshSignature | null {
  const body = /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)\n-----END SSH SIGNATURE-----\s*$/.exec(
    armored,
  )?.[1];
  if (body === undefined) return null;
  try {
    const bytes = Buffer.from(body, 'base64');
    // Padding in the middle or left-over bits: other readers would see other bytes.
    if (bytes.toString('base64') !== body.replaceAll('\n', '')) return null;
    if (!bytes.subarray(0, 6).equals(magic)) return null;
    const reader = createSshReader(bytes.subarray(6));
    if (reader.uint32() !== 1) return null;
    const publicKey = reader.string();
    const namespace = reader.text();
    reader.string();
    const hash = reader.text();
    const inner = createSshReader(reader.string());
    const algorithm = inner.text();
    const signature = inner.string();
    const rest = inner.remaining();
    if ((hash !== 'sha256' && hash !== 'sha512') || !reader.atEnd()) return null;
    return { publicKey, namespace, hash, algorithm, bytes: signature, rest };
  } catch {
    return null;
  }
}

/** The armor git and ssh-keygen write: 70 columns, no newline at the end. */
export function armor(blob: Buffer): string {
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----'].join('\n');
}

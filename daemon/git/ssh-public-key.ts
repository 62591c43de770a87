/** Verifies raw SSH signatures with the key types people sign commits with: Ed25519, ECDSA, RSA (SHA-2, 2048 bits and more), and Ed25519 and P-256 on a token. */
import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { createSshReader, type SshSignature } from './sshsig.ts';

const curves: Readonly<
  Record<string, { readonly crv: string; readonly size: number; readonly hash: string }>
> = {
  nistp256: { crv: 'P-256', size: 32, hash: 'sha256' },
  nistp384: { crv: 'P-384', size: 48, hash: 'sha384' },
  nistp521: { crv: 'P-521', size: 66, hash: 'sha512' },
};

/** True when `signature` is by its own key over `message`. Never throws: what cannot be read does not verify. Pure. */
export function verifySshSignature(
  signature: Pick<SshSignature, 'publicKey' | 'algorithm' | 'bytes' | 'rest'>,
  message: Buffer,
): boolean {
  try {
    const reader = createSshReader(signature.publicKey);
    const type = reader.text();
    if (!type.startsWith('sk-') && signature.rest.length > 0) return false;
    if (!holdsStrings(signature.publicKey, fieldCounts[type] ?? 0)) return false;
    switch (type) {
      case 'ssh-ed25519':
        return (
          signature.algorithm === type && verify(null, message, ed25519(reader.string()), signature.bytes)
        );
      case 'sk-ssh-ed25519@openssh.com': {
        const [key, application] = [ed25519(reader.string()), reader.string()];
        return verifyToken(signature, type, message, application, (framed) =>
          verify(null, framed, key, signature.bytes),
        );
      }
      case 'sk-ecdsa-sha2-nistp256@openssh.com': {
        const [curve, point, application] = [reader.text(), reader.string(), reader.string()];
        return verifyToken(signature, type, message, application, (framed) =>
          verifyEcdsa(signature, framed, curve, point),
        );
      }
      case 'ssh-rsa':
        return verifyRsa(signature, message, reader.string(), reader.string());
      default:
        return signature.algorithm === type
          ? verifyEcdsa(signature, message, curveOf(type, reader.text()), reader.string())
          : false;
    }
  } catch {
    return false;
  }
}

/** Whether any signature could be by this public key: one cut short, of an unknown type or too weak verifies nothing. Pure; never throws. */
export function canVerify(publicKey: Buffer): boolean {
  try {
    const reader = createSshReader(publicKey);
    const type = reader.text();
    if (!holdsStrings(publicKey, fieldCounts[type] ?? 0)) return false;
    switch (type) {
      case 'ssh-ed25519':
      case 'sk-ssh-ed25519@openssh.com':
        ed25519(reader.string());
        return true;
      case 'ssh-rsa':
        return rsa(reader.string(), reader.string()) !== null;
      case 'sk-ecdsa-sha2-nistp256@openssh.com':
        return ecdsa(reader.text(), reader.string()) !== null;
      default:
        return ecdsa(curveOf(type, reader.text()), reader.string()) !== null;
    }
  } catch {
    return false;
  }
}

/** How many strings make a public key, its type included. */
const fieldCounts: Readonly<Record<string, number>> = {
  'ssh-ed25519': 2,
  'ssh-rsa': 3,
  'ecdsa-sha2-nistp256': 3,
  'ecdsa-sha2-nistp384': 3,
  'ecdsa-sha2-nistp521': 3,
  'sk-ssh-ed25519@openssh.com': 3,
  'sk-ecdsa-sha2-nistp256@openssh.com': 4,
};

/** Whether bytes are exactly so many strings: with something behind them one key would have many names, and a list of revoked keys would miss it. */
function holdsStrings(bytes: Buffer, count: number): boolean {
  const reader = createSshReader(bytes);
  for (let read = 0; read < count; read++) reader.string();
  return count > 0 && reader.atEnd();
}

/** The curve a key names, which must be that of its type; empty otherwise. */
function curveOf(type: string, curve: string): string {
  return type === `ecdsa-sha2-${curve}` ? curve : '';
}

function ed25519(x: Buffer): KeyObject {
  return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url') } });
}

type Signed = Pick<SshSignature, 'publicKey' | 'algorithm' | 'bytes' | 'rest'>;

/** PROTOCOL.u2f: the token signs application, flags, counter and the message's digest. Somebody must have touched it (flag 1). */
function verifyToken(
  signature: Signed,
  type: string,
  message: Buffer,
  application: Buffer,
  holds: (framed: Buffer) => boolean,
): boolean {
  if (signature.algorithm !== type || signature.rest.length !== 5) return false;
  if (((signature.rest[0] ?? 0) & 1) === 0) return false;
  return holds(Buffer.concat([sha256(application), signature.rest, sha256(message)]));
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** RFC 8332; SHA-1 (`ssh-rsa` as a signature) and keys under 2048 bits are refused. */
function verifyRsa(signature: Signed, message: Buffer, exponent: Buffer, modulus: Buffer): boolean {
  const hash = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' }[signature.algorithm];
  const key = hash === undefined ? null : rsa(exponent, modulus);
  return key !== null && verify(hash, message, key, signature.bytes);
}

/** A key of 2048 bits or more; null for a shorter one. */
function rsa(exponent: Buffer, modulus: Buffer): KeyObject | null {
  const key = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'RSA',
      e: unsigned(exponent).toString('base64url'),
      n: unsigned(modulus).toString('base64url'),
    },
  });
  return (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048 ? key : null;
}

/** RFC 5656 section 3.1.2: the signature is two mpints, r and s. */
function verifyEcdsa(signature: Signed, message: Buffer, name: string, point: Buffer): boolean {
  const curve = curves[name];
  const key = ecdsa(name, point);
  if (curve === undefined || key === null || !holdsStrings(signature.bytes, 2)) return false;
  const reader = createSshReader(signature.bytes);
  const numbers = [unsigned(reader.string()), unsigned(reader.string())].map((number) =>
    Buffer.concat([Buffer.alloc(Math.max(curve.size - number.length, 0)), number]),
  );
  return verify(curve.hash, message, { key, dsaEncoding: 'ieee-p1363' }, Buffer.concat(numbers));
}

/** A key on a curve of ours, its point written out; null for any other. */
function ecdsa(name: string, point: Buffer): KeyObject | null {
  const curve = curves[name];
  if (curve === undefined || point[0] !== 4 || point.length !== 1 + 2 * curve.size) return null;
  return createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: curve.crv,
      x: point.subarray(1, 1 + curve.size).toString('base64url'),
      y: point.subarray(1 + curve.size).toString('base64url'),
    },
  });
}

/** An mpint without the zero in front (RFC 4251 section 5). @throws RangeError for a negative one, and for one with more zeros than it needs */
function unsigned(mpint: Buffer): Buffer {
  const [sign = 0, next = 0] = mpint;
  if (sign > 127 || (mpint.length > 0 && sign === 0 && next < 128)) throw new RangeError('no mpint of ours');
  const first = mpint.findIndex((byte) => byte !== 0);
  return mpint.subarray(first < 0 ? mpint.length : first);
}

/**
 * The one door through which bytes from outside reach a parser that is not ours. node:crypto looks for PEM before it reads DER, and so can
 * find another certificate inside the one that was given. What it found is therefore compared with what it was given, byte for byte: one
 * parse, one truth. `parse-for-signing.ts` is the same for the package that signs. Judges nothing.
 */
import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { limits } from '../limits.ts';
import { readDer, tags } from './der.ts';
import { MalformedInput } from './malformed.ts';

/**
 * node:crypto's certificate of exactly these bytes. Pure.
 * @throws MalformedInput when they are not one certificate, or node:crypto read another one than was given
 */
export function parseCertificate(der: Uint8Array): X509Certificate {
  readDer(der, tags.sequence);
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(der);
  } catch (cause) {
    throw new MalformedInput('not an X.509 certificate', { cause });
  }
  if (!parsed.raw.equals(der)) throw new MalformedInput('a certificate inside another one');
  return parsed;
}

/**
 * node:crypto's key of exactly this SubjectPublicKeyInfo. Pure.
 * @throws MalformedInput when it is of a kind node:crypto does not know, is damaged, would be written otherwise (missing parameters), or is too
 * large to verify with
 */
export function parsePublicKey(spki: Uint8Array): KeyObject {
  readDer(spki, tags.sequence);
  let key: KeyObject;
  let again: Buffer;
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    again = key.export({ format: 'der', type: 'spki' });
  } catch (cause) {
    throw new MalformedInput('not a public key that can be used', { cause });
  }
  if (!again.equals(spki)) throw new MalformedInput('a public key that is not written in its one form');
  if (verificationCost(key) === null)
    throw new MalformedInput('a public key that is too large to verify with, or of a kind too dear');
  return key;
}

/**
 * Whether `certificate` was signed with the key of `issuer`; false also for keys OpenSSL cannot use and for those too large to verify with, whoever
 * chose them. The only place where node:crypto verifies a certificate. Says nothing about names, times or purposes. Pure; never throws.
 */
export function isVerifiedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    const { publicKey } = issuer;
    return verificationCost(publicKey) !== null && certificate.verify(publicKey);
  } catch {
    // A key of a kind OpenSSL cannot use signs nothing that we could believe.
    return false;
  }
}

/** What one verification with the key of `issuer` costs; 0 where nothing is verified with it. Pure; never throws. */
export function costOf(issuer: X509Certificate): number {
  try {
    return verificationCost(issuer.publicKey) ?? 0;
  } catch {
    return 0;
  }
}

/**
 * Curves that are verified with at all, by OpenSSL's names, and what one verification costs (measured). Every other one is believed nowhere and may be dear: sect571r1
 * takes 3 to 10 ms. So is one that stands there by its parameters, unless OpenSSL finds that it is one of these.
 */
const curveCosts: Readonly<Record<string, number>> = {
  prime192v1: 2,
  secp224r1: 2,
  prime256v1: 1,
  secp384r1: 4,
  secp521r1: 12,
  secp256k1: 2,
  brainpoolP256r1: 2,
  brainpoolP384r1: 4,
  brainpoolP512r1: 6,
};

/** Other kinds whose name says what they cost. */
const kindCosts: Readonly<Record<string, number>> = {
  ed25519: 1,
  ed448: 2,
  'ml-dsa-44': 1,
  'ml-dsa-65': 1,
  'ml-dsa-87': 2,
};

/**
 * What one verification with this key costs at most, in units of one with RSA-4096 (0.3 ms); null: more than anybody may make us spend, or nobody knows. Pure.
 * An RSA exponent of 3,000 bits costs 6 ms, a modulus of 16,384 bits 5 ms, and OpenSSL takes both. DSA is believed nowhere: its FIPS size is only met.
 */
export function verificationCost({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): number | null {
  const { modulusLength = 0, publicExponent = 0n, namedCurve = '' } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === 'ec') return curveCosts[namedCurve] ?? null;
  if (asymmetricKeyType !== 'rsa' && asymmetricKeyType !== 'rsa-pss' && asymmetricKeyType !== 'dsa')
    return kindCosts[asymmetricKeyType ?? ''] ?? null;
  if (asymmetricKeyType === 'dsa') return modulusLength > 3072 ? null : 4;
  // FIPS 186-5 section 5.4 (e): below 2^256.
  if (modulusLength > limits.x509.rsaModulusMaxBits || publicExponent >= 2n ** 256n) return null;
  return modulusLength > 4096 ? 4 : 1;
}

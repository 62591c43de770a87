/** A public key's algorithm in the words of declarations, and its size: read from the SubjectPublicKeyInfo itself (RFC 3279, 5480, 8410, 9881). Judges nothing. */
import {
  childrenOf,
  expectTag,
  readBitString,
  readDer,
  readOid,
  readPositiveInteger,
  tags,
  type Der,
} from './der.ts';
import { MalformedInput } from './malformed.ts';

export interface KeyFacts {
  readonly keyAlgorithm: string;
  readonly keyBits: number;
}

/** Named curves (RFC 5480 section 2.1.1.1, SEC 2, RFC 5639) and the size of their field in bits. */
const curves: Readonly<Record<string, readonly [string, number]>> = {
  '1.2.840.10045.3.1.1': ['p192', 192],
  '1.3.132.0.33': ['p224', 224],
  '1.2.840.10045.3.1.7': ['p256', 256],
  '1.3.132.0.34': ['p384', 384],
  '1.3.132.0.35': ['p521', 521],
  '1.3.132.0.10': ['secp256k1', 256],
  '1.3.36.3.3.2.8.1.1.7': ['brainpoolP256r1', 256],
  '1.3.36.3.3.2.8.1.1.11': ['brainpoolP384r1', 384],
  '1.3.36.3.3.2.8.1.1.13': ['brainpoolP512r1', 512],
};

/** Algorithms whose identifier says everything, and the bits of their public key. */
const fixed: Readonly<Record<string, readonly [string, number]>> = {
  '1.3.101.110': ['x25519', 256],
  '1.3.101.111': ['x448', 448],
  '1.3.101.112': ['ed25519', 256],
  '1.3.101.113': ['ed448', 456],
  // FIPS 204 table 2: 1312, 1952 and 2592 bytes.
  '2.16.840.1.101.3.4.3.17': ['ml-dsa-44', 10_496],
  '2.16.840.1.101.3.4.3.18': ['ml-dsa-65', 15_616],
  '2.16.840.1.101.3.4.3.19': ['ml-dsa-87', 20_736],
};

const rsa: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.1': 'rsa',
  '1.2.840.113549.1.1.10': 'rsa-pss',
};
const ecdsa = '1.2.840.10045.2.1';
const dsa = '1.2.840.10040.4.1';

/**
 * Algorithm and size of a SubjectPublicKeyInfo. Pure. A kind that is not known shows as its dotted OID with 0 bits, a key whose inside is
 * damaged as its algorithm with 0 bits: still a fact, never a crash. `key-test.ts` says whether it is a key.
 * @throws MalformedInput when the bytes are not a SubjectPublicKeyInfo at all
 */
export function keyFacts(spki: Uint8Array): KeyFacts {
  const { oid, parameters, bits } = readPublicKeyInfo(spki);
  const known = fixed[oid];
  if (known !== undefined) return { keyAlgorithm: known[0], keyBits: known[1] };
  const family = rsa[oid];
  if (family !== undefined) return sized(family, () => readRsaKey(bits).modulus);
  if (oid === dsa)
    return sized('dsa', () => readPositiveInteger(childrenOf(expectTag(parameters, tags.sequence))[0]));
  if (oid !== ecdsa) return { keyAlgorithm: oid, keyBits: 0 };
  // RFC 5480 section 2.1.1: a named curve, never its parameters (CVE-2020-0601 lived there).
  if (parameters?.tag !== tags.oid) return { keyAlgorithm: 'ecdsa-explicit', keyBits: 0 };
  const curve = readOid(parameters);
  const [name, size] = curves[curve] ?? [curve, 0];
  return { keyAlgorithm: `ecdsa-${name}`, keyBits: size };
}

function sized(family: string, read: () => bigint): KeyFacts {
  try {
    const keyBits = read().toString(2).length;
    return { keyAlgorithm: `${family}-${String(keyBits)}`, keyBits };
  } catch (error) {
    if (error instanceof MalformedInput) return { keyAlgorithm: family, keyBits: 0 };
    throw error;
  }
}

/** The parts of a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). Pure. @throws MalformedInput */
export function readPublicKeyInfo(spki: Uint8Array): {
  readonly oid: string;
  /** What stands behind the identifier; undefined when nothing does. */
  readonly parameters: Der | undefined;
  readonly bits: Uint8Array;
} {
  const [algorithm, key, ...more] = childrenOf(readDer(spki, tags.sequence));
  const [id, parameters, ...rest] = childrenOf(expectTag(algorithm, tags.sequence));
  if (more.length + rest.length > 0) throw new MalformedInput('a public key of more parts than two');
  return { oid: readOid(id), parameters, bits: readBitString(key) };
}

/** RSAPublicKey (RFC 3279 section 2.3.1). Pure. @throws MalformedInput */
export function readRsaKey(bits: Uint8Array): { readonly modulus: bigint; readonly exponent: bigint } {
  const [modulus, exponent, ...more] = childrenOf(readDer(bits, tags.sequence));
  if (more.length > 0) throw new MalformedInput('an RSA key of more parts than two');
  return { modulus: readPositiveInteger(modulus), exponent: readPositiveInteger(exponent) };
}

/** Signature algorithms (RFC 3279, 4055, 5758, 8410, 9881): which there are, how each is written, and which may still be believed. */
import { constants, verify } from 'node:crypto';
import {
  childrenOf,
  expectNull,
  expectTag,
  readDer,
  readOid,
  readSmallInteger,
  tags,
  type Der,
} from './der.ts';
import { keyFacts } from './key-facts.ts';
import { MalformedInput } from './malformed.ts';
import { parsePublicKey } from './parse.ts';

export interface SignatureAlgorithm {
  /** As openssl writes it; for RSASSA-PSS with the hash behind it. The dotted OID for one that is not known. */
  readonly name: string;
  /** Key algorithms that make such a signature, as the beginning of their name in declarations; empty when not known. */
  readonly keys: string;
  readonly isStrong: boolean;
  /** What node:crypto hashes with; null where the scheme brings its own. */
  readonly digest: string | null;
  /** Bytes of salt of RSASSA-PSS; null for every other scheme. */
  readonly saltLength: number | null;
  /** Allowed by the Baseline Requirements, section 7.1.3.2. */
  readonly isPublic: boolean;
}

type Row = readonly [name: string, keys: string, isStrong: boolean, parameters: 'null' | 'absent' | 'any'];

const rows: Readonly<Record<string, Row>> = {
  '1.2.840.113549.1.1.4': ['md5WithRSAEncryption', 'rsa-', false, 'any'],
  '1.2.840.113549.1.1.5': ['sha1WithRSAEncryption', 'rsa-', false, 'any'],
  '1.2.840.113549.1.1.14': ['sha224WithRSAEncryption', 'rsa-', false, 'any'],
  '1.2.840.113549.1.1.11': ['sha256WithRSAEncryption', 'rsa-', true, 'null'],
  '1.2.840.113549.1.1.12': ['sha384WithRSAEncryption', 'rsa-', true, 'null'],
  '1.2.840.113549.1.1.13': ['sha512WithRSAEncryption', 'rsa-', true, 'null'],
  '1.2.840.10045.4.1': ['ecdsa-with-SHA1', 'ecdsa-', false, 'any'],
  '1.2.840.10045.4.3.1': ['ecdsa-with-SHA224', 'ecdsa-', false, 'any'],
  '1.2.840.10045.4.3.2': ['ecdsa-with-SHA256', 'ecdsa-', true, 'absent'],
  '1.2.840.10045.4.3.3': ['ecdsa-with-SHA384', 'ecdsa-', true, 'absent'],
  '1.2.840.10045.4.3.4': ['ecdsa-with-SHA512', 'ecdsa-', true, 'absent'],
  '1.2.840.10040.4.3': ['dsa-with-SHA1', 'dsa', false, 'any'],
  '2.16.840.1.101.3.4.3.1': ['dsa_with_SHA224', 'dsa', false, 'any'],
  '2.16.840.1.101.3.4.3.2': ['dsa_with_SHA256', 'dsa', false, 'any'],
  '1.3.101.112': ['ED25519', 'ed25519', true, 'absent'],
  '1.3.101.113': ['ED448', 'ed448', true, 'absent'],
  '2.16.840.1.101.3.4.3.17': ['ML-DSA-44', 'ml-dsa-44', true, 'absent'],
  '2.16.840.1.101.3.4.3.18': ['ML-DSA-65', 'ml-dsa-65', true, 'absent'],
  '2.16.840.1.101.3.4.3.19': ['ML-DSA-87', 'ml-dsa-87', true, 'absent'],
};

const rsassaPss = '1.2.840.113549.1.1.10';
const mgf1 = '1.2.840.113549.1.1.8';

/** Hashes that RSASSA-PSS may name, and their size in bytes. */
const hashes: Readonly<Record<string, readonly [string, number]>> = {
  '1.3.14.3.2.26': ['SHA1', 20],
  '2.16.840.1.101.3.4.2.4': ['SHA224', 28],
  '2.16.840.1.101.3.4.2.1': ['SHA256', 32],
  '2.16.840.1.101.3.4.2.2': ['SHA384', 48],
  '2.16.840.1.101.3.4.2.3': ['SHA512', 64],
};

/** Reads an AlgorithmIdentifier of a signature. Pure. @throws MalformedInput when its parameters are not those its standard demands */
export function readSignatureAlgorithm(algorithm: Uint8Array): SignatureAlgorithm {
  const [id, parameters, ...more] = childrenOf(readDer(algorithm, tags.sequence));
  if (more.length > 0) throw new MalformedInput('a signature algorithm of more parts than two');
  const oid = readOid(id);
  if (oid === rsassaPss) return readPss(parameters);
  const row = rows[oid];
  if (row === undefined)
    return { name: oid, keys: '', isStrong: false, isPublic: false, digest: null, saltLength: null };
  const [name, keys, isStrong, due] = row;
  // RFC 4055 section 5: NULL for RSA; RFC 5758 and RFC 8410: nothing for the others.
  if (due === 'null') expectNull(parameters);
  if (due === 'absent' && parameters !== undefined)
    throw new MalformedInput('a signature algorithm with parameters it must not have');
  const digest = /sha\d+/i.exec(name)?.[0].toLowerCase() ?? null;
  const isPublic = isStrong && (keys === 'rsa-' || keys === 'ecdsa-');
  return { name, keys, isStrong, isPublic, digest, saltLength: null };
}

/** RFC 4055 section 3.1. What is not written is SHA-1, so nothing written is weak. */
function readPss(parameters: Der | undefined): SignatureAlgorithm {
  const parts = new Map<number, Der>();
  let last = 0;
  for (const part of parameters === undefined ? [] : childrenOf(expectTag(parameters, tags.sequence))) {
    const [inner, ...more] = childrenOf(part);
    if (part.tag <= last || part.tag < 0xa0 || part.tag > 0xa3 || inner === undefined || more.length > 0)
      throw new MalformedInput('parameters of RSASSA-PSS that RFC 4055 does not know');
    last = part.tag;
    parts.set(part.tag, inner);
  }
  const [hash, size] = hashIn(parts.get(0xa0));
  const [generator, ofGenerator] = parts.has(0xa1)
    ? childrenOf(expectTag(parts.get(0xa1), tags.sequence))
    : [];
  if (generator !== undefined && readOid(generator) !== mgf1)
    throw new MalformedInput('RSASSA-PSS with a mask generator that is not MGF1');
  const [mask] = hashIn(ofGenerator);
  const salt = parts.get(0xa2);
  const saltLength = salt === undefined ? 20 : readSmallInteger(salt);
  const trailer = parts.get(0xa3);
  if (trailer !== undefined && readSmallInteger(trailer) !== 1)
    throw new MalformedInput('RSASSA-PSS with an unknown trailer');
  const isStrong = size >= 32 && mask === hash && saltLength >= size;
  return {
    name: `RSASSA-PSS-${hash}`,
    keys: 'rsa-',
    isStrong,
    digest: hash.toLowerCase(),
    saltLength,
    // BR 7.1.3.2.1: the same hash for both, and a salt as long as it.
    isPublic: isStrong && saltLength === size,
  };
}

function hashIn(algorithm: Der | undefined): readonly [string, number] {
  if (algorithm === undefined) return ['SHA1', 20];
  const [id, parameters, ...more] = childrenOf(expectTag(algorithm, tags.sequence));
  if (parameters !== undefined) expectNull(parameters);
  const known = hashes[readOid(id)];
  if (known === undefined || more.length > 0) throw new MalformedInput('RSASSA-PSS with an unknown hash');
  return known;
}

/**
 * Is `signature` by the key of this SubjectPublicKeyInfo over `message`? Pure. false for weak and unknown algorithms, for a key of another kind
 * and for whatever cannot be verified. @throws MalformedInput when the AlgorithmIdentifier cannot be read
 */
export function isSignedBy(
  spki: Uint8Array,
  algorithm: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { keys, isStrong, digest, saltLength } = readSignatureAlgorithm(algorithm);
  if (!isStrong || !keyFacts(spki).keyAlgorithm.startsWith(keys)) return false;
  try {
    const key = parsePublicKey(spki);
    const pss = saltLength === null ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
    return verify(digest, message, { key, ...pss }, signature);
  } catch {
    // OpenSSL throws for keys it cannot use: not a proof.
    return false;
  }
}

/**
 * Is a public key one that somebody could have made to be used? A CA, a CSR and an issued certificate may carry numbers that are none: an
 * exponent of one, a modulus that everybody can factor, a point at infinity. Tests the key; whether its size is wanted is judged elsewhere.
 */
import { checkPrimeSync } from 'node:crypto';
import { limits } from '../limits.ts';
import { expectNull, tags } from './der.ts';
import { keyFacts, readPublicKeyInfo, readRsaKey } from './key-facts.ts';
import { MalformedInput } from './malformed.ts';
import { parsePublicKey } from './parse.ts';

/**
 * Why this SubjectPublicKeyInfo is no key that may be certified, as a phrase that continues "the key ...", or null. Some milliseconds of
 * work for RSA (primality, factors), bounded by `limits.x509.rsaModulusMaxBits`. Never throws for hostile bytes. Pure.
 */
export function keyDefect(spki: Uint8Array): string | null {
  try {
    return keyShapeDefect(spki) ?? rsaDefect(spki) ?? edwardsDefect(spki);
  } catch (error) {
    if (error instanceof MalformedInput) return `cannot be used (${error.message})`;
    throw error;
  }
}

/** The part of `keyDefect` that costs nothing: how the key is written. For keys met in chains at every look. Pure. @throws MalformedInput */
export function keyShapeDefect(spki: Uint8Array): string | null {
  const { oid, parameters, bits } = readPublicKeyInfo(spki);
  const { keyAlgorithm } = keyFacts(spki);
  if (oid === '1.2.840.113549.1.1.1') {
    // RFC 3279 section 2.3.1: "The parameters field MUST have ASN.1 type NULL".
    if (parameters?.tag !== tags.null) return 'is of RSA without the parameters that RFC 3279 demands';
    expectNull(parameters);
  }
  if (keyAlgorithm.startsWith('rsa')) {
    const { modulus, exponent } = readRsaKey(bits);
    const size = modulus.toString(2).length;
    if (size > limits.x509.rsaModulusMaxBits) return 'has an RSA modulus that is too large';
    if (modulus % 2n === 0n) return 'has an RSA modulus that is even';
    if (exponent < 3n || exponent % 2n === 0n) return 'has an RSA exponent that is none';
    if (exponent >= 2n ** 256n) return 'has an RSA exponent that is too large';
  } else if (keyAlgorithm.startsWith('ecdsa-')) {
    const size = Math.ceil(keyFacts(spki).keyBits / 8);
    // RFC 5480 section 2.2: 04 and both coordinates. 02 and 03 are compressed, 06 and 07 hybrid, 00 is infinity.
    if (size > 0 && (bits[0] !== 4 || bits.length !== 1 + 2 * size))
      return 'has a point that is not written in full';
  } else if (parameters !== undefined && /^(?:ed|ml-dsa|x)/.test(keyAlgorithm)) {
    return 'has parameters that it must not have';
  }
  // node:crypto finds what is not on its curve or has another length than due.
  parsePublicKey(spki);
  return null;
}

function rsaDefect(spki: Uint8Array): string | null {
  const { keyAlgorithm, keyBits } = keyFacts(spki);
  if (!keyAlgorithm.startsWith('rsa')) return null;
  const { modulus, exponent } = readRsaKey(readPublicKeyInfo(spki).bits);
  // FIPS 186-5 section 5.4 (e) and BR 6.1.6: odd, from 2^16 + 1 to 2^256 - 1.
  if (exponent < 65_537n) return 'has an RSA exponent below 65537';
  if (keyBits % 8 !== 0) return `has an RSA modulus of ${String(keyBits)} bits, which is not a multiple of 8`;
  if (isRoca(modulus)) return 'is of a generator with a known weakness (ROCA, CVE-2017-15361)';
  if (greatestCommonDivisor(modulus, smallPrimes) !== 1n) return 'has an RSA modulus with a small factor';
  if (checkPrimeSync(modulus, { checks: 8 })) return 'has an RSA modulus that is a prime';
  return hasCloseFactors(modulus) ? 'has an RSA modulus whose factors lie close to each other' : null;
}

/** Product of the odd primes below 752, as BR 6.1.6 asks: no factor smaller than 752. */
const smallPrimes = Array.from({ length: 375 }, (_, index) => 2 * index + 3)
  .filter((number) => {
    for (let divisor = 3; divisor * divisor <= number; divisor += 2) if (number % divisor === 0) return false;
    return true;
  })
  .reduce((product, prime) => product * BigInt(prime), 1n);

function greatestCommonDivisor(left: bigint, right: bigint): bigint {
  let [one, other] = [left, right];
  while (other !== 0n) [one, other] = [other, one % other];
  return one;
}

function squareRoot(number: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(number.toString(2).length / 2));
  for (;;) {
    const next = (root + number / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** Fermat's method (BR 6.1.6 asks for 100 rounds); the square of a prime is its first round. */
function hasCloseFactors(modulus: bigint): boolean {
  let half = squareRoot(modulus);
  if (half * half === modulus) return true;
  half += 1n;
  for (let round = 0; round < limits.x509.fermatRounds; round++, half += 1n) {
    const rest = half * half - modulus;
    // A square ends in 0, 1, 4 or 9 modulo 16: three of four are passed over without a root.
    if (![0n, 1n, 4n, 9n].includes(rest & 15n)) continue;
    const root = squareRoot(rest);
    if (root * root === rest) return true;
  }
  return false;
}

/** Nemec et al., CCS 2017: modulo each of these the modulus is a power of 65537; by chance in one of 2^27 keys. */
const rocaPrimes = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

function isRoca(modulus: bigint): boolean {
  return rocaPrimes.every((prime) => {
    const rest = Number(modulus % BigInt(prime));
    for (let power = 1, count = 0; count < prime; count++, power = (power * 65_537) % prime)
      if (power === rest) return true;
    return false;
  });
}

const field = 2n ** 255n - 19n;
const ofOrderEight = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
/** y of the points of order 1, 2, 4 and 8: with them a signature holds for nearly every message. */
const smallOrder: readonly bigint[] = [0n, 1n, field - 1n, ofOrderEight, field - ofOrderEight];

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let rest = exponent, square = base % field; rest > 0n; rest >>= 1n, square = (square * square) % field)
    if ((rest & 1n) === 1n) result = (result * square) % field;
  return result;
}

/** RFC 8032 section 5.1.3: y below p, on the curve, and not of small order. */
function edwardsDefect(spki: Uint8Array): string | null {
  const { oid, bits } = readPublicKeyInfo(spki);
  if (oid !== '1.3.101.112') return null;
  const y = BigInt(`0x${Buffer.from(bits).reverse().toString('hex')}`) & (2n ** 255n - 1n);
  if (y >= field) return 'has a point that is not written in its one form';
  if (smallOrder.includes(y)) return 'has a point of small order';
  const d = (field - ((121_665n * power(121_666n, field - 2n)) % field)) % field;
  const square = ((y * y - 1n + field) * power(d * y * y + 1n, field - 2n)) % field;
  const isSquare = square === 0n || power(square, (field - 1n) / 2n) === 1n;
  return isSquare ? null : 'has a point that is not on its curve';
}

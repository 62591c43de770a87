/** Keys that are none: what a CA would certify and everybody could use. Each is refused in a CSR, by the embedded CA's check and in an issued certificate. */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, generatePrimeSync, type KeyObject } from 'node:crypto';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { checkCsr, readCsr } from '../../daemon/x509/csr.ts';
import { checkIssued } from '../../daemon/x509/issued.ts';
import { keyDefect } from '../../daemon/x509/key-test.ts';
import { certificate, dnsName, newKeys, newRsaKeys, root, san } from '../fixtures/certificate.ts';
import { altNames, asks, der, oid, request, sequence } from '../fixtures/der.ts';

const bits = (...bytes: readonly Uint8Array[]): Buffer => der(0x03, Uint8Array.of(0), ...bytes);

function integerOf(value: bigint): Buffer {
  let hex = value.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  const bytes = Buffer.from(hex, 'hex');
  return der(0x02, (bytes[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array(), bytes);
}

function rsa(modulus: bigint, exponent = 65_537n, parameters: readonly Uint8Array[] = [der(0x05)]): Buffer {
  return sequence(
    sequence(oid('1.2.840.113549.1.1.1'), ...parameters),
    bits(sequence(integerOf(modulus), integerOf(exponent))),
  );
}

const good = newRsaKeys();
const { n = '', e = '' } = good.publicKey.export({ format: 'jwk' });
const modulus = BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`);
assert.equal(e, 'AQAB');

const prime = (size: number): bigint => generatePrimeSync(size, { bigint: true });

function nextPrime(from: bigint): bigint {
  for (let number = from + 2n; ; number += 2n) if (isPrime(number)) return number;
}

/** Fermat's test to the base 2: enough for numbers nobody chose against it. */
function isPrime(number: bigint): boolean {
  let result = 1n;
  let square = 2n;
  for (let rest = number - 1n; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % number;
    square = (square * square) % number;
  }
  return result === 1n;
}

/** A modulus as the chips of CVE-2017-15361 made it: modulo each small prime a power of 65537. */
function rocaModulus(): bigint {
  const primes = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157]; // prettier-ignore
  const product = primes.reduce((all, each) => all * BigInt(each), 1n);
  let residue = 1n;
  for (let power = 0; power < 12_345; power++) residue = (residue * 65_537n) % product;
  // 2048 bits, odd: the product is odd, so one of two neighbours is.
  const number = residue + product * ((1n << 2047n) / product + 12_345n);
  return number % 2n === 0n ? number + product : number;
}

const p = prime(1024);
const point = newKeys().publicKey.export({ format: 'der', type: 'spki' }).subarray(-64);
const ec = (...bytes: readonly Uint8Array[]): Buffer =>
  sequence(sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')), bits(...bytes));
const ed = (hex: string): Buffer => sequence(sequence(oid('1.3.101.112')), bits(Buffer.from(hex, 'hex')));

const none: readonly [string, Uint8Array, RegExp][] = [
  ['RSA with exponent 1', rsa(modulus, 1n), /exponent/],
  ['RSA with exponent 3', rsa(modulus, 3n), /exponent below 65537/],
  ['RSA with an even exponent', rsa(modulus, 65_538n), /exponent that is none/],
  ['RSA with an exponent of 257 bits', rsa(modulus, 2n ** 256n + 1n), /exponent that is too large/],
  ['RSA with a prime modulus', rsa(prime(2048)), /is a prime/],
  ['RSA with a square', rsa(p * p), /close/],
  ['RSA with close factors', rsa(p * nextPrime(p)), /close/],
  ['RSA with a small factor', rsa(modulus - (modulus % 751n)), /small factor|even/],
  ['RSA with an even modulus', rsa(modulus - 1n), /even/],
  ['RSA of 2047 bits', rsa(2n ** 2046n + 1n), /multiple of 8/],
  ['RSA of a weak generator', rsa(rocaModulus()), /ROCA/],
  ['RSA without parameters', rsa(modulus, 65_537n, []), /parameters/],
  ['RSA with other parameters', rsa(modulus, 65_537n, [sequence()]), /parameters/],
  ['RSA with a negative modulus', sequence(sequence(oid('1.2.840.113549.1.1.1'), der(0x05)), bits(sequence(der(0x02, Uint8Array.of(0x80)), integerOf(3n)))), /cannot be used/],
  ['a modulus of 16,384 bits', rsa(2n ** 16_383n + 1n), /too large/],
  ['a compressed point', ec(Uint8Array.of(2 + ((point.at(-1) ?? 0) & 1)), point.subarray(0, 32)), /not written in full/],
  ['a hybrid point', ec(Uint8Array.of(6 + ((point.at(-1) ?? 0) & 1)), point), /not written in full/],
  ['the point at infinity', ec(Uint8Array.of(0)), /not written in full/],
  ['a point off its curve', ec(Uint8Array.of(4), point.subarray(0, 63), Uint8Array.of((point.at(-1) ?? 0) ^ 1)), /cannot be used/],
  ['a point with a coordinate beyond the field', ec(Uint8Array.of(4), Buffer.alloc(64, 0xff)), /cannot be used/],
  ['Ed25519 of order 1', ed(`01${'00'.repeat(31)}`), /small order/],
  ['Ed25519 of order 4', ed('00'.repeat(32)), /small order/],
  ['Ed25519 of order 8', ed('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'), /small order/],
  ['the other of order 8', ed('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'), /small order/],
  ['Ed25519 written otherwise', ed('ff'.repeat(32)), /one form/],
  ['Ed25519 off its curve', ed(`02${'00'.repeat(31)}`), /not on its curve/],
  ['Ed25519 of 31 bytes', ed('05'.repeat(31)), /cannot be used/],
]; // prettier-ignore

const names = [altNames([0x82, 'example.com'])];

describe('no key', () => {
  for (const [what, spki, expected] of none) {
    test(what, () => {
      const defect = keyDefect(spki);
      assert.match(defect ?? 'nothing', expected);
      const issuer = root();
      const issued = certificate({ issuer, spki, extensions: [san(dnsName('example.com'))] });
      const deviations = checkIssued({
        chain: [issued.der],
        csr: request({ attributes: [asks(names)] }),
        subject: { dnsNames: ['example.com'], ipAddresses: [], usages: [], lifetimeMs: null },
        trustAnchors: null,
        now: Date.parse('2026-11-21T00:00:00Z'),
      }).join();
      assert.match(deviations, /its key |cannot be read/);
    });
  }
});

test('a CSR with RSA e=3 that is signed by its key is refused all the same', () => {
  const keys = newRsaKeys(2048, 3);
  const csr = readCsr(request({ attributes: [asks(names)], key: keys }));
  assert.equal(csr.provesPossession, true);
  const planned = { dnsNames: ['example.com'], ipAddresses: [], algorithm: 'rsa-2048' } as const;
  assert.match(checkCsr(csr, planned) ?? '', /exponent below 65537/);
});

describe('keys that are', () => {
  const pairs: readonly [string, KeyObject][] = [
    ['rsa-2048', good.publicKey],
    ['rsa-3072', newRsaKeys(3072).publicKey],
    ['ecdsa-p256', newKeys().publicKey],
    ['ecdsa-p384', newKeys('P-384').publicKey],
    ['ecdsa-p521', newKeys('P-521').publicKey],
    ['ed25519', generateKeyPairSync('ed25519').publicKey],
    ['ed448', generateKeyPairSync('ed448').publicKey],
    ['ml-dsa-65', generateKeyPairSync('ml-dsa-65').publicKey],
  ];
  for (const [what, key] of pairs)
    test(what, () => {
      assert.equal(keyDefect(key.export({ format: 'der', type: 'spki' })), null);
    });
  test('property: no key of Ed25519 is taken for a bad one', () => {
    fc.assert(
      fc.property(fc.constant(null), () => {
        const { publicKey } = generateKeyPairSync('ed25519');
        assert.equal(keyDefect(publicKey.export({ format: 'der', type: 'spki' })), null);
      }),
      { numRuns: 30 },
    );
  });
});

test('property: any bytes are a key or a reason, never an error', () => {
  const spki = good.publicKey.export({ format: 'der', type: 'spki' });
  fc.assert(
    fc.property(fc.nat(spki.length - 1), fc.integer({ min: 1, max: 255 }), (index, change) => {
      const damaged = Uint8Array.from(spki);
      damaged[index] = (damaged[index] ?? 0) ^ change;
      const defect = keyDefect(damaged);
      assert.ok(defect === null || defect.length > 0);
    }),
    { numRuns: 150 },
  );
  assert.ok(createPublicKey({ key: spki, format: 'der', type: 'spki' }));
});

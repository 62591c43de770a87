/** Requests from an endpoint that cannot be trusted: what they hide, what they break, and that nothing but MalformedInput comes out. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, describe, test } from 'node:test';
import * as fc from 'fast-check';
import { checkCsr, readCsr } from '../../daemon/x509/csr.ts';
import { MalformedInput } from '../../daemon/x509/malformed.ts';
import { altNames, asks, der, extension, name, request, sequence, set } from '../fixtures/der.ts';
import { openWorkshop } from '../fixtures/openssl.ts';

const workshop = openWorkshop();
after(workshop.close);
const dns = 0x82;
const planned = { dnsNames: ['shop.example.com'], ipAddresses: [], algorithm: 'ecdsa-p256' } as const;
const good = asks([altNames([dns, 'shop.example.com'])]);

test('a request made by hand is what openssl would have made', () => {
  const made = request({ attributes: [good] });
  assert.equal(checkCsr(readCsr(made), planned), null);
  const text = workshop.run(['req', '-inform', 'DER', '-noout', '-text', '-verify'], made).toString();
  assert.match(text, /DNS:shop\.example\.com/);
});

describe('every algorithm that declarations know is read, and proves possession', () => {
  const table: readonly [string, readonly string[]][] = [
    ['ecdsa-p256', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['ecdsa-p384', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384']],
    ['rsa-2048', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']],
    ['ed25519', ['-algorithm', 'ED25519']],
  ];
  for (const [algorithm, words] of table) {
    test(algorithm, () => {
      const csr = readCsr(workshop.csr('a.example.com', { algorithm: words }).der);
      assert.equal(csr.keyAlgorithm, algorithm);
      assert.equal(csr.provesPossession, true);
    });
  }
});

describe('what asks for more than was planned is named', () => {
  const table: readonly [string, Parameters<typeof request>[0], RegExp][] = [
    ['another name beside', { attributes: [asks([altNames([dns, 'shop.example.com'], [dns, 'evil.example.com'])])] }, /has evil\.example\.com/],
    ['no name at all', {}, /lacks shop\.example\.com/],
    ['an IP address', { attributes: [asks([altNames([dns, 'shop.example.com'], [0x87, Uint8Array.of(192, 0, 2, 1)])])] }, /has 192\.0\.2\.1/],
    ['a mail address', { attributes: [asks([altNames([dns, 'shop.example.com'], [0x81, 'a@b.c'])])] }, /neither DNS names nor/],
    ['a name with a NUL, as old clients cut it', { attributes: [asks([altNames([dns, 'shop.example.com\0.evil.example'])])] }, /\\x00\.evil/],
    ['a name with a line end', { attributes: [asks([altNames([dns, 'shop.example.com\n'])])] }, /\\x0a/],
    ['a name in letters that only look the same', { attributes: [asks([altNames([dns, 'ѕhop.example.com'])])] }, /lacks shop/],
    ['a common name that is not planned', { attributes: [good], subject: name(['2.5.4.3', 'evil.example.com']) }, /common name "evil/],
    ['a second common name', { attributes: [good], subject: name(['2.5.4.3', 'shop.example.com'], ['2.5.4.3', 'evil.example.com']) }, /common name "evil/],
    ['to be a CA', { attributes: [asks([altNames([dns, 'shop.example.com']), extension('2.5.29.19', sequence(der(1, Uint8Array.of(0xff))))])] }, /CA certificate/],
    ['a key on another curve', { attributes: [good], key: generateKeyPairSync('ec', { namedCurve: 'P-384' }) }, /ecdsa-p384 instead of ecdsa-p256/],
    ['a curve by its parameters', { attributes: [good], key: generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }) }, /ecdsa-explicit instead/],
  ]; // prettier-ignore
  for (const [what, options, expected] of table) {
    test(what, () => {
      assert.match(checkCsr(readCsr(request(options)), planned) ?? 'nothing', expected);
    });
  }
});

describe('what could be read in two ways is not read', () => {
  const evil = [altNames([dns, 'evil.example.com'])];
  const table: readonly [string, Parameters<typeof request>[0]][] = [
    ['two requests for extensions', { attributes: [good, asks(evil)] }],
    ['the same under the older identifier', { attributes: [good, asks(evil, '1.3.6.1.4.1.311.2.1.14')] }],
    ['two values in one request', { attributes: [sequence(good.subarray(2, 13), set(sequence(...evil), sequence(...evil)))] }],
    ['two lists of names', { attributes: [asks([...evil, ...evil])] }],
    ['something behind the attributes', { attributes: [good], after: [asks(evil)] }],
    ['an IP address of five bytes', { attributes: [asks([altNames([0x87, new Uint8Array(5)])])] }],
    ['5,000 names', { attributes: [asks([altNames(...Array.from({ length: 5000 }, () => [dns, 'a'] as const))])] }],
  ]; // prettier-ignore
  for (const [what, options] of table) {
    test(what, () => {
      assert.throws(() => readCsr(request(options)), MalformedInput);
    });
  }
  test('something behind the signature', () => {
    const made = Buffer.from(request({ attributes: [good] }));
    assert.throws(() => readCsr(Buffer.concat([made, Buffer.from([0])])), MalformedInput);
  });
  test('more bytes than a request may have', () => {
    assert.throws(() => readCsr(new Uint8Array(64 * 1024 + 1)), /too large/);
  });
});

test('the older identifier for extensions is read like the newer one', () => {
  const csr = readCsr(
    request({ attributes: [asks([altNames([dns, 'a.example.com'])], '1.3.6.1.4.1.311.2.1.14')] }),
  );
  assert.deepEqual(csr.dnsNames, ['a.example.com']);
});

test('property: a request with any byte changed is refused, or no longer proves possession', () => {
  const original = workshop.csr('shop.example.com').der;
  fc.assert(
    fc.property(fc.nat(original.length - 1), fc.integer({ min: 1, max: 255 }), (index, change) => {
      const damaged = Uint8Array.from(original);
      damaged[index] = (damaged[index] ?? 0) ^ change;
      try {
        assert.notEqual(checkCsr(readCsr(damaged), planned), null);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        assert.ok(error instanceof MalformedInput, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test('property: any bytes at all are refused by the one error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.throws(() => readCsr(bytes), MalformedInput);
      assert.throws(() => readCsr(sequence(bytes)), MalformedInput);
      assert.throws(() => readCsr(sequence(sequence(bytes), sequence(), der(3, bytes))), MalformedInput);
    }),
  );
});

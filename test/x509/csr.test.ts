/** Requests from an endpoint that cannot be trusted: what they hide, what they break, and that nothing but MalformedInput comes out. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, describe, test } from 'node:test';
import * as fc from 'fast-check';
import { checkCsr, readCsr } from '../../daemon/x509/csr.ts';
import { MalformedInput } from '../../daemon/x509/malformed.ts';
import { altNames, asks, der, extension, name, oid, request, sequence, set } from '../fixtures/der.ts';
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

const asksAlso = (...more: readonly Uint8Array[]): Buffer =>
  asks([altNames([dns, 'shop.example.com']), ...more]);
const attribute = (id: string, value: Uint8Array): Buffer => sequence(oid(id), set(value));
const critical = (id: string, value: Uint8Array): Buffer =>
  sequence(oid(id), der(1, Uint8Array.of(0xff)), der(4, value));

test('what every TLS key is for may be asked for', () => {
  const usual = asksAlso(
    critical('2.5.29.15', der(3, Uint8Array.of(7, 0x80))),
    extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'))),
    critical('2.5.29.19', sequence()),
  );
  assert.equal(checkCsr(readCsr(request({ attributes: [usual] })), planned), null);
  const nameless = asks([critical('2.5.29.17', sequence(der(dns, Buffer.from('shop.example.com'))))]);
  assert.equal(checkCsr(readCsr(request({ attributes: [nameless] })), planned), null);
});

test('a request of another version is none', () => {
  assert.throws(() => readCsr(request({ attributes: [good], version: 1 })), MalformedInput);
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
    ['a second common name', { attributes: [good], subject: name(['2.5.4.3', 'shop.example.com'], ['2.5.4.3', 'evil.example.com']) }, /more than one common name/],
    ['an organisation', { attributes: [good], subject: name(['2.5.4.10', 'Evil']) }, /where only a common name/],
    ['two attributes in one part of the subject', { attributes: [good], subject: sequence(set(sequence(oid('2.5.4.3'), der(0x0c, Buffer.from('shop.example.com'))), sequence(oid('2.5.4.10'), der(0x0c, Buffer.from('Evil'))))) }, /more than one common name/],
    ['a common name of bytes', { attributes: [good], subject: name(['2.5.4.3', 'shop.example.com', 0x04]) }, /unusual type/],
    ['a challengePassword', { attributes: [good, attribute('1.2.840.113549.1.9.7', der(0x13, Buffer.from('secret')))] }, /attribute 1\.2\.840\.113549\.1\.9\.7/],
    ['an unstructuredName', { attributes: [good, attribute('1.2.840.113549.1.9.2', der(0x13, Buffer.from('x')))] }, /attribute/],
    ['what Windows says of itself', { attributes: [good, attribute('1.3.6.1.4.1.311.13.2.3', der(0x16, Buffer.from('10.0')))] }, /attribute/],
    ['must-staple', { attributes: [asksAlso(extension('1.3.6.1.5.5.7.1.24', sequence(der(2, Uint8Array.of(5)))))] }, /1\.3\.6\.1\.5\.5\.7\.1\.24, which was not planned/],
    ['name constraints', { attributes: [asksAlso(extension('2.5.29.30', sequence()))] }, /2\.5\.29\.30, which was not planned/],
    ['a policy', { attributes: [asksAlso(extension('2.5.29.32', sequence(sequence(oid('1.2.3')))))] }, /2\.5\.29\.32/],
    ['an unknown extension', { attributes: [asksAlso(extension('1.2.3.4', sequence()))] }, /1\.2\.3\.4, which was not planned/],
    ['an unknown critical extension', { attributes: [asksAlso(critical('1.2.3.4', sequence()))] }, /1\.2\.3\.4, which was not planned/],
    ['a key identifier', { attributes: [asksAlso(extension('2.5.29.14', der(4, Uint8Array.of(1))))] }, /2\.5\.29\.14/],
    ['critical names beside a subject', { attributes: [asks([critical('2.5.29.17', sequence(der(dns, Buffer.from('shop.example.com'))))])], subject: name(['2.5.4.3', 'shop.example.com']) }, /2\.5\.29\.17 in a form/],
    ['to sign certificates', { attributes: [asksAlso(critical('2.5.29.15', der(3, Uint8Array.of(2, 0x84))))] }, /2\.5\.29\.15 in a form/],
    ['to sign CRLs', { attributes: [asksAlso(extension('2.5.29.15', der(3, Uint8Array.of(1, 2))))] }, /2\.5\.29\.15 in a form/],
    ['to sign code', { attributes: [asksAlso(extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.3'))))] }, /2\.5\.29\.37 in a form/],
    ['any purpose', { attributes: [asksAlso(extension('2.5.29.37', sequence(oid('2.5.29.37.0'))))] }, /2\.5\.29\.37 in a form/],
    ['a path length', { attributes: [asksAlso(extension('2.5.29.19', sequence(der(2, Uint8Array.of(0)))))] }, /2\.5\.29\.19 in a form/],
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

/** PEM: what is read, what is refused, and that the work stays linear. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MalformedInput } from '../../daemon/x509/malformed.ts';
import { derToPem, pemToDer } from '../../daemon/x509/pem.ts';

const bytes = Uint8Array.from({ length: 200 }, (_, index) => index);

test('what was written is read again, with other blocks and text around it', () => {
  const pem = `subject=CN = a\n${derToPem(bytes, 'EC PARAMETERS')}${derToPem(bytes)}issuer\r\n${derToPem(bytes.subarray(5)).replaceAll('\n', '\r\n')}`;
  assert.deepEqual(
    pemToDer(pem),
    [bytes, bytes.subarray(5)].map((each) => Uint8Array.from(each)),
  );
  assert.deepEqual(pemToDer(pem, 'EC PARAMETERS').length, 1);
});

test('a written block has lines of 64 characters and an ended last line', () => {
  const lines = derToPem(bytes).split('\n');
  assert.equal(lines[0], '-----BEGIN CERTIFICATE-----');
  assert.equal(lines[1]?.length, 64);
  assert.equal(lines.at(-1), '');
});

test('text without a block gives nothing', () => {
  assert.deepEqual(pemToDer('no certificate here'), []);
});

test('a block without end, an empty block and a block that is not base64 are refused', () => {
  assert.throws(() => pemToDer('-----BEGIN CERTIFICATE-----\nAAAA'), MalformedInput);
  assert.throws(() => pemToDer('-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----'), MalformedInput);
  assert.throws(
    () => pemToDer('-----BEGIN CERTIFICATE-----\nA*B\n-----END CERTIFICATE-----'),
    MalformedInput,
  );
});

test('a block cut in the middle of four characters is refused, not shortened', () => {
  const pem = derToPem(bytes);
  assert.throws(() => pemToDer(pem.replace(/.\n-----END/, '\n-----END')), MalformedInput);
  assert.throws(() => pemToDer(pem.replace(/=*\n-----END/, '\n-----END')), MalformedInput);
});

test('a megabyte of beginnings without an end costs linear work', () => {
  assert.throws(() => pemToDer('-----BEGIN CERTIFICATE-----\n'.repeat(37_000)), MalformedInput);
});

test('text and blocks beyond the bounds are refused', () => {
  assert.throws(() => pemToDer('x'.repeat(2 * 1024 * 1024)), /too long/);
  assert.throws(() => pemToDer(derToPem(bytes.subarray(0, 3)).repeat(1001)), /too many/);
});

test('what another decoder would see otherwise is refused', () => {
  const good = derToPem(bytes);
  const table: readonly [string, string][] = [
    ['a border behind text', `x${good}`],
    ['a border before text', good.replace('CERTIFICATE-----\n', 'CERTIFICATE----- x\n')],
    ['a block inside a block', good.replace('\n-----END', `\n${derToPem(bytes.subarray(3))}-----END`)],
    ['an end without a beginning', `${good}-----END CERTIFICATE-----\n`],
    ['another end than beginning', good.replace('END CERTIFICATE', 'END X509 CERTIFICATE')],
    ['a label that OpenSSL reads as the same', `${good}${derToPem(bytes, 'TRUSTED CERTIFICATE')}`],
    ['the older label', derToPem(bytes, 'X509 CERTIFICATE')],
    ['headers', good.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n\n')],
    ['blanks inside a line', good.replace('AAEC', 'AA EC')],
    ['padding inside', good.replace('\n-----END', `=\nAAAA\n-----END`)],
    ['bits behind the last byte', derToPem(bytes.subarray(0, 1)).replace('AA==', 'AB==')],
    ['letters of base64url', derToPem(Uint8Array.of(0xfb, 0xff, 0xfe)).replace('+//+', '-__-')],
    ['no padding', derToPem(bytes.subarray(0, 1)).replace('AA==', 'AA')],
    ['a NUL', good.replace('AAEC', 'AA\0EC')],
  ];
  for (const [what, text] of table) {
    assert.notEqual(text, good, what);
    assert.throws(() => pemToDer(text), MalformedInput, what);
  }
});

test('blanks at the end of a line and other line ends change nothing', () => {
  for (const end of [' \n', '\t\n', '\r\n', ' \r\n'])
    assert.deepEqual(pemToDer(derToPem(bytes).replaceAll('\n', end)), [Uint8Array.from(bytes)]);
});

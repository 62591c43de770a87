/** DER, strictly: one way to write each value, and no way to read past what holds it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  childrenOf,
  readBitString,
  readDer,
  readOid,
  readSmallInteger,
  tags,
} from '../../daemon/x509/der.ts';
import { MalformedInput } from '../../daemon/x509/malformed.ts';
import { der, oid, sequence } from '../fixtures/der.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

test('what is written is read again, around every border of the length', () => {
  for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
    const content = new Uint8Array(length).fill(7);
    const read = readDer(der(tags.octetString, content), tags.octetString);
    assert.deepEqual(Buffer.from(read.content), Buffer.from(content));
  }
});

describe('what is refused', () => {
  const table: readonly [string, string, RegExp][] = [
    ['nothing', '', /ends in its head/],
    ['a tag alone', '30', /ends in its head/],
    ['the indefinite form', '30 80 00 00', /impossible form/],
    ['a length of five bytes', '04 85 00 00 00 00 01 00', /impossible form/],
    ['a length that could be shorter', '04 81 01 00', /not minimal/],
    ['a length with a leading zero', `04 82 00 80 ${'00'.repeat(128)}`, /not minimal/],
    ['a length that ends in its head', '04 82 01', /not minimal|longer/],
    ['more than there is', '04 03 00 00', /longer than what holds it/],
    ['4 GiB', '04 84 ff ff ff ff 00', /longer than what holds it/],
    ['a byte behind', '04 01 00 00', /bytes follow/],
    ['a tag of many bytes', '1f 81 01 00', /multi-byte/],
  ];
  for (const [what, bytes, expected] of table) {
    test(what, () => {
      assert.throws(
        () => readDer(hex(bytes)),
        (error: Error) => error instanceof MalformedInput && expected.test(error.message),
      );
    });
  }
  test('a child that overruns its parent, although bytes follow the parent', () => {
    const parent = readDer(hex('30 03 04 05 00 00 00 00').subarray(0, 5));
    assert.throws(() => childrenOf(parent), /longer than what holds it/);
  });
  test('more values in a row than any certificate has', () => {
    const row = sequence(...Array.from({ length: 4001 }, () => hex('05 00')));
    assert.throws(() => childrenOf(readDer(row)), /too many/);
  });
  test('another tag than expected, or none', () => {
    assert.throws(() => readDer(hex('04 00'), tags.sequence), /tag 0x30 expected/);
    assert.throws(() => readOid(undefined), /tag 0x06 expected/);
  });
});

test('an object identifier has one text, and one way to write it', () => {
  for (const text of [
    '2.5.29.17',
    '1.2.840.113549.1.1.11',
    '0.9.2342',
    '2.999.1',
    '1.3.6.1.4.1.311.2.1.14',
  ]) {
    assert.equal(readOid(readDer(oid(text))), text);
  }
  assert.equal(readOid(readDer(hex('06 02 88 37'))), '2.999');
  for (const bytes of [
    '06 00',
    '06 01 80',
    '06 03 55 1d 91',
    '06 04 55 1d 80 11',
    `06 41 ${'01'.repeat(65)}`,
  ]) {
    assert.throws(() => readOid(readDer(hex(bytes))), MalformedInput, bytes);
  }
});

test('small integers are not negative and have at most four bytes', () => {
  assert.equal(readSmallInteger(readDer(hex('02 01 00'))), 0);
  assert.equal(readSmallInteger(readDer(hex('02 04 7f ff ff ff'))), 2 ** 31 - 1);
  for (const bytes of ['02 00', '02 01 80', '02 05 01 00 00 00 00']) {
    assert.throws(() => readSmallInteger(readDer(hex(bytes))), /out of bounds/);
  }
});

test('a bit string is whole bytes', () => {
  assert.deepEqual([...readBitString(readDer(hex('03 02 00 a0')))], [0xa0]);
  assert.throws(() => readBitString(readDer(hex('03 02 05 a0'))), MalformedInput);
  assert.throws(() => readBitString(readDer(hex('03 00'))), MalformedInput);
});

test('property: any bytes give values that fill them exactly, or the one error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        const children = childrenOf(readDer(sequence(bytes)));
        assert.deepEqual(Buffer.concat(children.map((each) => each.whole)), Buffer.from(bytes));
      } catch (error) {
        assert.ok(error instanceof MalformedInput, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

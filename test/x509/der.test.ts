/** DER, strictly: one way to write each value, and no way to read past what holds it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  childrenOf,
  expectNull,
  readBitString,
  readBoolean,
  readDer,
  readInteger,
  readNamedBits,
  readOid,
  readPositiveInteger,
  readSmallInteger,
  tags,
} from '../../daemon/x509/der.ts';
import { MalformedInput } from '../../daemon/x509/malformed.ts';
import { readTime } from '../../daemon/x509/time.ts';
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
  for (const bytes of ['02 00', '02 01 80', '02 05 01 00 00 00 00', '02 02 00 7f', '02 02 ff 80']) {
    assert.throws(() => readSmallInteger(readDer(hex(bytes))), MalformedInput, bytes);
  }
});

test('a number of any size is positive and minimal', () => {
  assert.equal(readPositiveInteger(readDer(hex('02 09 00 ff ff ff ff ff ff ff ff'))), 2n ** 64n - 1n);
  for (const bytes of ['02 00', '02 01 80', '02 02 00 7f'])
    assert.throws(() => readPositiveInteger(readDer(hex(bytes))), MalformedInput, bytes);
  assert.deepEqual([...readInteger(readDer(hex('02 01 80')))], [0x80]);
});

test('a boolean is one byte with two values', () => {
  assert.equal(readBoolean(readDer(hex('01 01 ff'))), true);
  assert.equal(readBoolean(readDer(hex('01 01 00'))), false);
  for (const bytes of ['01 00', '01 01 01', '01 02 ff ff'])
    assert.throws(() => readBoolean(readDer(hex(bytes))), MalformedInput, bytes);
});

test('named bits have no unused bits that are set, and no zeros at the end', () => {
  assert.deepEqual(readNamedBits(readDer(hex('03 02 05 a0'))), [0, 2]);
  assert.deepEqual(readNamedBits(readDer(hex('03 03 07 00 80'))), [8]);
  assert.deepEqual(readNamedBits(readDer(hex('03 01 00'))), []);
  for (const bytes of ['03 00', '03 01 01', '03 02 08 80', '03 02 07 81', '03 02 00 a0', '03 02 05 00'])
    assert.throws(() => readNamedBits(readDer(hex(bytes))), MalformedInput, bytes);
});

test('NULL has no content', () => {
  expectNull(readDer(hex('05 00')));
  assert.throws(() => {
    expectNull(readDer(hex('05 01 00')));
  }, MalformedInput);
});

describe('a time is written in one way', () => {
  const read = (tag: number, text: string) => readTime(readDer(der(tag, Buffer.from(text))));
  test('two digits of a year are those of 1950 to 2049', () => {
    assert.equal(read(tags.utcTime, '500101000000Z').at, Date.UTC(1950, 0, 1));
    assert.equal(read(tags.utcTime, '491231235959Z').at, Date.UTC(2049, 11, 31, 23, 59, 59));
    assert.equal(read(tags.generalizedTime, '99991231235959Z').at, Date.UTC(9999, 11, 31, 23, 59, 59));
    assert.equal(read(tags.utcTime, '240229000000Z').isInDueForm, true);
  });
  test('GeneralizedTime is due from 2050 on', () => {
    assert.equal(read(tags.generalizedTime, '20491231235959Z').isInDueForm, false);
    assert.equal(read(tags.generalizedTime, '20500101000000Z').isInDueForm, true);
  });
  for (const [tag, text] of [
    [tags.utcTime, '2401010000Z'],
    [tags.utcTime, '240101000000'],
    [tags.utcTime, '240101000000+0100'],
    [tags.utcTime, '240230000000Z'],
    [tags.utcTime, '241301000000Z'],
    [tags.utcTime, '240101240000Z'],
    [tags.utcTime, '240101000060Z'],
    [tags.utcTime, '20240101000000Z'],
    [tags.generalizedTime, '240101000000Z'],
    [tags.generalizedTime, '20240101000000.5Z'],
    [tags.generalizedTime, '20240101000000-0500'],
    [tags.generalizedTime, '2024010100Z'],
    [tags.octetString, '240101000000Z'],
  ] as const)
    test(`${text} is none`, () => {
      assert.throws(() => read(tag, text), MalformedInput);
    });
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

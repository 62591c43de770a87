/** Sets and keys: no values that differ are the same, whatever they hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { keyOf, sameSet, sameValue } from '../../daemon/core/same.ts';

const text = fc
  .array(fc.constantFrom('a', 'b', ' ', ',', '"', '\n', '[', '\\'), { maxLength: 3 })
  .map((parts) => parts.join(''));
const list = fc.array(text, { maxLength: 4 });

test('two lists are one set when each text is in both as often', () => {
  assert.equal(sameSet(['a b', 'c'], ['a', 'b c']), false);
  assert.equal(sameSet(['b', 'a', 'a'], ['a', 'b', 'b']), false);
  const counted = (each: readonly string[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const one of each) counts.set(one, (counts.get(one) ?? 0) + 1);
    return counts;
  };
  fc.assert(
    fc.property(list, list, (left, right) => {
      const [one, other] = [counted(left), counted(right)];
      const same = one.size === other.size && [...one].every(([each, count]) => other.get(each) === count);
      assert.equal(sameSet(left, right), same);
      assert.ok(sameSet(left, left.toReversed()));
    }),
  );
});

test('a key is of these values alone, and in this order', () => {
  fc.assert(
    fc.property(list, list, (left, right) => {
      const same = left.length === right.length && left.every((each, at) => each === right[at]);
      assert.equal(keyOf(...left) === keyOf(...right), same);
    }),
  );
  assert.notEqual(keyOf('a', null), keyOf('a', 'null'));
  assert.notEqual(keyOf(1), keyOf('1'));
});

test('data is the same whatever the order of its members, and not of its lists', () => {
  assert.ok(sameValue({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }));
  assert.ok(!sameValue({ a: [1, 2] }, { a: [2, 1] }));
  assert.ok(!sameValue({ a: 'x, env=prod' }, { a: 'x', env: 'prod' }));
});

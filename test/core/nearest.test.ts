import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { didYouMean, nearestWord } from '../../daemon/core/nearest.ts';

test('one letter too many, too few, wrong, or two that changed places are found', () => {
  for (const typo of ['issuuer', 'isuer', 'issuar', 'isseur']) {
    assert.equal(nearestWord(typo, ['profile', 'issuer', 'team']), 'issuer', typo);
  }
});

test('a word that is far from every known one has no neighbour', () => {
  assert.equal(nearestWord('postgres', ['issuer', 'team']), null);
  assert.equal(nearestWord('', ['team']), null);
  assert.equal(didYouMean('postgres', []), '');
});

test('of several the nearest is taken, and of equals the first', () => {
  assert.equal(nearestWord('web-012', ['web-0123456', 'web-0100', 'web-011', 'web-013']), 'web-011');
});

/** The definition, without any short cut. */
function distance(left: string, right: string): number {
  const table = Array.from({ length: left.length + 1 }, (_, i) =>
    Array.from({ length: right.length + 1 }, (__, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  const at = (i: number, j: number): number => table[i]?.[j] ?? Infinity;
  for (let i = 1; i <= left.length; i++) {
    for (let j = 1; j <= right.length; j++) {
      let least = Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + (left[i - 1] === right[j - 1] ? 0 : 1),
      );
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) {
        least = Math.min(least, at(i - 2, j - 2) + 1);
      }
      const row = table[i];
      if (row !== undefined) row[j] = least;
    }
  }
  return at(left.length, right.length);
}

test('the short cuts change no answer', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(word, fc.array(word, { maxLength: 6 }), (text, all) => {
      const known = all.filter((each) => each !== text);
      const best = Math.min(...known.map((each) => distance(text, each)));
      const allowed = best <= Math.max(1, Math.floor(text.length / 3));
      const found = nearestWord(text, known);
      assert.equal(found, allowed ? known.find((each) => distance(text, each) === best) : null);
    }),
    { numRuns: 1000 },
  );
});

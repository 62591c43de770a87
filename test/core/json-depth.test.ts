/** How deep brackets stand inside one another, whatever strings hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNestedDeeper } from '../../daemon/core/json-depth.ts';

for (const [text, deeper] of [
  ['[[1]]', false],
  ['[[[1]]]', true],
  ['[[],[],{}]', false],
  ['["[[[[", "]]]", "\\"[[[["]', false],
  ['["\\\\", [[1]]]', true],
  ['{"a":{"b":{"c":1}}}', true],
  ['"[[[[', false],
  [']]]][[', false],
] as const)
  test(`${text} is ${deeper ? '' : 'not '}nested deeper than two`, () => {
    assert.equal(isNestedDeeper(text, 2), deeper);
  });

test('a mebibyte of quotes and escapes takes one look', () => {
  assert.equal(isNestedDeeper(`"${'\\"'.repeat(524_288)}`, 2), false);
  assert.equal(isNestedDeeper('['.repeat(1_048_576), 32), true);
});

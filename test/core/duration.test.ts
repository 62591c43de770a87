import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../daemon/core/duration.ts';

test('a duration is a whole positive number and one unit', () => {
  assert.equal(parseDuration('10s'), 10_000);
  assert.equal(parseDuration('30m'), 30 * 60_000);
  assert.equal(parseDuration('12h'), 12 * 3_600_000);
  assert.equal(parseDuration('90d'), 90 * 86_400_000);
  assert.equal(parseDuration('999999d'), 999_999 * 86_400_000);
});

test('everything else is null, not a guess', () => {
  for (const text of [
    '',
    '0d',
    '-1d',
    '1',
    'd',
    '1.5d',
    '1d12h',
    ' 1d',
    '1d\n',
    '1 d',
    '1D',
    '1w',
    '01d',
    '1000000d',
    '１d',
  ]) {
    assert.equal(parseDuration(text), null, JSON.stringify(text));
  }
});

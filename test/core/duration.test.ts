import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { durationText, parseDuration } from '../../daemon/core/duration.ts';

test('what is a duration', () => {
  assert.equal(parseDuration('47d'), 47 * 86_400_000);
  assert.equal(parseDuration('12h'), 43_200_000);
  assert.equal(parseDuration('30m'), 1_800_000);
  assert.equal(parseDuration('10s'), 10_000);
});

test('what is none', () => {
  for (const text of ['', '47', 'd', '0d', '-1d', '1.5d', '47 d', '47D', '1d1h', '1w', '1234567d', '4７d'])
    assert.equal(parseDuration(text), null, text);
});

test('a duration in its two largest units', () => {
  assert.equal(durationText(47 * 86_400_000), '47d');
  assert.equal(durationText(90 * 86_400_000 + 3_600_000 + 60_000), '90d 1h');
  assert.equal(durationText(59_999), '59s');
  assert.equal(durationText(0), '0s');
});

test('what is written is read again: one unit each way', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999 }), fc.constantFrom('s', 'm', 'h', 'd'), (count, unit) => {
      const ms = parseDuration(`${String(count)}${unit}`) ?? 0;
      const back = durationText(ms)
        .split(' ')
        .reduce((sum, part) => sum + (parseDuration(part) ?? 0), 0);
      // Three units are needed at most for seconds over an hour; two are shown.
      assert.ok(back <= ms && ms - back < 60_000);
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { nextAttempt, type Failure } from '../../daemon/core/backoff.ts';
import { limits } from '../../daemon/limits.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const at = 1_780_272_000_000;
const steps = limits.backoff.stepsMs;

function next(changes: Partial<Failure> = {}): number {
  return nextAttempt(
    { failures: 1, lastFailureAt: at, disposition: 'retry', retryAt: null, random01: 0.5, ...changes },
    steps,
  );
}

test('the pauses grow by the schedule and stay at its last step', () => {
  const pauses = [1, 2, 3, 4, 5, 1000].map((failures) => next({ failures }) - at);
  assert.deepEqual(pauses, [minute, 10 * minute, 100 * minute, day, day, day]);
});

test('a stall is tried again within a day, more often near the end, and never sooner than the other side asked for', () => {
  const pause = (changes: Partial<Failure>): number => next({ disposition: 'stall', ...changes }) - at;
  assert.equal(pause({ random01: 0 }), day);
  assert.equal(pause({ random01: 0, failures: 1000, endsAt: at + 80 * day }), day);
  assert.equal(pause({ random01: 0, endsAt: at + 10 * day }), day / 2);
  for (const endsAt of [at + day / 24, at, at - 30 * day])
    assert.equal(pause({ random01: 0, endsAt }), 60 * minute);
  assert.equal(pause({ endsAt: at, retryAt: at + 7 * 60 * minute }), 7 * 60 * minute);
  assert.equal(pause({ retryAt: at + 9 * day }), day);
  assert.ok(pause({ random01: 0.999 }) < day && pause({ random01: 0.999 }) > day / 2);
});

test('a pause of ours is never longer than a twentieth of what is left, nor for that shorter than an hour', () => {
  const hour = 60 * minute;
  const pause = (changes: Partial<Failure>): number => next({ failures: 4, random01: 0, ...changes }) - at;
  // Certificates of a day, renewed at half: the fourth failure leaves less than the last step of the schedule.
  assert.equal(pause({ endsAt: at + 9 * hour }), hour);
  assert.equal(pause({ endsAt: at + 3 * day }), (3 * day) / 20);
  assert.equal(pause({ endsAt: at - day }), hour);
  assert.equal(pause({ endsAt: at - day, disposition: 'wait' }), hour);
  // The steps that are shorter stay, and so does the last one where much is left.
  assert.deepEqual(
    [1, 2].map((failures) => pause({ failures, endsAt: at + hour })),
    [0.8 * minute, 8 * minute],
  );
  assert.equal(pause({ endsAt: at + 60 * day }), 0.8 * day);
  // What the other side asked for stays, whatever ends meanwhile.
  for (const disposition of ['retry', 'wait'] as const)
    assert.equal(pause({ disposition, endsAt: at + hour, retryAt: at + 20 * hour }), 20 * hour);
});

test('wait keeps to what the other side asked for, to the millisecond', () => {
  assert.equal(next({ disposition: 'wait', retryAt: at + 42 * minute }), at + 42 * minute);
});

test('wait after many failures still keeps to what the other side asked for', () => {
  assert.equal(next({ disposition: 'wait', failures: 9, retryAt: at + 42 * minute }), at + 42 * minute);
});

test('a date a year off is looked at again after the longest step', () => {
  assert.equal(next({ disposition: 'wait', retryAt: at + 365 * day }), at + day);
});

test('Retry-After: 0 and a date in the past are no reason for a busy loop', () => {
  assert.equal(next({ disposition: 'wait', retryAt: at }), at + minute);
  assert.equal(next({ disposition: 'wait', retryAt: at - day }), at + minute);
});

test('wait without a date is retry', () => {
  assert.equal(next({ disposition: 'wait', failures: 2 }), next({ failures: 2 }));
});

test('retry is never sooner than the other side asked for', () => {
  assert.equal(next({ retryAt: at + 30 * minute }), at + 30 * minute);
  assert.equal(next({ failures: 3, retryAt: at + minute }), at + 100 * minute);
});

const failure = fc.record({
  failures: fc.integer({ min: 1, max: 1_000_000 }),
  lastFailureAt: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  disposition: fc.constantFrom('retry' as const, 'wait' as const),
  retryAt: fc.option(fc.integer({ min: 0, max: 9_000_000_000_000 })),
  random01: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
  endsAt: fc.option(fc.integer({ min: 0, max: 9_000_000_000_000 })),
});

test('always between four fifths of the first step and six fifths of the last after the failure', () => {
  fc.assert(
    fc.property(failure, (each) => {
      const instant = nextAttempt(each, steps);
      assert.ok(Number.isInteger(instant));
      const pause = instant - each.lastFailureAt;
      assert.ok(pause >= Math.floor(0.8 * minute) && pause <= Math.ceil(1.2 * day), String(pause));
    }),
  );
});

test('what failed together comes back spread over two fifths of the step', () => {
  const draws = Array.from(
    { length: 100 },
    (_, index) => (next({ failures: 4, random01: index / 100 }) ?? 0) - at,
  );
  assert.equal(new Set(draws).size, 100);
  assert.ok(Math.min(...draws) === 0.8 * day && Math.max(...draws) > 1.19 * day);
});

test('a later number of failures never waits less', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), (failures) => {
      assert.ok((next({ failures: failures + 1 }) ?? 0) >= (next({ failures }) ?? 0));
    }),
  );
});

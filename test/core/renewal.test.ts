import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { defaultFraction, drawRenewal, expiryThresholds } from '../../daemon/core/renewal.ts';
import { now } from './sample.ts';

const hour = 3_600_000;
const day = 24 * hour;
const living = (lifetime: number): { notBefore: number; notAfter: number } => ({
  notBefore: now,
  notAfter: now + lifetime,
});
const middle = (lifetime: number, fraction: number | null = null): number =>
  drawRenewal(living(lifetime), fraction, 0.5) - now;

describe('the instant of renewal', () => {
  test('two thirds of a long life, half of a short one', () => {
    assert.equal(middle(90 * day), 60 * day);
    assert.equal(middle(6 * day), 3 * day);
  });
  test('exactly ten days is long, one millisecond less is short', () => {
    assert.equal(defaultFraction(living(10 * day)), 2 / 3);
    assert.equal(defaultFraction(living(10 * day - 1)), 1 / 2);
  });
  test('a declared fraction is taken', () => {
    assert.equal(middle(100 * day, 0.3), 30 * day);
  });
  test('the draw spreads over a twenty-fifth of the lifetime', () => {
    assert.equal(drawRenewal(living(100 * day), 0.5, 0), now + 48 * day);
    assert.equal(drawRenewal(living(100 * day), 0.5, 1), now + 52 * day);
  });
  test('a fleet whose fraction is near the end still does not renew at one instant', () => {
    const draws = new Set([0, 0.25, 0.5, 0.75].map((random) => drawRenewal(living(90 * day), 0.999, random)));
    assert.equal(draws.size, 4);
  });
});

const lifetime = fc.integer({ min: 60_000, max: 3650 * day });
const fraction = fc.option(fc.double({ min: 0, max: 1, noNaN: true }));
const random01 = fc.double({ min: 0, max: 0.999_999, noNaN: true });

test('always a whole millisecond inside the lifetime, with at least a twentieth of it left', () => {
  fc.assert(
    fc.property(lifetime, fraction, random01, (life, part, random) => {
      const drawn = drawRenewal(living(life), part, random);
      assert.ok(Number.isInteger(drawn));
      assert.ok(drawn >= now, 'before notBefore');
      assert.ok(drawn <= now + life * 0.95 + 1, 'too late');
    }),
  );
});

test('the default is drawn before it would be overdue, whatever the lifetime', () => {
  fc.assert(
    fc.property(lifetime, random01, (life, random) => {
      assert.ok(drawRenewal(living(life), null, random) < expiryThresholds(living(life)).overdueAt);
    }),
  );
});

describe('overdue and critical', () => {
  const left = (life: number): { overdue: number; critical: number } => {
    const { overdueAt, criticalAt } = expiryThresholds(living(life));
    return { overdue: now + life - overdueAt, critical: now + life - criticalAt };
  };
  test('6 days: 28.8 hours and 14.4 hours are left', () => {
    assert.deepEqual(left(6 * day), { overdue: 28.8 * hour, critical: 14.4 * hour });
  });
  test('47 days: 9.4 days and 4.7 days are left', () => {
    assert.deepEqual(left(47 * day), { overdue: 9.4 * day, critical: 4.7 * day });
  });
  test('two years: 20 days and 7 days are left, not five months', () => {
    assert.deepEqual(left(730 * day), { overdue: 20 * day, critical: 7 * day });
  });
  test('6 hours: the call comes an hour before the end', () => {
    assert.deepEqual(left(6 * hour), { overdue: 1.2 * hour, critical: hour });
  });
  test('in this order: issued, overdue, critical, expired', () => {
    fc.assert(
      fc.property(lifetime, (life) => {
        const { overdueAt, criticalAt } = expiryThresholds(living(life));
        assert.ok(now < overdueAt && overdueAt <= criticalAt && criticalAt < now + life);
      }),
    );
  });
});

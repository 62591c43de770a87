import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lifetimeMax } from '../../../daemon/core/rules/lifetime-max.ts';
import type { Ruling, Stage } from '../../../daemon/core/rules/rule.ts';
import { certificate, day, facts, now } from '../sample.ts';
import { subject } from './team.ts';

const second = 1000;
const hour = 3600 * second;

function judge(stage: Stage, lifetimeMs: number | null, max = '47d'): Ruling {
  const leaf =
    stage === 'request' || lifetimeMs === null
      ? null
      : facts('aa', { notBefore: now, notAfter: now + lifetimeMs });
  return lifetimeMax.judge(
    subject({ stage, certificate: certificate({ lifetimeMs }), team: null, facts: leaf }),
    { max },
    now,
  );
}

describe('a request', () => {
  test('exactly 47 days passes', () => {
    assert.equal(judge('request', 47 * day).verdict, 'pass');
  });
  test('47 days and one second fails, and the message shows the second', () => {
    const ruling = judge('request', 47 * day + second);
    assert.equal(ruling.verdict, 'fail');
    assert.match(ruling.message, /is 47d 1s; at most 47d is allowed/);
    assert.match(ruling.fix, /lifetime: 47d in inventory\/certificates\/web\/shop\.yaml/);
  });
  test('one that leaves the lifetime to the issuer is judged when it is issued', () => {
    assert.equal(judge('request', null).verdict, 'not-applicable');
  });
});

describe('what was issued or found', () => {
  for (const stage of ['issued', 'observed'] as const) {
    test(`${stage}: an hour more for notBefore set back passes, a second beyond it fails`, () => {
      assert.equal(judge(stage, 47 * day + hour).verdict, 'pass');
      assert.equal(judge(stage, 47 * day + hour + second).verdict, 'fail');
    });
  }
  test('a CA that ignores the wish is caught', () => {
    assert.match(judge('issued', 90 * day).message, /is 90d; at most 47d/);
  });
  test('nothing to look at is not applicable', () => {
    assert.equal(judge('issued', null).verdict, 'not-applicable');
  });
});

test('short limits are told in hours and minutes', () => {
  assert.match(judge('request', 12 * hour + 30 * 60 * second, '12h').message, /is 12h 30m; at most 12h/);
});

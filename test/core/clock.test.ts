/** Whose word about the time counts, in both directions and at the edge of the tolerance. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeClock, type ClockQuestion } from '../../daemon/core/clock.ts';
import { day, now } from './sample.ts';

const skewMaxMs = 600_000;
const hour = 3_600_000;
const year = 365 * day;
const basis = { at: now - hour, uptimeMs: 10 * hour, boot: 'one', confirmed: false };
const question: ClockQuestion = {
  now,
  uptimeMs: 11 * hour,
  boot: 'one',
  basis,
  votes: [],
  skewMaxMs,
  absenceMaxMs: 14 * day,
};

const cases: readonly (readonly [string, Partial<ClockQuestion>, string | null, number])[] = [
  ['the first start, nobody to ask', { basis: null }, null, 0],
  ['it ran as long as the machine did', {}, null, 0],
  ['a year ahead while the machine ran an hour', { now: now + year }, 'uptime', -year],
  ['a year behind', { now: now - year }, 'uptime', year],
  ['exactly the tolerance ahead', { now: now + skewMaxMs }, null, 0],
  ['a millisecond more', { now: now + skewMaxMs + 1 }, 'uptime', -skewMaxMs - 1],
  ['exactly the tolerance behind', { now: now - skewMaxMs }, null, 0],
  ['a millisecond less', { now: now - skewMaxMs - 1 }, 'uptime', skewMaxMs + 1],
  ['started anew and away for a week', { boot: 'two', uptimeMs: 5, now: now + 7 * day }, null, 0],
  ['started anew a year later', { boot: 'two', uptimeMs: 5, now: now + year }, 'long ago', -year - hour],
  [
    'started anew, and a server agrees',
    { boot: 'two', now: now + year, votes: [{ host: 'git', offsetMs: 1000 }] },
    null,
    0,
  ],
  ['started anew a year earlier', { boot: 'two', now: now - year }, 'later', year - hour],
  [
    'a server agrees that the clock jumped to the right time',
    { now: now + year, votes: [{ host: 'git', offsetMs: 0 }] },
    null,
    0,
  ],
  [
    'a server says otherwise, nobody agreed before',
    { votes: [{ host: 'git', offsetMs: -year }] },
    'git',
    -year,
  ],
  [
    'a server says otherwise at the first start',
    { basis: null, votes: [{ host: 'git', offsetMs: year }] },
    'git',
    0,
  ],
  [
    'one server that is a year behind moves nothing before the last look that servers agreed with',
    { basis: { ...basis, confirmed: true }, boot: 'two', votes: [{ host: 'git', offsetMs: -year }] },
    'git',
    -hour,
  ],
  [
    'one server that is a year ahead moves nothing after a start',
    { basis: { ...basis, confirmed: true }, boot: 'two', votes: [{ host: 'git', offsetMs: year }] },
    'git',
    0,
  ],
  [
    'a clock before the last look for certain: a server within a fortnight of it is heard',
    {
      basis: { ...basis, confirmed: true },
      boot: 'two',
      now: now - year,
      votes: [{ host: 'git', offsetMs: year + day }],
    },
    'git',
    year + day,
  ],
  [
    'and one that is years ahead is not',
    {
      basis: { ...basis, confirmed: true },
      boot: 'two',
      now: now - year,
      votes: [{ host: 'git', offsetMs: 9 * year }],
    },
    'git',
    year - hour,
  ],
  [
    'the machine ran on: its own time is the correction, whatever servers say',
    {
      now: now + year,
      votes: [
        { host: 'git', offsetMs: -9 * year },
        { host: 'ca', offsetMs: -9 * year },
      ],
    },
    'git',
    -year,
  ],
  [
    'one of two servers agrees with a clock that jumped while the machine ran',
    {
      now: now + year,
      votes: [
        { host: 'git', offsetMs: -year },
        { host: 'ca', offsetMs: 5 },
      ],
    },
    'git',
    -year,
  ],
  [
    'a server goes wrong after it agreed: its clock, not ours',
    { basis: { ...basis, confirmed: true }, votes: [{ host: 'git', offsetMs: -year }] },
    null,
    0,
  ],
  [
    'one of two servers agrees',
    {
      basis: null,
      votes: [
        { host: 'git', offsetMs: -year },
        { host: 'ca', offsetMs: 5 },
      ],
    },
    null,
    0,
  ],
  [
    'two of three say otherwise',
    {
      basis: null,
      votes: [
        { host: 'git', offsetMs: -year },
        { host: 'ca', offsetMs: 5 },
        { host: 'b', offsetMs: -year - 5 },
      ],
    },
    'git',
    -year,
  ],
];

for (const [name, change, doubt, correctionMs] of cases) {
  test(name, () => {
    const verdict = judgeClock({ ...question, ...change });
    if (doubt === null) assert.equal(verdict.doubt, null);
    else assert.match(verdict.doubt ?? '', new RegExp(doubt));
    assert.equal(verdict.correctionMs, correctionMs);
    // What is doubted is never remembered as the last good look.
    if (doubt !== null) assert.deepEqual(verdict.basis, { ...question, ...change }.basis);
  });
}

for (const confirmed of [true, false]) {
  test(`small steps add up: no clock is walked away, ${confirmed ? 'after' : 'before'} a server agreed`, () => {
    let verdict = judgeClock({
      ...question,
      basis: null,
      votes: confirmed ? [{ host: 'git', offsetMs: 0 }] : [],
    });
    let steps = 0;
    // Each step is below the tolerance; the honest server says so from the moment that it notices.
    for (; verdict.doubt === null && steps < 100; steps++) {
      const offsetMs = -(steps + 1) * (skewMaxMs - 1);
      verdict = judgeClock({
        ...question,
        now: now - offsetMs,
        basis: verdict.basis,
        votes: confirmed && offsetMs < -skewMaxMs ? [{ host: 'git', offsetMs }] : [],
      });
    }
    assert.ok(steps <= 2, `${String(steps)} steps were believed`);
  });
}

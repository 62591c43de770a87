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
    year,
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

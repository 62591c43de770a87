/** Whose word about the time counts, in both directions and at the edge of the tolerance. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeClock, type ClockBasis, type ClockQuestion, type ClockVote } from '../../daemon/core/clock.ts';
import { day, now } from './sample.ts';

const skewMaxMs = 600_000;
const hour = 3_600_000;
const year = 365 * day;
const basis = { at: now - hour, uptimeMs: 10 * hour, boot: 'one', confirmed: false };
const question: ClockQuestion = {
  settleMs: hour,
  now,
  uptimeMs: 11 * hour,
  boot: 'one',
  basis,
  votes: [],
  skewMaxMs,
  absenceMaxMs: 14 * day,
};

const settled = { ...basis, anchor: { at: now - 9 * hour, uptimeMs: 2 * hour }, settled: true };
const vote = (host: string, offsetMs: number): ClockVote => ({ host, offsetMs });

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
    'two servers that are a year behind move nothing before the last look that servers agreed with',
    { basis: { ...basis, confirmed: true }, boot: 'two', votes: [vote('git', -year), vote('ca', -year)] },
    'git',
    -hour,
  ],
  ...[-year, 2 * hour, year].flatMap((offsetMs): (typeof cases)[number][] => [
    [
      `one server, ${String(offsetMs)} off, after a start an hour after a look that was confirmed`,
      { basis: { ...basis, confirmed: true }, boot: 'two', votes: [vote('ca', offsetMs)] },
      null,
      0,
    ],
    [
      `one server, ${String(offsetMs)} off, where the clock ran for days and nobody ever confirmed it`,
      { basis: settled, votes: [vote('ca', offsetMs)] },
      null,
      0,
    ],
  ]),
  [
    'an honest server and a liar that agrees with a clock a year ahead of the last look',
    {
      basis: { ...basis, at: now - year, confirmed: true },
      boot: 'two',
      votes: [vote('git', -year), vote('ca', 0)],
    },
    'git',
    -year,
  ],
  [
    'an honest server and a liar that agrees with a clock a year before the last look',
    {
      basis: { ...basis, at: now + year, confirmed: true },
      boot: 'two',
      votes: [vote('git', year + 60_000), vote('ca', 0)],
    },
    'git',
    year + 60_000,
  ],
  [
    'a liar alone that agrees with a clock a year before the last look',
    { basis: { ...basis, at: now + year, confirmed: true }, boot: 'two', votes: [vote('ca', 0)] },
    'later',
    year,
  ],
  [
    'a liar alone that agrees with a clock that was set back while the machine ran',
    { basis: { ...basis, confirmed: true }, now: now - day, votes: [vote('ca', 0)] },
    'uptime',
    day,
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

/** Every choice of one out of each list. */
function choices<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((all, list) => all.flatMap((each) => list.map((one) => [...each, one])), [[]]);
}

/** What the machine may know, where the clock was right an hour ago. */
const pasts: readonly (readonly [string, ClockBasis | null])[] = [
  ['the first start', null],
  ['running since a look that was confirmed', { ...settled, confirmed: true }],
  ['running for hours, never confirmed', settled],
  ['started after a look that was confirmed', { ...settled, boot: 'zero', confirmed: true }],
  ['started after hours in which nobody confirmed', { ...settled, boot: 'zero' }],
];

/** The same moments by a clock that was right then, when it says `now` and is wrong by so much. */
function past(basis: ClockBasis | null, wrong: number): ClockBasis | null {
  if (basis === null) return null;
  const { at, anchor = basis } = basis;
  return { ...basis, at: at - wrong, anchor: { ...anchor, at: anchor.at - wrong } };
}

/** Up to four servers, of which some lie, in one voice or several; the clock is right or was set wrong. */
function* worlds(clock: readonly number[]): Generator<{
  readonly name: string;
  readonly question: ClockQuestion;
  readonly honest: number;
  readonly liars: number;
  readonly evidence: boolean;
  /** Of our clock against the truth. */
  readonly wrong: number;
}> {
  const lies = [-year, -3 * day, -2 * hour, 2 * hour, 3 * day, year];
  for (const [name, basis] of pasts)
    for (const wrong of clock)
      for (let honest = 0; honest <= 3; honest++)
        for (let liars = 0; liars <= 2; liars++)
          for (const said of choices(Array.from({ length: liars }, () => [...lies, 0]))) {
            const votes = [
              ...Array.from({ length: honest }, (_, index) => vote(`h${String(index)}`, -wrong)),
              ...said.map((each, index) => vote(`l${String(index)}`, each)),
            ];
            yield {
              name: `${name}, clock ${String(wrong)}, ${String(honest)} honest, lies ${said.join(' ')}`,
              honest,
              liars,
              evidence: basis !== null,
              wrong,
              question: { ...question, votes, basis: past(basis, wrong) },
            };
          }
}

test('a clock that is right is never doubted against more honest servers, nor by one liar against evidence of its own', () => {
  for (const { name, question, honest, liars, evidence } of worlds([0])) {
    if (honest <= liars && !(liars <= 1 && evidence)) continue;
    const verdict = judgeClock(question);
    assert.equal(verdict.doubt, null, name);
    assert.equal(verdict.correctionMs, 0, name);
  }
});

test('a clock that is wrong is doubted where most servers are honest, and its time then goes towards the truth', () => {
  for (const { name, question, honest, liars, evidence, wrong } of worlds([-year, -3 * day, 3 * day, year])) {
    if (honest <= liars || (honest === 1 && evidence)) continue;
    const verdict = judgeClock(question);
    assert.notEqual(verdict.doubt, null, name);
    const left = Math.abs(wrong + verdict.correctionMs);
    assert.ok(left <= Math.abs(wrong) + hour, `${name}: ${String(verdict.correctionMs)}`);
    if (honest > 1) assert.ok(left <= hour, `${name}: ${String(verdict.correctionMs)}`);
  }
});

test('a liar never confirms a wrong clock against evidence, sets the last look back, or moves the time past it', () => {
  for (const { name, question, honest, liars, evidence, wrong } of worlds([
    -year,
    -3 * day,
    0,
    3 * day,
    year,
  ])) {
    const { basis } = question;
    if (!evidence || liars > 1 || basis === null) continue;
    const verdict = judgeClock(question);
    if (wrong === 0) assert.equal(verdict.correctionMs, 0, name);
    if (!basis.confirmed) continue;
    const next = verdict.basis ?? basis;
    if (honest >= liars && wrong !== 0) assert.equal(next !== basis && next.confirmed, false, name);
    assert.ok(next.at >= basis.at - skewMaxMs, name);
    assert.ok((next.sure ?? basis.at) >= basis.at - skewMaxMs, name);
  }
});

test('what was confirmed last is remembered over starts that nobody confirms', () => {
  const confirmed = judgeClock({ ...question, basis: null, votes: [vote('git', 0)] }).basis;
  const started = judgeClock({
    ...question,
    boot: 'two',
    uptimeMs: 5,
    now: now + hour,
    basis: confirmed,
  }).basis;
  assert.deepEqual([started?.confirmed, started?.sure], [false, now]);
  const back = judgeClock({
    ...question,
    boot: 'three',
    uptimeMs: 5,
    now: now - day,
    basis: started,
    votes: [vote('ca', 0)],
  });
  assert.match(back.doubt ?? '', /the last look, which was later/);
});

test('contested after a start, a clock settles in an hour in which it runs as the machine does', () => {
  const votes = [vote('ca', year)];
  const first = judgeClock({
    ...question,
    boot: 'two',
    uptimeMs: 5,
    basis: { ...basis, confirmed: true },
    votes,
  });
  assert.deepEqual([first.contested, first.settling, first.basis?.confirmed], ['ca', true, false]);
  const next = judgeClock({
    ...question,
    boot: 'two',
    uptimeMs: 5 + hour,
    now: now + hour,
    basis: first.basis,
    votes,
  });
  assert.deepEqual([next.doubt, next.contested, next.settling], [null, 'ca', false]);
});

test('no row of starts walks the last look back', () => {
  let last = judgeClock({ ...question, basis: null, votes: [vote('git', 0)] });
  for (let start = 1; start <= 3; start++)
    last = judgeClock({
      ...question,
      boot: `start ${String(start)}`,
      uptimeMs: 5,
      now: now - start * (skewMaxMs - 1),
      basis: last.basis,
      votes: [vote('ca', year)],
    });
  assert.notEqual(last.doubt, null);
  assert.equal(last.basis?.at, now);
});

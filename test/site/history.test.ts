/** The past as the site reads it from Git: what changed, when, by which commit, the same with and without what was kept of it. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { CertificateRecord } from '../../daemon/core/record-format.ts';
import { loadRecords } from '../../daemon/records/read.ts';
import { driftFacts } from '../../site/facts/drift.ts';
import { estateOf } from '../../site/facts/estate.ts';
import { issuancesSince } from '../../site/source/evidence.ts';
import { readHistory, type HistoryBounds, type KnownHistory } from '../../site/source/history.ts';
import { keepKnownHistory, readKnownHistory } from '../../site/source/known-history.ts';
import { workDirectory } from './built.ts';
import { emptySources } from './sample-model.ts';
import { address, certificate, endpoint, finding, installation, issued } from './sample-records.ts';
import { openStateRepository, type StateRepository } from './state-repository.ts';

const long = Date.parse('2026-01-01T00:00:00Z');

async function opened(context: TestContext): Promise<StateRepository> {
  const state = await openStateRepository();
  context.after(() => state.close());
  return state;
}

async function historyAt(
  { repository }: StateRepository,
  tip: string,
  since: number,
  known: KnownHistory | null = null,
  bounds?: HistoryBounds,
): Promise<KnownHistory> {
  const { certificates, endpoints } = await loadRecords(repository, tip, '', {
    now: Number.POSITIVE_INFINITY,
    onBad: (path, reason) => assert.fail(`${path}: ${reason}`),
  });
  return readHistory({
    repository,
    tip,
    prefix: '',
    certificates: certificates.values(),
    endpoints: endpoints.values(),
    since,
    known,
    ...(bounds === undefined ? {} : { bounds }),
  });
}

const before = issued('web/shop', ['shop.example'], '2026-08-01T00:00:00Z', '2026-10-30T00:00:00Z', {
  provedAt: null,
});
const after = issued('web/shop', ['shop.example'], '2026-10-01T00:00:00Z', '2026-12-30T00:00:00Z', {
  because: 'renewal due',
  provedAt: null,
});
const proved = { ...after, provedAt: '2026-10-01T00:05:00Z' };
const strayed = finding('served-previous', 'error', 'web-01 serves the one before.', 'Reload it.', {
  certificate: 'web/shop',
  since: '2026-11-01T00:00:00Z',
});

function shop(
  status: CertificateRecord['status'],
  leaf: typeof before,
  findings: CertificateRecord['findings'] = [],
): CertificateRecord {
  return certificate(
    'web/shop',
    status,
    '2026-08-01T00:00:00Z',
    ['shop.example'],
    [installation('web-01', status, leaf, [address('shop.example', leaf)])],
    findings,
  );
}

/** A renewal, a drift that heals, a certificate that comes and goes, an endpoint that falls silent. */
async function lived(state: StateRepository): Promise<readonly string[]> {
  const api = certificate('web/api', 'ok', '2026-09-01T00:00:00Z', ['api.example'], []);
  const machine = endpoint('web-01', 'web', 'web-01:22', []);
  const silent = finding('endpoint-unreachable', 'error', 'No answer.', 'Look.', { endpoint: 'web-01' });
  return [
    await state.say('2026-08-01T00:00:00Z', [shop('ok', before), machine]),
    await state.say('2026-09-01T00:00:00Z', [api]),
    await state.say('2026-10-01T00:00:00Z', [shop('renewal-due', after)]),
    await state.say('2026-10-01T00:05:00Z', [shop('ok', proved)]),
    await state.say('2026-10-20T00:00:00Z', [], { 'certificates/web/api.json': null }),
    await state.say('2026-11-01T00:00:00Z', [shop('drift', proved, [strayed])]),
    await state.say('2026-11-01T02:00:00Z', [shop('ok', proved)]),
    await state.say('2026-11-02T00:00:00Z', [{ ...machine, status: 'unreachable', findings: [silent] }]),
  ];
}

test('every change is told once, newest first, with the commit that made it', async (context) => {
  const state = await opened(context);
  const commits = await lived(state);
  const history = await historyAt(state, commits.at(-1) ?? '', long);
  assert.deepEqual(
    history.transitions.map((each) => [
      each.commit,
      each.certificate ?? each.endpoint,
      each.before,
      each.after,
    ]),
    [
      [commits[7], 'web-01', null, null],
      [commits[6], 'web/shop', 'drift', 'ok'],
      [commits[5], 'web/shop', 'ok', 'drift'],
      [commits[4], 'web/api', 'ok', null],
      [commits[3], 'web/shop', 'renewal-due', 'ok'],
      [commits[2], 'web/shop', 'ok', 'renewal-due'],
      [commits[1], 'web/api', null, 'ok'],
      [commits[0], 'web/shop', null, 'ok'],
      [commits[0], 'web-01', null, null],
    ],
  );
  assert.equal(history.begun, '2026-08-01T00:00:00Z');
  assert.equal(history.knownSince, '2026-08-01T00:00:00Z');
  assert.deepEqual(
    history.commits.map((each) => each.oid),
    commits.toReversed(),
  );
  assert.equal(history.transitions[0]?.phrase, 'reachable -> unreachable');
});

test('what an earlier build kept gives the same history as reading all of it', async (context) => {
  const state = await opened(context);
  const commits = await lived(state);
  const whole = await historyAt(state, commits.at(-1) ?? '', long);
  for (const index of [0, 2, 5, 7]) {
    const known = await historyAt(state, commits[index] ?? '', long);
    assert.deepEqual(
      await historyAt(state, commits.at(-1) ?? '', long, known),
      whole,
      `kept at ${String(index)}`,
    );
  }
});

test('nothing before the window is read, and the history says from when on it knows', async (context) => {
  const state = await opened(context);
  const commits = await lived(state);
  const since = Date.parse('2026-10-10T00:00:00Z');
  const history = await historyAt(state, commits.at(-1) ?? '', since);
  assert.equal(history.knownSince, '2026-10-10T00:00:00Z');
  assert.equal(history.begun, null);
  assert.deepEqual(
    history.transitions.map((each) => each.commit),
    [commits[7], commits[6], commits[5], commits[4]],
  );
  assert.deepEqual(
    history.commits.map((each) => each.oid),
    commits.slice(3).toReversed(),
    'and the commit that was current when the window begins',
  );
  for (const index of [0, 3, 4, 5, 7]) {
    const known = await historyAt(state, commits[index] ?? '', long);
    assert.deepEqual(
      await historyAt(state, commits.at(-1) ?? '', since, known),
      history,
      `at ${String(index)}`,
    );
  }
});

test('a history that grew past its bounds lets go of the oldest commits, kept or read anew', async (context) => {
  const state = await opened(context);
  const commits = await lived(state);
  const tip = commits.at(-1) ?? '';
  for (const [bounds, knownSince, transitions] of [
    [{ commits: 100, transitions: 3 }, '2026-11-01T00:00:00Z', 3],
    // The first commit made two transitions: it is kept as a whole.
    [{ commits: 100, transitions: 8 }, '2026-08-01T00:00:00Z', 9],
    [{ commits: 4, transitions: 100 }, '2026-10-20T00:00:00Z', 4],
    [{ commits: 100, transitions: 100 }, '2026-08-01T00:00:00Z', 9],
  ] as const) {
    const whole = await historyAt(state, tip, long, null, bounds);
    assert.equal(whole.knownSince, knownSince);
    assert.equal(whole.transitions.length, transitions);
    for (const index of [0, 3, 4, 5, 6]) {
      const known = await historyAt(state, commits[index] ?? '', long, null, bounds);
      const moved = await historyAt(state, tip, long, known, bounds);
      assert.deepEqual(moved, whole, `${JSON.stringify(bounds)}, kept at ${String(index)}`);
    }
  }
});

test('what was kept of a shorter window does not shorten a longer one', async (context) => {
  const state = await opened(context);
  const commits = await lived(state);
  const tip = commits.at(-1) ?? '';
  const known = await historyAt(state, commits[5] ?? '', Date.parse('2026-10-10T00:00:00Z'));
  assert.deepEqual(await historyAt(state, tip, long, known), await historyAt(state, tip, long));
});

test('a kept history comes back as it was; a file that is damaged, old or not there counts as none', async (context) => {
  const state = await opened(context);
  const commits = await lived(state);
  const history = await historyAt(state, commits.at(-1) ?? '', long);
  const path = join(workDirectory('known-history'), 'below', 'site-history.json');
  assert.equal(readKnownHistory(path), null);
  keepKnownHistory(path, history);
  assert.deepEqual(readKnownHistory(path), history);
  const text = readFileSync(path, 'utf8');
  for (const damaged of [
    text.slice(0, -5),
    text.replace(/"version":\d+/, '"version":1'),
    text.replace('"transitions":[', '"transitions":[null,'),
    text.replace('"closed":[]', '"closed":null'),
    text.replace(/"tip":"[^"]*"/, '"tip":null'),
    text.replace('"commits":[', '"commits":[7,'),
    'null',
    '[]',
  ]) {
    assert.notEqual(damaged, text);
    writeFileSync(path, damaged);
    assert.equal(readKnownHistory(path), null, damaged.slice(0, 80));
  }
});

test('an issuance is counted when the records first name it, and its proof when they first know it', async (context) => {
  const state = await opened(context);
  const commits = await lived(state);
  const history = await historyAt(state, commits.at(-1) ?? '', long);
  const [first, second, ...more] = issuancesSince(history, long);
  assert.deepEqual(more, []);
  assert.equal(first?.fingerprint, before.fingerprint);
  assert.equal(first?.provedAt, null);
  assert.equal(second?.fingerprint, after.fingerprint);
  assert.equal(second?.commit, commits[2]);
  assert.equal(second?.recordedAt, Date.parse('2026-10-01T00:00:00Z'));
  assert.equal(second?.provedAt, Date.parse('2026-10-01T00:05:00Z'));
  assert.deepEqual([first?.proof, second?.proof], ['awaited', 'served']);
  assert.deepEqual(issuancesSince(history, Date.parse('2026-10-01T00:00:01Z')), []);
});

test('a drift is known from the commit that saw it to the one that no longer did', async (context) => {
  const state = await opened(context);
  const commits = await lived(state);
  const history = await historyAt(state, commits.at(-1) ?? '', long);
  const sources = { ...emptySources(), history };
  const drift = driftFacts(sources, estateOf(sources));
  assert.deepEqual(drift.open, []);
  const [healed] = drift.healed;
  assert.equal(healed?.openedBy, commits[5]);
  assert.equal(healed?.healedBy, commits[6]);
  assert.equal(drift.meanMs, 2 * 3_600_000);
});

test('a record that is no JSON is left out and stops nothing', async (context) => {
  const state = await opened(context);
  await state.say('2026-08-01T00:00:00Z', [shop('ok', before)], { 'certificates/web/broken.json': '{' });
  const tip = await state.say('2026-08-02T00:00:00Z', [shop('drift', before)], {
    'certificates/web/broken.json': '[]',
  });
  const bad: string[] = [];
  const { certificates } = await loadRecords(state.repository, tip, '', {
    now: Number.POSITIVE_INFINITY,
    onBad: (path) => bad.push(path),
  });
  assert.deepEqual(bad, ['certificates/web/broken.json']);
  const history = await readHistory({
    repository: state.repository,
    tip,
    prefix: '',
    certificates: certificates.values(),
    endpoints: [],
    since: long,
    known: null,
  });
  assert.deepEqual(
    history.transitions.map((each) => each.certificate),
    ['web/shop', 'web/shop'],
  );
});

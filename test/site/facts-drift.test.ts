/** Which drift healed, how long it took, and what is served that no record knows: each boundary as a sentence. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CertificateStatus, FindingRecord } from '../../daemon/core/record-format.ts';
import { limits } from '../../daemon/limits.ts';
import { discoveredFacts, driftFacts } from '../../site/facts/drift.ts';
import { estateOf } from '../../site/facts/estate.ts';
import type { SiteSources, Transition } from '../../site/facts/sources.ts';
import { emptySources } from './sample-model.ts';
import { address, certificate, digest, finding, installation, issued } from './sample-records.ts';

const empty = emptySources();
const hour = 3_600_000;
const at = (hours: number): string =>
  new Date(Date.UTC(2026, 10, 1) + hours * hour).toISOString().replace('.000Z', 'Z');

const drift = (code: string, rest: Partial<FindingRecord> = {}): FindingRecord =>
  finding(code, 'error', `${code} ${JSON.stringify(rest)}`, 'Mend it.', {
    certificate: 'web/shop',
    endpoint: 'web-01',
    address: 'shop:443/shop',
    since: at(0),
    ...rest,
  });

const step = (
  hours: number,
  rest: Partial<Transition>,
  after: CertificateStatus | null = 'ok',
): Transition => ({
  at: at(hours),
  commit: `commit ${String(hours)}`,
  certificate: 'web/shop',
  endpoint: null,
  before: 'ok',
  after,
  phrase: '',
  issued: [],
  proved: [],
  opened: [],
  closed: [],
  ...rest,
});

/** The section after these steps, oldest first. */
function after(...steps: readonly Transition[]): ReturnType<typeof driftFacts> {
  const sources: SiteSources = {
    ...empty,
    history: { ...empty.history, transitions: steps.toReversed(), knownSince: at(-100) },
  };
  return driftFacts(sources, estateOf(sources));
}

describe('drift', () => {
  const served = drift('served-previous');
  const opened = step(1, { opened: [served] }, 'drift');

  test('what is found as installed again healed, from when it began to the commit that says so', () => {
    const { healed, healedCount, meanMs, medianMs, worstMs } = after(
      opened,
      step(3, { closed: [served.id] }),
    );
    assert.equal(healedCount, 1);
    assert.deepEqual(
      [healed[0]?.openedBy, healed[0]?.healedBy, healed[0]?.healedAt],
      ['commit 1', 'commit 3', at(3)],
    );
    assert.deepEqual([meanMs, medianMs, worstMs], [3 * hour, 3 * hour, 3 * hour]);
  });

  test('nothing healed gives no times, not times of nothing', () => {
    const { healedCount, meanMs, medianMs, worstMs } = after(opened);
    assert.deepEqual([healedCount, meanMs, medianMs, worstMs], [0, null, null, null]);
  });

  test('a finding that is no drift does not heal as one', () => {
    const overdue = drift('renewal-overdue');
    assert.equal(
      after(step(1, { opened: [overdue] }, 'overdue'), step(2, { closed: [overdue.id] })).healedCount,
      0,
    );
  });

  test('a drift that began before the known history has no beginning to measure from', () => {
    assert.equal(after(step(2, { closed: [served.id] })).healedCount, 0);
  });

  test('the removal of a record heals nothing', () => {
    assert.equal(after(opened, step(2, { closed: [served.id] }, null)).healedCount, 0);
  });

  test('an endpoint that cannot be read any more heals nothing, until it is seen as installed', () => {
    const store = drift('store-changed', { address: null });
    const unreachable = drift('endpoint-unreachable', { address: null });
    const hidden = [
      step(1, { opened: [store] }, 'drift'),
      step(2, { closed: [store.id], opened: [unreachable] }, 'unknown'),
    ];
    assert.equal(after(...hidden).healedCount, 0);
    const { healed, worstMs } = after(...hidden, step(9, { closed: [unreachable.id] }));
    assert.deepEqual([healed[0]?.code, worstMs], ['store-changed', 9 * hour]);
  });

  test('an address that fails in another way heals nothing, also when something else changes meanwhile', () => {
    const refused = drift('connection-failed');
    const hidden = [
      opened,
      step(2, { closed: [served.id], opened: [refused] }, 'failing'),
      step(3, {}, 'failing'),
    ];
    assert.equal(after(...hidden).healedCount, 0);
    assert.equal(after(...hidden, step(4, { closed: [refused.id] })).healedCount, 1);
  });

  test('a record that says unknown, or that work is under way, heals nothing yet', () => {
    for (const status of ['unknown', 'pending'] as const) {
      const hidden = [opened, step(2, { closed: [served.id] }, status)];
      assert.equal(after(...hidden).healedCount, 0, status);
      assert.equal(after(...hidden, step(3, {})).healedCount, 1, status);
    }
  });

  test('a drift that comes back into sight is the one that began before', () => {
    const steps = [
      opened,
      step(2, { closed: [served.id] }, 'unknown'),
      step(5, { opened: [{ ...served, since: at(5) }] }, 'drift'),
      step(6, { closed: [served.id] }),
    ];
    const { healed, worstMs } = after(...steps);
    assert.deepEqual([healed.length, healed[0]?.openedBy, worstMs], [1, 'commit 1', 6 * hour]);
  });

  test('a place that is wrong in another way went on drifting', () => {
    const stranger = drift('served-unknown', { since: at(2) });
    const steps = [opened, step(2, { closed: [served.id], opened: [stranger] }, 'drift')];
    assert.equal(after(...steps).healedCount, 0);
    const { healed, worstMs } = after(...steps, step(4, { closed: [stranger.id] }));
    assert.deepEqual(
      [healed.length, healed[0]?.code, healed[0]?.openedBy, worstMs],
      [1, 'served-unknown', 'commit 1', 4 * hour],
    );
  });

  test('a finding about another address, or of policy about the store, hides nothing', () => {
    const store = drift('store-changed', { address: null });
    const elsewhere = drift('connection-failed', { address: 'other:443/other' });
    const policy = drift('policy-violation', { address: null });
    assert.equal(
      after(opened, step(2, { closed: [served.id], opened: [elsewhere] }, 'failing')).healedCount,
      1,
    );
    assert.equal(
      after(
        step(1, { opened: [store] }, 'drift'),
        step(2, { closed: [store.id], opened: [policy] }, 'non-compliant'),
      ).healedCount,
      1,
    );
  });

  test('the same drift that comes again heals again', () => {
    const again = { ...served, since: at(10) };
    const { healed, meanMs } = after(
      opened,
      step(2, { closed: [served.id] }),
      step(10, { opened: [again] }, 'drift'),
      step(14, { closed: [served.id] }),
    );
    assert.deepEqual(
      healed.map((each) => each.healedBy),
      ['commit 14', 'commit 2'],
      'newest first',
    );
    assert.equal(meanMs, 3 * hour);
  });

  test('the median of an even number is the lower of the two in the middle', () => {
    const one = (index: number) => drift('served-previous', { address: `a${String(index)}:443/a` });
    const { medianMs, meanMs, worstMs } = after(
      step(0, { opened: [one(1), one(2), one(3), one(4)] }, 'drift'),
      step(1, { closed: [one(1).id] }),
      step(2, { closed: [one(2).id] }),
      step(4, { closed: [one(3).id] }),
      step(9, { closed: [one(4).id] }),
    );
    assert.deepEqual([medianMs, meanMs, worstMs], [2 * hour, 4 * hour, 9 * hour]);
  });

  test('one that healed before it began, by a clock that was put back, is counted and not measured', () => {
    const { healedCount, meanMs } = after(
      step(1, { opened: [{ ...served, since: at(5) }] }, 'drift'),
      step(2, { closed: [served.id] }),
    );
    assert.deepEqual([healedCount, meanMs], [1, null]);
  });

  test('what stands is shown longest-standing first, cut, and counted whole', () => {
    const many = Array.from({ length: limits.site.tableRowsMax + 1 }, (_, index) =>
      drift('served-previous', { address: `a${String(index)}:443/a`, since: at(index === 7 ? -1 : 0) }),
    );
    const sources = {
      ...empty,
      records: { ...empty.records, certificates: [certificate('web/shop', 'drift', at(0), [], [], many)] },
    };
    const { open, openCount } = driftFacts(sources, estateOf(sources));
    assert.deepEqual(
      [open.length, openCount, open[0]?.since],
      [limits.site.tableRowsMax, limits.site.tableRowsMax + 1, at(-1)],
    );
  });
});

describe('what was discovered', () => {
  const ours = issued('web/shop', ['shop.example'], at(0), at(2000));
  const other = issued('web/api', ['api.example'], at(0), at(2000));
  const stranger = issued('x', ['shop.example'], at(0), at(2000), { issuer: 'CN=Somebody', issuedBy: null });
  const found = (...seen: readonly ReturnType<typeof address>[]) => {
    const records = [
      certificate('web/shop', 'ok', at(0), [], [installation('web-01', 'ok', ours, seen)]),
      certificate('web/api', 'ok', at(0), [], [installation('web-02', 'ok', other, [])]),
    ];
    return discoveredFacts(estateOf({ ...empty, records: { ...empty.records, certificates: records } }));
  };

  test('a certificate of ours is none, wherever it is served and whatever is wrong with it', () => {
    assert.equal(found(address('shop.example', ours)).total, 0);
    assert.equal(found(address('shop.example', other, { result: 'served-other-known' })).total, 0);
    assert.equal(found(address('shop.example', other, { result: 'name-mismatch' })).total, 0);
    assert.equal(found(address('shop.example', ours, { result: 'expired' })).total, 0);
  });

  test('a stranger is one, also where something else is wrong with it first', () => {
    for (const result of ['served-unknown', 'expired', 'untrusted', 'name-mismatch', 'chain-incomplete'])
      assert.deepEqual(
        found(address('shop.example', stranger, { result })).items.map((each) => [each.kind, each.issuer]),
        [['stranger', 'CN=Somebody']],
        result,
      );
  });

  test('a certificate that the daemon knows as ours is none, though no record names it any more', () => {
    for (const result of ['served-previous', 'served-other-known'])
      assert.equal(found(address('shop.example', stranger, { result })).total, 0, result);
  });

  test('an address at which nothing was seen shows nothing', () => {
    assert.equal(found(address('shop.example', null, { result: 'connection-failed' })).total, 0);
  });

  test('what stood in place is found, and one that is over says so', () => {
    const stood = { ...ours, issuedBy: null };
    const kinds = (declaration: Partial<ReturnType<typeof certificate>['declaration']>) => {
      const record = certificate(
        'web/shop',
        'ok',
        at(0),
        [],
        [installation('web-01', 'ok', stood, [])],
        [],
        declaration,
      );
      return discoveredFacts(
        estateOf({ ...empty, records: { ...empty.records, certificates: [record] } }),
      ).items.map((each) => [each.kind, each.fingerprint, each.ended]);
    };
    const fingerprint = digest(`leaf web/shop ${at(0)}`);
    assert.deepEqual(kinds({}), [['found', fingerprint, false]]);
    assert.deepEqual(kinds({ withdrawn: true }), [['found', fingerprint, true]]);
    assert.deepEqual(kinds({ state: 'retired' }), [['found', fingerprint, true]]);
  });
});

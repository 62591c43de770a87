/** Facts that depend on time: the trend, what ends when, load, renewals, and the cryptography of what is installed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CertificateRecord, CertificateStatus } from '../../daemon/core/record-format.ts';
import { limits } from '../../daemon/limits.ts';
import { cryptographyFacts, quantumState } from '../../site/facts/cryptography.ts';
import { countStatuses, estateOf } from '../../site/facts/estate.ts';
import { expiryFacts } from '../../site/facts/expiry.ts';
import { trendInstants, trendOf } from '../../site/facts/posture.ts';
import type { History, SiteSources, Transition } from '../../site/facts/sources.ts';
import { renewalRecord, teamFacts } from '../../site/facts/teams.ts';
import type { StatusCounts } from '../../site/src/lib/model.ts';
import { emptySources, modelOf, sampleAt, sampleSources } from './sample-model.ts';
import { address, certificate, digest, finding, installation, issued, oid } from './sample-records.ts';

const day = 86_400_000;
const now = Date.parse(sampleAt);
const iso = (instant: number): string => new Date(instant).toISOString().replace(/\.\d+Z$/, 'Z');
const daysAway = (days: number): string => iso(now + days * day);
const counts = (some: Partial<StatusCounts>): StatusCounts => ({ ...countStatuses([]), ...some });

const move = (
  at: string,
  before: CertificateStatus | null,
  after: CertificateStatus | null,
  rest: Partial<Transition> = {},
): Transition => ({
  at,
  commit: oid(at),
  certificate: 'web/shop',
  endpoint: null,
  before,
  after,
  phrase: '',
  issued: [],
  proved: [],
  opened: [],
  closed: [],
  ...rest,
});

const past = (transitions: readonly Transition[], rest: Partial<History> = {}): History => ({
  transitions: [...transitions].sort((a, b) => (a.at < b.at ? 1 : -1)),
  knownSince: daysAway(-365),
  begun: null,
  commits: transitions.map(({ commit, at }) => ({ oid: commit, at })).sort((a, b) => (a.at < b.at ? 1 : -1)),
  ...rest,
});

/** One certificate with one installation that lives from `from` to `until`, in days from the build. */
function lives(
  id: string,
  from: number,
  until: number,
  {
    renews = null,
    env = 'prod',
    key = ['ecdsa-p256', 256],
    spki = digest(`key of ${id}`),
    status = 'ok',
    state = 'present',
  }: {
    readonly renews?: number | null;
    readonly env?: string | null;
    readonly key?: readonly [string, number];
    readonly spki?: string;
    readonly status?: CertificateStatus;
    readonly state?: 'present' | 'retired';
  } = {},
): CertificateRecord {
  const leaf = issued(id, [`${id.replace('/', '.')}.example`], daysAway(from), daysAway(until), {
    keyAlgorithm: key[0],
    keyBits: key[1],
    spki,
  });
  return certificate(
    id,
    status,
    daysAway(-1),
    leaf.dnsNames,
    [
      installation('web-01', status, leaf, [address('a.example', leaf)], {
        renewAt: renews === null ? null : daysAway(renews),
      }),
    ],
    [],
    { labels: env === null ? {} : { env }, state },
  );
}

const nothing = emptySources();

function withRecords(
  certificates: readonly CertificateRecord[],
  rest: Partial<SiteSources> = {},
): SiteSources {
  return { ...nothing, records: { ...nothing.records, certificates }, ...rest };
}

const expiryOf = (
  certificates: readonly CertificateRecord[],
  rest: Partial<SiteSources> = {},
): ReturnType<typeof expiryFacts> => {
  const sources = withRecords(certificates, rest);
  return expiryFacts(sources, estateOf(sources));
};

describe('the trend', () => {
  test('has a point a week, the last one at the build', () => {
    const instants = trendInstants(now);
    assert.equal(instants.length, limits.site.trendWeeks + 1);
    assert.equal(instants.at(-1), now);
    for (const [index, instant] of instants.slice(1).entries())
      assert.equal(instant - (instants[index] ?? 0), 7 * day);
  });

  test('is worked out backwards from what stands now', () => {
    const history = past([
      move(daysAway(-10), 'ok', 'expired'),
      move(daysAway(-3), 'expired', 'ok'),
      move(daysAway(-1), null, 'failing'),
    ]);
    const trend = trendOf(history, counts({ ok: 4, failing: 1 }), now, oid('tip'));
    assert.deepEqual(trend.at(-1)?.counts, counts({ ok: 4, failing: 1 }));
    assert.deepEqual(trend.at(-2)?.counts, counts({ ok: 3, expired: 1 }), 'a week ago one had expired');
    assert.deepEqual(trend.at(-3)?.counts, counts({ ok: 4 }), 'two weeks ago it had not');
  });

  test('a certificate whose record was removed is there again before', () => {
    const trend = trendOf(past([move(daysAway(-2), 'drift', null)]), counts({ ok: 1 }), now, oid('tip'));
    assert.deepEqual(trend.at(-2)?.counts, counts({ ok: 1, drift: 1 }));
  });

  test('what happened exactly at an instant belongs to it', () => {
    const trend = trendOf(past([move(daysAway(-7), 'ok', 'drift')]), counts({ drift: 1 }), now, oid('tip'));
    assert.deepEqual(trend.at(-2)?.counts, counts({ drift: 1 }));
    assert.deepEqual(trend.at(-3)?.counts, counts({ ok: 1 }));
  });

  test('is unknown, not none, before history reaches and before the first record', () => {
    const cut = trendOf(past([], { knownSince: daysAway(-10) }), counts({ ok: 2 }), now, oid('tip'));
    assert.deepEqual(cut.at(-2)?.counts, counts({ ok: 2 }));
    assert.equal(cut.at(-3)?.counts, null);
    const young = trendOf(past([], { begun: daysAway(-7) }), counts({ ok: 2 }), now, oid('tip'));
    assert.deepEqual(young.at(-2)?.counts, counts({ ok: 2 }), 'the instant of the first record is known');
    assert.equal(young.at(-3)?.counts, null);
  });

  test('without any history only now is known', () => {
    const trend = trendOf(past([], { knownSince: null }), counts({ ok: 2 }), now, oid('tip'));
    assert.deepEqual(
      trend.map((point) => point.counts),
      [...Array.from({ length: limits.site.trendWeeks }, () => null), counts({ ok: 2 })],
    );
  });

  test('each point names the commit whose records were current then', () => {
    const history = past([move(daysAway(-8), 'ok', 'drift'), move(daysAway(-15), null, 'ok')]);
    const trend = trendOf(history, counts({ drift: 1 }), now, oid('tip'));
    assert.deepEqual(
      trend.slice(-4).map((point) => point.commit),
      [null, oid(daysAway(-15)), oid(daysAway(-8)), oid('tip')],
    );
  });

  test('a status this site does not know counts as unknown in the past too', () => {
    const strange = JSON.parse('"melted"') as CertificateStatus;
    const trend = trendOf(past([move(daysAway(-1), strange, 'ok')]), counts({ ok: 1 }), now, oid('tip'));
    assert.deepEqual(trend.at(-2)?.counts, counts({ unknown: 1 }));
  });

  test('of all teams together is the trend of the estate', () => {
    const model = modelOf(sampleSources());
    for (const [index, point] of model.posture.trend.entries()) {
      const teams = model.teams.map((team) => team.trend[index] ?? null);
      if (point.counts === null) assert.ok(teams.every((each) => each === null));
      else {
        const { ok, pending, retired, 'renewal-due': due, ...attention } = point.counts;
        assert.ok(ok + pending + retired + due >= 0);
        const open = Object.values(attention).reduce((sum, each) => sum + each, 0);
        assert.equal(
          teams.reduce<number>((sum, each) => sum + (each ?? 0), 0),
          open,
          point.at,
        );
      }
    }
  });
});

describe('what ends when', () => {
  test('weeks begin on Monday, the first one is the week of the build', () => {
    const { weeks } = expiryOf([]);
    assert.equal(weeks.length, limits.site.expiryWeeks);
    assert.equal(weeks[0]?.from, '2026-11-16T00:00:00Z');
    for (const { from } of weeks) assert.equal(new Date(from).getUTCDay(), 1, from);
  });

  test('a build on a Monday at midnight begins with that day, one a second before with the week before', () => {
    const first = (at: string): string | undefined => expiryOf([], { at }).weeks[0]?.from;
    assert.equal(first('2026-11-23T00:00:00Z'), '2026-11-23T00:00:00Z');
    assert.equal(first('2026-11-22T23:59:59Z'), '2026-11-16T00:00:00Z');
  });

  test('every installed certificate is in exactly one place: before, a week, or after', () => {
    const certificates = [-400, -1, 0, 1, 6.6, 8, 177, 178, 179, 400].map((until, index) =>
      lives(`web/c${String(index)}`, -500, until),
    );
    const { before, after, weeks } = expiryOf(certificates);
    const inWeeks = weeks.flatMap((week) => week.ends).reduce((sum, each) => sum + each, 0);
    assert.equal(before + inWeeks + after, certificates.length);
    assert.equal(before, 2, 'one that ends at the instant of the build has not ended before it');
  });

  test('the end of Sunday is this week, the start of Monday the next', () => {
    const sunday = (Date.parse('2026-11-22T23:59:59Z') - now) / day;
    const monday = (Date.parse('2026-11-23T00:00:00Z') - now) / day;
    const { weeks } = expiryOf([lives('web/a', -60, sunday), lives('web/b', -60, monday)]);
    assert.deepEqual(
      weeks.slice(0, 3).map((week) => week.ends),
      [[1], [1], [0]],
    );
  });

  test('counts stand in the order of the environments, one without a label among them', () => {
    const { environments, weeks } = expiryOf([
      lives('web/a', -60, 1, { env: 'prod' }),
      lives('web/b', -60, 1, { env: 'prod' }),
      lives('web/c', -60, 1, { env: 'test' }),
      lives('web/d', -60, 1, { env: null }),
    ]);
    assert.deepEqual(environments, ['', 'prod', 'test']);
    assert.deepEqual(weeks[0]?.ends, [1, 2, 1]);
  });

  test('days are those from today on, a leap day among them, and what ended today is not ahead', () => {
    const at = '2027-12-31T12:00:00Z';
    const { days } = expiryOf([], { at });
    assert.equal(days.length, limits.site.expiryDays);
    assert.equal(days[0]?.day, '2027-12-31');
    assert.ok(days.some((each) => each.day === '2028-02-29'));
    const today = expiryOf([lives('web/a', -60, -0.01), lives('web/b', -60, 0.01)]);
    assert.deepEqual(today.days[0], { day: '2026-11-21', ends: 1, renews: 0 });
  });

  test('a planned renewal counts on its day and week; one that is overdue is no longer ahead', () => {
    const { days, weeks } = expiryOf([
      lives('web/a', -60, 30, { renews: 3 }),
      lives('web/b', -60, 30, { renews: -1 }),
    ]);
    assert.equal(days[3]?.renews, 1);
    assert.equal(
      weeks.reduce((sum, week) => sum + week.renews, 0),
      1,
    );
  });

  test('the list is by end, soonest first, and leaves out what was never issued', () => {
    const pending = certificate('web/new', 'pending', daysAway(-1), ['new.example'], []);
    const { rows } = expiryOf([lives('web/b', -60, 20), pending, lives('web/a', -60, 10)]);
    assert.deepEqual(
      rows.map((row) => row.id),
      ['web/a', 'web/b'],
    );
  });
});

describe('renewals under shorter lifetimes', () => {
  const load = (certificates: readonly CertificateRecord[]): (readonly [number | null, number])[] =>
    expiryOf(certificates).load.map((each) => [each.lifetimeMaxDays, each.renewalsPerYear]);

  test('a certificate that is renewed after two thirds of 90 days is renewed six times a year', () => {
    assert.deepEqual(load([lives('web/a', 0, 90, { renews: 60 })]), [
      [null, 6],
      [200, 6],
      [100, 6],
      [47, 12],
    ]);
  });

  test('a limit that is longer than a lifetime changes nothing, a shorter one does', () => {
    const [asIs, , hundred] = load([lives('web/a', 0, 398, { renews: 398 / 2 })]);
    assert.deepEqual(asIs, [null, 2]);
    assert.deepEqual(hundred, [100, 7]);
  });

  test('without a plan two thirds of the lifetime are taken, and for a plan outside it too', () => {
    const plain = load([lives('web/a', 0, 90)]);
    assert.deepEqual(plain, load([lives('web/a', 0, 90, { renews: 60 })]));
    assert.deepEqual(plain, load([lives('web/a', 0, 90, { renews: -5 })]));
    assert.deepEqual(plain, load([lives('web/a', 0, 90, { renews: 120 })]));
  });

  test('what is retired is renewed no more, and a lifetime of nothing divides nothing by zero', () => {
    assert.deepEqual(
      load([lives('web/a', 0, 90, { state: 'retired' }), lives('web/b', 5, 5)]).map(([, n]) => n),
      [0, 0, 0, 0],
    );
  });

  test('a day is a 365th of the year, to a tenth', () => {
    const many = Array.from({ length: 100 }, (_, index) =>
      lives(`web/c${String(index)}`, 0, 90, { renews: 60 }),
    );
    const [asIs] = expiryOf(many).load;
    assert.equal(asIs?.renewalsPerYear, 609);
    assert.equal(asIs?.renewalsPerDay, 1.7);
  });
});

describe('the record of renewals', () => {
  const renewedWith = (leftShare: number): Transition => {
    const at = daysAway(-20);
    const until = now - 20 * day + leftShare * 100 * day;
    return move(at, 'renewal-due', 'ok', {
      issued: [
        {
          endpoint: 'web-01',
          serial: '04',
          fingerprint: digest('new'),
          because: null,
          issuedBy: null,
          notBefore: at,
          notAfter: daysAway(70),
          proof: 'awaited',
          replaced: { notBefore: iso(until - 100 * day), notAfter: iso(until) },
        },
      ],
    });
  };

  test('a renewal is in time while exactly the margin is left, and not a moment later', () => {
    const margin = limits.site.renewalMarginShare;
    assert.deepEqual(renewalRecord([renewedWith(margin)]), { renewed: 1, inTime: 1 });
    assert.deepEqual(renewalRecord([renewedWith(margin - 0.0001)]), { renewed: 1, inTime: 0 });
    assert.deepEqual(renewalRecord([renewedWith(-0.1)]), { renewed: 1, inTime: 0 }, 'after the end');
  });

  test('a first issuance is no renewal', () => {
    const first = renewedWith(0.5);
    assert.deepEqual(
      renewalRecord([{ ...first, issued: first.issued.map((each) => ({ ...each, replaced: null })) }]),
      { renewed: 0, inTime: 0 },
    );
  });
});

describe('a team', () => {
  const sources = sampleSources();
  const estate = estateOf(sources);
  const teams = teamFacts(sources, estate, { changes: [], waivers: [] });

  test('has every certificate that needs a person in its work, with the worst that is known of it', () => {
    for (const team of teams)
      assert.equal(team.work.length, Math.min(team.open, limits.site.teamFindingsMax));
    const freight = teams.find((team) => team.name === 'freight');
    assert.deepEqual(
      freight?.work.map((each) => [each.id, each.status, each.finding?.code]),
      [
        ['freight/customs-gateway', 'expired', 'certificate-expired'],
        ['freight/yard-scanner', 'unknown', 'address-not-seen'],
      ],
    );
    assert.deepEqual(
      freight.others.map((each) => each.code),
      ['endpoint-unreachable'],
      'what is told with a certificate is not told again',
    );
  });

  test('does not lose certificates in need behind another one with many findings', () => {
    const noisy = Array.from({ length: 100 }, (_, index) =>
      finding('policy-violation', 'critical', `rule ${String(index)}`, 'Mend it.', {
        certificate: 'web/noisy',
      }),
    );
    const quiet = lives('web/quiet', -60, 5, { status: 'unknown' });
    const crowded = withRecords([
      { ...lives('web/noisy', -60, 5, { status: 'failing' }), findings: noisy },
      {
        ...quiet,
        findings: [finding('address-not-seen', 'info', 'quiet', 'Look.', { certificate: 'web/quiet' })],
      },
    ]);
    const [web] = teamFacts(crowded, estateOf(crowded), { changes: [], waivers: [] });
    assert.deepEqual(
      web?.work.map((each) => [each.id, each.finding?.code]),
      [
        ['web/noisy', 'policy-violation'],
        ['web/quiet', 'address-not-seen'],
      ],
    );
  });

  test('what comes next is a renewal where one is planned, else the end', () => {
    const own = withRecords([
      lives('web/a', -60, 30, { renews: 10 }),
      lives('web/b', -60, 5),
      lives('web/c', -60, -1),
    ]);
    const [web] = teamFacts(own, estateOf(own), { changes: [], waivers: [] });
    assert.deepEqual(web?.next, [
      { id: 'web/b', at: daysAway(5), what: 'ends' },
      { id: 'web/a', at: daysAway(10), what: 'renews' },
    ]);
  });

  test('that only the records know is listed, and says that nobody declared it', () => {
    const own = withRecords([lives('ghost/a', -60, 30)]);
    const [ghost] = teamFacts(own, estateOf(own), { changes: [], waivers: [] });
    assert.equal(ghost?.name, 'ghost');
    assert.equal(ghost.declared, false);
  });
});

describe('what a quantum computer means', () => {
  const states = {
    vulnerable: [
      'rsa-2048',
      'rsa-pss-3072',
      'ecdsa-p256',
      'ecdsa-explicit',
      'ecdsa-secp256k1',
      'ed25519',
      'Ed448',
      'x25519',
      'dsa',
      'sha256WithRSAEncryption',
      'ecdsa-with-SHA384',
      'dsa-with-sha256',
      'brainpoolP256r1',
      '1.2.840.113549.1.1.11',
      '1.2.840.10045.4.3.2',
    ],
    ready: [
      'ml-dsa-44',
      'ML-DSA-65',
      'mldsa87',
      'id-ml-dsa-65',
      'slh-dsa-sha2-128s',
      'SLH-DSA-SHAKE-256f',
      'hash-ml-dsa-44-with-sha512',
      'xmss',
      'id-alg-hss-lms-hashsig',
      '2.16.840.1.101.3.4.3.17',
      '2.16.840.1.101.3.4.3.31',
      '2.16.840.1.101.3.4.3.46',
    ],
    transition: ['MLDSA44-RSA2048-PSS-SHA256', 'id-MLDSA65-ECDSA-P256-SHA512', 'ml-dsa-44-ed25519'],
    unknown: [
      '',
      'none',
      '1.3.6.1.4.1.99999.1',
      '2.16.840.1.101.3.4.3.1',
      '2.16.840.1.101.3.4.3.170',
      '2.16.840.1.101.3.4.3.47',
      'films-2000',
    ],
  } as const;
  for (const [state, names] of Object.entries(states))
    test(`${state}: ${names.join(', ')}`, () => {
      for (const name of names) assert.equal(quantumState(name), state, name);
    });
});

describe('the cryptography of what is installed', () => {
  const of = (certificates: readonly CertificateRecord[]): ReturnType<typeof cryptographyFacts> =>
    cryptographyFacts(estateOf(withRecords(certificates)));

  test('counts each installation once in every table, and what holds nothing in none', () => {
    const empty = certificate(
      'web/new',
      'pending',
      daysAway(-1),
      ['n.example'],
      [installation('web-01', 'pending', null, [])],
    );
    const crypto = of([
      lives('web/a', 0, 90),
      lives('web/b', 0, 90, { env: 'test', key: ['rsa-2048', 2048] }),
      lives('web/c', 0, 90, { env: 'test' }),
      empty,
    ]);
    assert.equal(crypto.installations, 3);
    assert.equal(crypto.unknown, 1);
    for (const list of [crypto.keys, crypto.signatures, crypto.lifetimes, crypto.issuers])
      assert.equal(
        list.reduce((sum, each) => sum + each.total, 0),
        3,
      );
    assert.deepEqual(crypto.quantum, { vulnerable: 3, transition: 0, ready: 0, unknown: 0 });
    assert.deepEqual(
      crypto.keys.map(({ algorithm, bits, counts: each }) => [algorithm, bits, each]),
      [
        ['ecdsa-p256', 256, [1, 1]],
        ['rsa-2048', 2048, [0, 1]],
      ],
    );
  });

  test('the same algorithm in two sizes is two keys', () => {
    const crypto = of([
      lives('web/a', 0, 90, { key: ['rsa', 2048] }),
      lives('web/b', 0, 90, { key: ['rsa', 4096] }),
    ]);
    assert.equal(crypto.keys.length, 2);
  });

  test('each number has the certificates behind it, each once, and says how many are left out', () => {
    const many = Array.from({ length: limits.site.holdersMax + 5 }, (_, index) =>
      lives(`web/c${String(index).padStart(2, '0')}`, 0, 90),
    );
    const [key] = of(many).keys;
    assert.equal(key?.holders.count, many.length);
    assert.equal(key.holders.certificates.length, limits.site.holdersMax);
    assert.equal(key.holders.certificates[0], 'web/c00');
    const [shop] = sampleSources().records.certificates.filter((each) => each.metadata.name === 'shop');
    assert.ok(shop !== undefined);
    const twice = of([shop]);
    assert.equal(twice.keys[0]?.total, 2);
    assert.deepEqual(twice.keys[0].holders, { certificates: ['web/shop'], count: 1 });
  });

  test('a lifetime on a step belongs to it, with the hour that authorities date back, and not with two', () => {
    const step = (days: number): string | undefined =>
      of([lives('web/a', 0, days)]).lifetimes.find((each) => each.total === 1)?.label;
    assert.equal(step(47), 'up to 47 days');
    assert.equal(step(47 + 1 / 24), 'up to 47 days');
    assert.equal(step(47 + 2 / 24), 'up to 100 days');
    assert.equal(step(398), 'up to 398 days');
    assert.equal(step(3650), 'longer');
  });

  test('a key in two places is told with its places, the one with most places first', () => {
    const crypto = of([
      lives('web/a', 0, 90, { spki: 'aa' }),
      lives('web/b', 0, 90, { spki: 'aa' }),
      lives('web/c', 0, 90, { spki: 'bb' }),
      lives('web/d', 0, 90, { spki: 'cc' }),
      lives('web/e', 0, 90, { spki: 'cc' }),
      lives('web/f', 0, 90, { spki: 'cc' }),
    ]);
    assert.equal(crypto.sharedKeyCount, 2);
    assert.deepEqual(
      crypto.sharedKeys.map(({ spki, placeCount }) => [spki, placeCount]),
      [
        ['cc', 3],
        ['aa', 2],
      ],
    );
    assert.deepEqual(crypto.sharedKeys[1]?.places, ['web/a@web-01', 'web/b@web-01']);
  });

  test('for the public no certificate is named behind any number', () => {
    const sources = sampleSources();
    const model = modelOf({ ...sources, settings: { ...sources.settings, redaction: 'public' } });
    const text = JSON.stringify([model.crypto, model.expiry, model.teams, model.posture]);
    for (const { metadata } of sources.records.certificates)
      assert.ok(!text.includes(`${metadata.team}/${metadata.name}`), metadata.name);
    assert.ok(model.crypto.installations > 0);
  });
});

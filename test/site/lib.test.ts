/** What the pages say, in values: sentences, counts, order, addresses. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CertificateRecord } from '../../daemon/core/record-format.ts';
import { limits } from '../../daemon/limits.ts';
import { countStatuses, estateOf } from '../../site/facts/estate.ts';
import { lifetimeBar, verdictOf } from '../../site/src/lib/certificate-view.ts';
import { clean, cleanPem, cleanText, safeUrl } from '../../site/src/lib/clean.ts';
import { createLinks, slug } from '../../site/src/lib/links.ts';
import { cleanDeep, cleanJson, type StatusCounts } from '../../site/src/lib/model.ts';
import {
  dataAge,
  estateBar,
  isFirstTime,
  postureHeadline,
  postureSentence,
  sixCounts,
} from '../../site/src/lib/posture.ts';
import { spanWords, utc } from '../../site/src/lib/time-words.ts';
import { resultWord, statusOrder, statusWord } from '../../site/src/lib/words.ts';
import { emptySources, modelOf, sampleModel, sampleSources } from './sample-model.ts';
import { address, certificate, finding, installation, issued } from './sample-records.ts';

const model = sampleModel();
const counts = (some: Partial<StatusCounts>): StatusCounts => ({ ...countStatuses([]), ...some });

describe('the posture', () => {
  test('says all is well only when every certificate is in order', () => {
    assert.equal(
      postureHeadline(counts({ ok: 3 })),
      'All 3 certificates are served as issued and within policy.',
    );
    assert.equal(postureHeadline(counts({ ok: 3, pending: 1 })), 'No certificate needs a person.');
    assert.equal(postureHeadline(counts({})), 'No certificate is declared yet.');
  });

  test('names the worst of what needs a person', () => {
    assert.equal(
      postureHeadline(counts({ ok: 5, drift: 2, unknown: 1 })),
      '3 of 8 certificates need a person: 2 are not served as issued.',
    );
    assert.equal(
      postureHeadline(counts({ ok: 5, drift: 1 })),
      '1 of 6 certificates needs a person: it is not served as issued.',
    );
    assert.equal(
      postureHeadline(counts({ ok: 5, expired: 2 })),
      '2 of 7 certificates need a person: they have expired.',
    );
  });

  test('counts every certificate exactly once', () => {
    const all = countStatuses(sampleSources().records.certificates);
    const six = sixCounts(all).reduce((sum, each) => sum + each.number, 0);
    assert.equal(six + all['renewal-due'] + all.pending + all.retired, model.posture.total);
    for (const status of statusOrder) assert.ok(postureSentence(all).includes(String(all[status])));
  });

  test('a status it does not know counts as unknown, never as in order', () => {
    const [first] = sampleSources().records.certificates;
    assert.ok(first !== undefined);
    const strange: CertificateRecord = { ...first, status: JSON.parse('"constructor"') };
    assert.equal(countStatuses([strange]).unknown, 1);
    assert.equal(statusWord('constructor').tone, 'unknown');
    assert.equal(resultWord('toString').tone, 'unknown');
  });

  test('one in ten thousand can be seen in the bar', () => {
    const bar = estateBar(counts({ ok: 9999, expired: 1 }));
    assert.ok((bar[0]?.width ?? 0) >= 6);
    const last = bar.at(-1);
    assert.ok(last !== undefined && last.x + last.width <= 1001);
  });

  test('the next renewals are those after the build, soonest first', () => {
    assert.deepEqual(
      model.posture.nextRenewals.slice(0, 3).map(({ id }) => id),
      ['freight/yard-scanner', 'signalling/train-position', 'web/api'],
    );
  });
});

describe('the age of the facts', () => {
  const age = (at: string | null, built: string): boolean =>
    dataAge({
      dataAge: { at, staleAfterMs: 3 * 3_600_000 },
      generatedFrom: { ...model.generatedFrom, at: built },
    }).stale;
  test('exactly three hours are fresh', () => {
    assert.equal(age('2026-11-21T00:00:00Z', '2026-11-21T03:00:00Z'), false);
  });
  test('three hours and a second are stale', () => {
    assert.equal(age('2026-11-21T00:00:00Z', '2026-11-21T03:00:01Z'), true);
  });
  test('records without a heartbeat are stale: silence is an alarm', () => {
    assert.equal(age(null, '2026-11-21T03:00:00Z'), true);
    assert.equal(isFirstTime({ ...model, heartbeat: null }), false);
    assert.equal(isFirstTime(modelOf(emptySources())), true);
  });
});

describe('a certificate', () => {
  test('the bar of one that ended is full, and says when renewal was planned', () => {
    const leaf = issued('a/b', ['x.example'], '2026-01-01T00:00:00Z', '2026-04-01T00:00:00Z');
    const bar = lifetimeBar(leaf, '2026-03-01T00:00:00Z', '2026-04-03T00:00:00Z');
    assert.equal(bar?.now, 1000);
    assert.match(bar?.title ?? '', /^Ended 2 days before/);
    assert.match(bar?.description ?? '', /renewal was planned/);
    assert.equal(lifetimeBar({ ...leaf, notAfter: 'soon' }, null, '2026-04-03T00:00:00Z'), null);
  });

  test('one that was never issued says nothing about a date', () => {
    const record = certificate(
      'a/b',
      'pending',
      '2026-11-20T00:00:00Z',
      ['x'],
      [installation('e', 'pending', null, [])],
    );
    assert.doesNotMatch(verdictOf(record, '2026-11-21T00:00:00Z').verdict, /valid until|ended|address/);
  });

  test('one without an address is said to be installed with nothing to prove, never to be served', () => {
    const old = issued('a/b', ['x.example'], '2026-10-01T00:00:00Z', '2027-01-01T00:00:00Z');
    for (const leaf of [old, { ...old, proof: 'nothing-to-prove' as const, provedAt: null }]) {
      const since = '2026-11-20T00:00:00Z';
      const record = certificate('a/b', 'ok', since, ['x'], [installation('e', 'ok', leaf, [])]);
      const { verdict } = verdictOf(record, '2026-11-21T00:00:00Z');
      assert.match(verdict, /There was nothing to prove/);
      assert.doesNotMatch(verdict, /serve/);
      const beside = installation('f', 'ok', leaf, [address('x.example', leaf)]);
      const mixed = certificate('a/b', 'ok', since, ['x'], [installation('e', 'ok', leaf, []), beside]);
      assert.match(verdictOf(mixed, since).verdict, /On e there is nothing to prove/);
    }
  });
});

test('a finding that stands in two records is one finding', () => {
  const one = finding('x', 'error', 'm', 'r');
  const record = certificate('a/b', 'ok', '2026-11-20T00:00:00Z', [], [], [one]);
  const sources = emptySources();
  const records = {
    ...sources.records,
    certificates: [record],
    repository: { apiVersion: 'renewd/v1', kind: 'RepositoryFindings', findings: [one] } as const,
  };
  assert.equal(estateOf({ ...sources, records }).findings.length, 1);
});

describe('addresses of pages', () => {
  test('different names never share a page, also where upper and lower case are one file', () => {
    const names = [
      'a',
      'A',
      '*.example.com',
      '_.example.com',
      'a/b',
      'a-b',
      '..',
      '.',
      'ä',
      'ae',
      'a.',
      'CON',
      '',
    ];
    assert.equal(new Set(names.map((name) => slug(name).toLowerCase())).size, names.length);
    for (const name of names) assert.match(slug(name), /^[a-z0-9~-][a-z0-9._~-]*$/, name);
  });
  test('a base path may miss its slashes', () => {
    for (const base of ['/a/b/', 'a/b', '/a/b'])
      assert.equal(createLinks(base).team('web'), '/a/b/teams/web/', base);
    assert.equal(createLinks('/').to(''), '/');
  });
});

describe('text of strangers', () => {
  test('is one line without controls, with overrides made visible', () => {
    assert.equal(clean('a\r\nb\u0000\u001B[31m\u202Ec\u200B'), 'a b[31m⟨U+202E⟩c⟨U+200B⟩');
    assert.equal(clean('\uD800'), '\uFFFD');
  });
  test('exactly as long as allowed stays whole, one more is cut and counted', () => {
    const max = limits.site.textMaxChars;
    assert.equal(clean('a'.repeat(max)), 'a'.repeat(max));
    assert.match(clean('a'.repeat(max + 1)), new RegExp(`^a{${max}}… \\(${max + 1} characters\\)$`));
  });
  test('PEM keeps only certificates', () => {
    const block = '-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n';
    assert.equal(cleanPem(`junk${block}-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----`), block);
  });
  test('only https and plain mail addresses become links', () => {
    assert.equal(safeUrl('https://a.example/x'), 'https://a.example/x');
    assert.equal(safeUrl('mailto:a@b.example'), 'mailto:a@b.example');
    for (const bad of [
      'javascript:alert(1)',
      'data:text/html,x',
      'http://a.example',
      'https://u:p@a.example',
      'mailto:a@b.example?cc=c@d',
      '/x',
    ])
      assert.equal(safeUrl(bad), null, bad);
  });
});

test('instants and spans are said as people say them', () => {
  assert.equal(utc('2026-11-20T10:00:00Z'), '2026-11-20 10:00 UTC');
  assert.equal(utc('yesterday'), 'yesterday');
  for (const [ms, words] of [
    [59_999, 'less than a minute'],
    [60_000, '1 minute'],
    [3_600_000, '1 hour'],
    [172_799_999, '47 hours'],
    [172_800_000, '2 days'],
  ] as const)
    assert.equal(spanWords(ms), words);
});

describe('the model from records', () => {
  test('does not depend on the order in which records were read', () => {
    const sources = sampleSources();
    const turned = {
      ...sources,
      declared: { ...sources.declared, teams: [...sources.declared.teams].reverse() },
      records: {
        ...sources.records,
        certificates: [...sources.records.certificates].reverse(),
        endpoints: [...sources.records.endpoints].reverse(),
      },
    };
    assert.deepEqual(modelOf(turned), modelOf(sources));
  });

  test('facts without a heartbeat have no age', () => {
    const sources = sampleSources();
    const silent = modelOf({ ...sources, records: { ...sources.records, heartbeat: null } });
    assert.equal(silent.dataAge.at, null);
  });

  test('two records of one name are a mistake of the program, and it says so', () => {
    const sources = sampleSources();
    const { certificates } = sources.records;
    const twice = [...certificates, ...certificates.slice(0, 1)];
    assert.throws(
      () => modelOf({ ...sources, records: { ...sources.records, certificates: twice } }),
      /twice/,
    );
  });

  test('survives the way through JSON', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(model)), model);
  });

  test('the short way of cleaning gives what the long one gives', () => {
    for (const value of [
      { a: 'plain', b: ['x "quoted"', 'back\\slash', 'ünïcode', 'tab\t', 'x'.repeat(600), 'x'.repeat(300)] },
      { ['k'.repeat(400)]: 1, '\u202E': 'a', deep: [{ n: null, t: true, f: 1.5 }] },
      certificate(
        'a/b',
        'ok',
        '2026-11-20T00:00:00Z',
        ['x.example'],
        [],
        [finding('x', 'error', 'm\u0000', 'r')],
      ),
    ])
      assert.deepEqual(JSON.parse(cleanJson(value)), cleanDeep(value));
  });
});

test('text of a file keeps its lines and shows no private key', () => {
  assert.equal(cleanText('a\r\nb\tc\u0007\u202E'), 'a\nb\tc⟨U+202E⟩');
  const key = '-----BEGIN EC PRIVATE KEY-----\nMC4CAQ\n-----END EC PRIVATE KEY-----';
  assert.doesNotMatch(cleanText(`x: |\n${key}\n`), /MC4CAQ/);
  assert.doesNotMatch(cleanText(key.slice(0, -10)), /MC4CAQ/);
});

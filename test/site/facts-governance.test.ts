/** What the site counts of policies, exceptions, drift, audit and service: each boundary as a sentence. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { buildDesired } from '../../daemon/core/desired.ts';
import type { FindingRecord } from '../../daemon/core/record-format.ts';
import { limits } from '../../daemon/limits.ts';
import { builtIns, documentReader } from '../../daemon/reader.ts';
import { auditFacts, changeFacts } from '../../site/facts/audit.ts';
import { auditPeriods } from '../../site/facts/audit-periods.ts';
import { estateOf } from '../../site/facts/estate.ts';
import { policyFacts } from '../../site/facts/policies.ts';
import { redactSources } from '../../site/facts/redact.ts';
import { catalogueFacts, serviceFacts } from '../../site/facts/service.ts';
import type { DeclaredDocuments, SiteSources } from '../../site/facts/sources.ts';
import { waiverFacts } from '../../site/facts/waivers.ts';
import { documentsOf } from '../../site/source/declared.ts';
import type { LogEntry, RuleFacts } from '../../site/src/lib/model.ts';
import { emptySources, sampleSources } from './sample-model.ts';
import { certificate, digest, finding, installation, issued, oid } from './sample-records.ts';

/** Documents as a repository would hold them. */
function declaredOf(...texts: readonly string[]): DeclaredDocuments {
  const reader = documentReader();
  const parsed = texts.map((text, index) => {
    const name = /name: ([a-z0-9.-]+)/.exec(text)?.[1] ?? String(index);
    const path = `policies/${name}.yaml`;
    return reader.parseFile({ path, oid: oid(path), bytes: Buffer.from(`apiVersion: renewd/v1\n${text}`) });
  });
  const [problem] = parsed.flatMap((each) => each.problems);
  assert.equal(problem, undefined, problem?.message);
  const documents = documentsOf(buildDesired(oid('intent'), parsed, builtIns(reader)));
  // What renewd brings itself is tested with the sample.
  return {
    ...documents,
    policies: documents.policies.filter((each) => !each.source.file.startsWith('built-in/')),
  };
}

const policy = (name: string, rest: string): string =>
  `kind: Policy\nmetadata: { name: ${name} }\nspec:\n  description: A policy\n${rest}`;
const max = (name: string, selector: string, rest = ''): string =>
  policy(
    name,
    `${selector}  rules:\n    - { rule: lifetime-max, action: report, settings: { max: 47d }${rest} }\n`,
  );

const about = (id: string, code: string, rest: Partial<FindingRecord> = {}): FindingRecord =>
  finding(code, 'warning', `${code} of ${id} ${JSON.stringify(rest)}`, 'Mend it.', {
    certificate: id,
    rule: { id: 'lifetime-max', policy: 'base', at: 'policies/p0.yaml:7' },
    ...rest,
  });

const plain = (
  id: string,
  findings: readonly FindingRecord[] = [],
  labels: Readonly<Record<string, string>> = {},
) => certificate(id, 'ok', '2026-11-01T00:00:00Z', ['a.example'], [], findings, { labels });

const empty = emptySources();

function sourcesOf(
  rest: Partial<SiteSources>,
  certificates: SiteSources['records']['certificates'] = [],
): SiteSources {
  return { ...empty, ...rest, records: { ...empty.records, certificates } };
}

function rulesOf(
  declared: DeclaredDocuments,
  certificates: SiteSources['records']['certificates'],
): readonly RuleFacts[] {
  const sources = sourcesOf({ declared }, certificates);
  return policyFacts(sources, estateOf(sources)).flatMap((each) => each.rules);
}

describe('policies', () => {
  const base = declaredOf(max('base', ''));

  test('a certificate that breaks a rule twice counts once, for the rule and for the policy', () => {
    const twice = [
      about('a/one', 'policy-violation', { endpoint: 'x' }),
      about('a/one', 'policy-violation', { endpoint: 'y' }),
    ];
    const sources = sourcesOf({ declared: base }, [plain('a/one', twice), plain('a/two')]);
    const [only] = policyFacts(sources, estateOf(sources));
    assert.equal(only?.broken, 1);
    assert.equal(only.rules[0]?.broken, 1);
    assert.equal(only.rules[0]?.violators.length, 2, 'both findings are listed');
  });

  test('an exception that ended counts as broken, one that is about to end as excepted, an announced rule as neither', () => {
    const [rule] = rulesOf(base, [
      plain('a/ended', [about('a/ended', 'waiver-ended')]),
      plain('a/ending', [about('a/ending', 'waiver-ending')]),
      plain('a/waived', [about('a/waived', 'policy-waived')]),
      plain('a/later', [about('a/later', 'policy-upcoming')]),
    ]);
    assert.deepEqual([rule?.applies, rule?.broken, rule?.waived, rule?.upcoming], [4, 1, 2, 1]);
  });

  test('a finding that names no certificate breaks nothing', () => {
    const [rule] = rulesOf(base, [
      plain('a/one', [about('a/one', 'policy-violation', { certificate: null })]),
    ]);
    assert.equal(rule?.broken, 0);
    assert.deepEqual(rule?.violators, []);
  });

  test('a certificate whose declaration was deleted is still judged, so it is counted', () => {
    const gone = certificate('a/gone', 'retired', '2026-11-01T00:00:00Z', [], [], [], { withdrawn: true });
    assert.equal(rulesOf(base, [gone])[0]?.applies, 1);
  });

  test('a narrower policy takes certificates from a wider one, and a lock keeps them', () => {
    const both = [plain('a/one'), plain('b/two')];
    const narrow = max('narrow', '  selector: { teams: [b] }\n');
    const counts = (wide: string) =>
      rulesOf(declaredOf(wide, narrow), both).map((each) => [each.policy, each.applies]);
    assert.deepEqual(counts(max('base', '')), [
      ['base', 1],
      ['narrow', 1],
    ]);
    assert.deepEqual(counts(max('base', '', ', lock: true')), [
      ['base', 2],
      ['narrow', 1],
    ]);
  });

  test('a rule that is taken back counts for nobody, and neither does the rule it takes back', () => {
    const off = policy(
      'off',
      '  selector: { teams: [b] }\n  rules:\n    - { rule: lifetime-max, action: off, settings: { max: 47d } }\n',
    );
    const counts = rulesOf(declaredOf(max('base', ''), off), [plain('a/one'), plain('b/two')]);
    assert.deepEqual(
      counts.map((each) => [each.policy, each.action, each.applies]),
      [
        ['base', 'report', 1],
        ['off', 'off', 0],
      ],
    );
  });

  test('those that break a rule come before the excepted, the longest-standing first, and the list is cut', () => {
    const many = Array.from({ length: limits.site.violatorsMax + 1 }, (_, index) =>
      plain(`a/c${String(index).padStart(4, '0')}`, [
        about(`a/c${String(index).padStart(4, '0')}`, index === 0 ? 'policy-waived' : 'policy-violation', {
          since: index === 2 ? '2026-01-01T00:00:00Z' : '2026-02-01T00:00:00Z',
        }),
      ]),
    );
    const [rule] = rulesOf(base, many);
    assert.equal(rule?.violators.length, limits.site.violatorsMax);
    assert.equal(rule.violators[0]?.certificate, 'a/c0002');
    assert.ok(
      rule.violators.every((each) => each.code === 'policy-violation'),
      'the excepted one, older than none, is the one that is cut',
    );
    assert.equal(rule.broken, limits.site.violatorsMax, 'what is cut from the list is still counted');
  });

  test('settings are lines of YAML that read back as what was set', () => {
    const set = policy(
      'base',
      '  rules:\n    - rule: key-algorithms\n      action: block\n      settings: { algorithms: [ecdsa-p256, "rsa-3072"] }\n    - { rule: lifetime-max, action: block, settings: { max: 47d } }\n',
    );
    const rules = rulesOf(declaredOf(set), []);
    assert.deepEqual(
      rules.map((each) => each.settings),
      [['algorithms: [ecdsa-p256, rsa-3072]'], ['max: 47d']],
    );
    assert.deepEqual(parse(rules[0]?.settings.join('\n') ?? ''), { algorithms: ['ecdsa-p256', 'rsa-3072'] });
  });

  test('a setting of several lines stays one line', () => {
    const [first] = base.policies;
    assert.ok(first !== undefined);
    const rules = first.rules.map((each) => ({
      ...each,
      settings: { note: 'two\nlines', list: ['#1', 'a: b'] },
    }));
    const [rule] = rulesOf({ ...base, policies: [{ ...first, rules }] }, []);
    assert.deepEqual(
      rule?.settings.map((line) => line.includes('\n')),
      [false, false],
    );
    assert.deepEqual(parse(rule?.settings.join('\n') ?? ''), { note: 'two\nlines', list: ['#1', 'a: b'] });
  });

  test('a rule that this version does not know is left out, not guessed at', () => {
    const [first] = base.policies;
    assert.ok(first !== undefined);
    const rules = first.rules.map((each) => ({ ...each, rule: 'from-the-future' }));
    assert.deepEqual(rulesOf({ ...base, policies: [{ ...first, rules }] }, []), []);
  });

  test('what a policy says of a whole pack counts for each of its rules, which are named with the pack', () => {
    const packed = policy('base', '  packs:\n    - { pack: nist-sp-1800-16, action: block, lock: true }\n');
    const rules = rulesOf(declaredOf(packed), [plain('a/one')]);
    assert.ok(rules.length > 5);
    for (const each of rules)
      assert.deepEqual([each.policy, each.action, each.locked], ['base/nist-sp-1800-16', 'block', true]);
  });

  test('the policy that most certificates break comes first, and equal ones by name', () => {
    const declared = declaredOf(max('zebra', ''), max('base', ''), max('apple', ''));
    const order = (findings: readonly FindingRecord[]) => {
      const sources = sourcesOf({ declared }, [plain('a/one', findings)]);
      return policyFacts(sources, estateOf(sources)).map((each) => each.name);
    };
    assert.deepEqual(order([]), ['apple', 'base', 'zebra']);
    assert.deepEqual(order([about('a/one', 'policy-blocked')]), ['base', 'apple', 'zebra']);
  });
});

describe('exceptions', () => {
  const waiver = (name: string, expires: string): string =>
    `kind: Waiver\nmetadata: { name: ${name} }\nspec:\n  rules: [lifetime-max]\n  selector: { teams: [a] }\n  owner: Ines Okafor\n  reason: It is so\n  compensatingControl: Looked at\n  expires: ${expires}\n`;
  const declared = declaredOf(
    waiver('old', '2026-11-20'),
    waiver('wiki', '2026-12-31'),
    waiver('wiki-old', '2026-11-30'),
  );
  const facts = (at: string, findings: readonly FindingRecord[] = []) => {
    const sources = sourcesOf({ declared, at }, [plain('a/one', findings)]);
    return waiverFacts(sources, estateOf(sources));
  };

  test('an exception holds until, and not at, the instant it expires', () => {
    const [first] = facts('2026-11-01T00:00:00Z');
    assert.equal(first?.name, 'old');
    const ends = Date.parse(first.expiresAt);
    const at = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
    const endedAt = (ms: number) => facts(at(ms)).find((each) => each.name === 'old')?.ended;
    assert.equal(endedAt(ends - 1000), false);
    assert.equal(endedAt(ends), true);
  });

  test('those in force come first, each by their end', () => {
    assert.deepEqual(
      facts('2026-11-25T00:00:00Z').map((each) => each.name),
      ['wiki-old', 'wiki', 'old'],
    );
  });

  test('it excepts the certificates whose findings name it, not those that name one that begins alike or speak of it', () => {
    const found = facts('2026-11-25T00:00:00Z', [
      about('a/one', 'policy-waived', {
        message:
          'Too long; excepted until 2026-11-30 by waiver wiki-old of Ines Okafor (like waiver old of hers, and waiver wiki of his)',
      }),
    ]);
    assert.deepEqual(
      found.map((each) => [each.name, each.certificates.length]),
      [
        ['wiki-old', 1],
        ['wiki', 0],
        ['old', 0],
      ],
    );
  });

  test('one that ended names those that break the rule still', () => {
    const found = facts('2026-11-25T00:00:00Z', [
      about('a/one', 'waiver-ended', { message: 'Too long; waiver old of Ines Okafor ended on 2026-11-20' }),
    ]);
    assert.deepEqual(found.find((each) => each.name === 'old')?.certificates, ['a/one']);
  });
});

describe('the audit', () => {
  const entry = (at: string, signed: boolean | null): LogEntry => ({
    oid: oid(at),
    at,
    author: 'renewd',
    subject: 's',
    trailers: [],
    signed,
  });
  const [sample] = sampleSources().changes.slice(1);
  const change = (
    seenAt: string,
    rest: Partial<SiteSources['changes'][number]> = {},
  ): SiteSources['changes'][number] => ({
    ...(sample ?? assert.fail()),
    commit: oid(seenAt),
    seenAt,
    ...rest,
  });
  const audit = (rest: Partial<SiteSources>) => {
    const sources = sourcesOf(rest);
    return auditFacts(sources, changeFacts(sources));
  };

  test('the last second of a month belongs to it, and the next one to the next month', () => {
    const { months } = audit({
      log: [entry('2026-12-01T00:00:00Z', true), entry('2026-11-30T23:59:59Z', true)],
      changes: [change('2026-11-30T23:59:59Z'), change('2026-12-01T00:00:00Z')],
    });
    assert.deepEqual(
      months.map((each) => [each.month, each.commitCount, each.changeCount]),
      [
        ['2026-12', 1, 1],
        ['2026-11', 1, 1],
      ],
    );
  });

  test('a month of which only changes, or only commits, are known is there', () => {
    const { months } = audit({
      log: [entry('2026-11-02T00:00:00Z', true)],
      changes: [change('2026-09-02T00:00:00Z')],
    });
    assert.deepEqual(
      months.map((each) => each.month),
      ['2026-11', '2026-09'],
    );
  });

  test('more months than have a page are left out, the oldest first, and still counted', () => {
    const all = Array.from({ length: limits.site.auditMonthsMax + 1 }, (_, index) =>
      entry(new Date(Date.UTC(2026, -index, 1)).toISOString().replace('.000Z', 'Z'), true),
    );
    const { months, commits } = audit({ log: all });
    assert.equal(months.length, limits.site.auditMonthsMax);
    assert.equal(months[0]?.month, '2026-01');
    assert.equal(commits, limits.site.auditMonthsMax + 1);
  });

  test('a signature that was not looked at is neither signed nor unsigned', () => {
    const { signed, unsigned, commits } = audit({
      log: [
        entry('2026-11-03T00:00:00Z', true),
        entry('2026-11-02T00:00:00Z', false),
        entry('2026-11-01T00:00:00Z', null),
      ],
    });
    assert.deepEqual([commits, signed, unsigned], [3, 1, 1]);
  });

  test('who signed one commit of a change does not stand for the others', () => {
    const one = (verdict: string, principal: string) => ({
      commit: oid(principal),
      verdict,
      principals: [principal],
      key: null,
    });
    const [facts] = changeFacts(
      sourcesOf({
        changes: [
          change('2026-11-03T00:00:00Z', {
            commits: [one('good', 'ines'), one('expired', 'selin'), one('unsigned', 'nobody')],
          }),
        ],
      }),
    );
    assert.deepEqual(facts?.signedBy, ['ines'], 'a key that had expired signs nothing');
    assert.deepEqual([facts.commitCount, facts.unsigned], [3, 2]);
  });

  test('changes are newest first whatever the order they came in', () => {
    const given = [
      change('2026-11-02T00:00:00Z'),
      change('2026-11-03T00:00:00Z'),
      change('2026-11-01T00:00:00Z'),
    ];
    const order = (changes: SiteSources['changes']) =>
      changeFacts(sourcesOf({ changes })).map((each) => each.seenAt.slice(8, 10));
    assert.deepEqual(order(given), ['03', '02', '01']);
    assert.deepEqual(order(given.toReversed()), ['03', '02', '01']);
  });

  test('the path of a record is below the prefix of the records', () => {
    const [facts] = changeFacts(
      sourcesOf({ statePrefix: 'status/', changes: [change('2026-11-03T00:00:00Z')] }),
    );
    assert.equal(facts?.record, `status/changes/2026-11/${oid('2026-11-03T00:00:00Z')}.json`);
  });
});

describe('the evidence of a quarter', () => {
  const [pack] = sampleSources().evidence;
  assert.ok(pack !== undefined);
  const issuance = (index: number) => ({
    ...(pack.issuances[0] ?? assert.fail()),
    installation: `a/c${String(index)}@x`,
    certificate: `a/c${String(index)}`,
    fingerprint: digest(String(index)),
  });
  const periods = (rest: Partial<typeof pack>) =>
    auditPeriods({ evidence: [{ ...pack, ...rest }], statePrefix: 'status/' });
  const sampled = (rest: Partial<typeof pack>) =>
    periods(rest)[0]?.sample.map((each) => each.certificate) ?? [];
  const size = limits.site.evidenceSampleMax;

  test('the sample is all of them as long as it has room, and one less when there is one more', () => {
    const of = (count: number) =>
      periods({ issuances: Array.from({ length: count }, (_, index) => issuance(index)) })[0];
    assert.equal(of(0)?.sample.length, 0);
    assert.equal(of(size)?.sample.length, size);
    assert.equal(of(size + 1)?.sample.length, size);
    assert.equal(of(size + 1)?.issuanceCount, size + 1);
  });

  test('the sample is the same in whatever order the issuances come, and another for other records', () => {
    const issuances = Array.from({ length: 3 * size }, (_, index) => issuance(index));
    const chosen = sampled({ issuances });
    assert.deepEqual(sampled({ issuances: issuances.toReversed() }), chosen);
    assert.notDeepEqual(
      sampled({ issuances, commits: { ...pack.commits, recordsAfter: oid('other') } }),
      chosen,
    );
  });

  test('each of the sample says where its record is', () => {
    assert.equal(
      periods({ issuances: [issuance(1)] })[0]?.sample[0]?.record,
      'status/certificates/a/c1.json',
    );
  });

  test('a control is broken by certificates, each once, and one that is taken back is no control', () => {
    const rule = pack.rules.find((each) => each.rule === 'lifetime-max') ?? assert.fail();
    const named = (code: string, id: string): FindingRecord =>
      about(id, code, { rule: { id: rule.rule, policy: rule.policy, at: 'x' } });
    const [only, ...others] =
      periods({
        rules: [{ ...rule, action: 'off', rule: 'taken-back' }, rule],
        findings: [
          named('policy-violation', 'a/one'),
          named('waiver-ended', 'a/one'),
          named('policy-waived', 'a/two'),
          named('policy-upcoming', 'a/three'),
        ],
      })[0]?.controls ?? [];
    assert.deepEqual(others, []);
    assert.deepEqual([only?.rule, only?.broken, only?.excepted], ['lifetime-max', 1, 1]);
  });

  test('long tables are cut and say how many rows there are', () => {
    const { evidenceRowsMax } = limits.site;
    const [period] = periods({
      issuances: Array.from({ length: evidenceRowsMax + 1 }, (_, index) => issuance(index)),
    });
    const table = period?.tables.find((each) => each.name === 'issuances');
    assert.deepEqual([table?.rows.length, table?.count], [evidenceRowsMax, evidenceRowsMax + 1]);
  });
});

describe('the service', () => {
  test('figures are those of the newest quarter, and without evidence there are none', () => {
    const sources = sampleSources();
    const [pack] = sources.evidence;
    assert.ok(pack !== undefined);
    const older = { ...pack, period: '2026-Q3', metrics: { ...pack.metrics, hoursSaved: 99 } };
    const facts = serviceFacts({ ...sources, evidence: [pack, older] });
    assert.deepEqual([facts.period, facts.metrics?.hoursSaved], ['2026-Q4', pack.metrics.hoursSaved]);
    assert.deepEqual(serviceFacts(empty), { period: '', metrics: null, steps: [], program: null });
  });

  test('the catalogue is in the order of names, whatever the order of the files', () => {
    const sources = sampleSources();
    const names = (offers: typeof sources.declared.offers) =>
      catalogueFacts({ ...sources, declared: { ...sources.declared, offers } }).offers.map(
        (each) => each.name,
      );
    assert.deepEqual(names(sources.declared.offers), names(sources.declared.offers.toReversed()));
    assert.deepEqual(names(sources.declared.offers), ['public-web', 'service-mtls']);
  });

  test('nothing of a key, a log-in or a person is in the catalogue', () => {
    const text = JSON.stringify(catalogueFacts(sampleSources()));
    for (const word of ['deploy-key', 'hostKeys', 'Okafor', 'pki@kestrel.example'])
      assert.ok(!text.includes(word), word);
  });
});

describe('people in free text', () => {
  const leaf = issued('a/one', ['a.example'], '2026-11-01T00:00:00Z', '2027-01-01T00:00:00Z');
  const waived = about('a/one', 'policy-waived', {
    message: 'Too long; excepted until 2026-12-31 by waiver w of Ines Okafor (a reason)',
  });
  const ended = about('a/one', 'waiver-ended', {
    message: 'Too long; waiver gone of Selin Yilmaz ended on 2026-10-31',
  });
  const record = certificate(
    'a/one',
    'ok',
    '2026-11-01T00:00:00Z',
    [],
    [installation('x', 'ok', leaf, [])],
    [waived, ended],
  );
  const sample = sampleSources();
  const sources: SiteSources = {
    ...sample,
    records: { ...sample.records, certificates: [record] },
    declared: declaredOf(
      'kind: Waiver\nmetadata: { name: w }\nspec:\n  rules: [lifetime-max]\n  selector: { teams: [a] }\n  owner: Ines Okafor\n  reason: a reason\n  compensatingControl: c\n  expires: 2026-12-31\n',
    ),
  };
  const at = (redaction: 'full' | 'internal') =>
    redactSources({ ...sources, settings: { ...sources.settings, redaction } });

  test('the level internal has no owner of a waiver in a message, also of one that is not declared any more', () => {
    const text = JSON.stringify(at('internal').records.certificates);
    assert.doesNotMatch(text, /Ines|Okafor|Selin|Yilmaz/);
    assert.match(text, /by waiver w of withheld \(a reason\)/);
    assert.match(JSON.stringify(at('full').records.certificates), /of Ines Okafor/);
  });

  test('an exception is still told apart by its name', () => {
    const hidden = at('internal');
    assert.deepEqual(waiverFacts(hidden, estateOf(hidden))[0]?.certificates, ['a/one']);
  });

  test('the level internal has no signer in the reasons of a refusal, in changes and in evidence', () => {
    const { changes, evidence } = at('internal');
    assert.doesNotMatch(JSON.stringify([changes, evidence.map((each) => each.changes)]), /selin\.yilmaz/);
    assert.match(JSON.stringify(changes), /path-not-allowed/);
  });
});

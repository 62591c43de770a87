/** What a site keeps to itself at each level: looked for in every byte of every file. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SiteSources } from '../../site/facts/sources.ts';
import type { Redaction } from '../../site/src/lib/model.ts';
import { sections } from '../../site/src/lib/sections.ts';
import { built } from './built.ts';
import { markedSources } from './marked-sources.ts';
import { sampleSources } from './sample-model.ts';
import { finding } from './sample-records.ts';

const person = 'Wilhelmina Zwart';
const machine = 'renewd-utr-07';
const commit = 'c0ffee1234'.repeat(4);

/** The sample, and people in every free text that the daemon writes of them. */
function peopledSources(): SiteSources {
  const sources = sampleSources();
  const { history, records, log, changes, evidence, declared } = sources;
  const waiver = declared.waivers[0]?.name ?? '';
  const of = (code: string, id: string, message: string): ReturnType<typeof finding> => ({
    ...finding(code, 'error', message, `Somebody else than ${person} looks at it.`),
    id,
  });
  const emergency = `${person} changed ${commit.slice(0, 10)} (x) with the emergency key: ${person} said so`;
  const findings = [
    of('change-refused', `change ${commit} path-not-allowed 0`, `commit (x) by ${person}: may not`),
    of('change-waiting', `change ${commit} approval-missing 1`, `commit (y) by ${person}: ask`),
    of('emergency-open', `emergency ${commit}`, emergency),
    of('emergency-overdue', `emergency f${commit.slice(1)}`, emergency),
  ];
  const excepted = finding(
    'policy-waived',
    'info',
    `too old; excepted until 2026-12-31 by waiver ${waiver} of ${person} (x)`,
    'Wait.',
    { certificate: 'web/shop', since: '2026-11-20T00:00:00Z' },
  );
  const emergencyOf = <Item extends { readonly breakGlass: unknown }>(each: Item): Item => ({
    ...each,
    breakGlass: { principal: person, reason: `${person} said so` },
  });
  return {
    ...sources,
    records: {
      ...records,
      repository:
        records.repository === null
          ? null
          : { ...records.repository, findings: [...records.repository.findings, ...findings] },
      endpoints: records.endpoints.map((each) => ({ ...each, findings: [...each.findings, excepted] })),
    },
    history: {
      ...history,
      transitions: history.transitions.map((each, index) =>
        index === 3 ? { ...each, opened: [...each.opened, { ...excepted, id: 'gone since' }] } : each,
      ),
    },
    log: log.map((each) => ({
      ...each,
      trailers: [
        ...each.trailers,
        { key: 'Renewd-Instance', value: machine },
        { key: 'Signed-off-by', value: person },
      ],
    })),
    changes: changes.map(emergencyOf),
    evidence: evidence.map((each) => ({
      ...each,
      changes: each.changes.map(emergencyOf),
      findings: [...each.findings, ...findings],
    })),
  };
}

function at(redaction: Redaction): SiteSources {
  const sources = peopledSources();
  return { ...sources, settings: { ...sources.settings, redaction } };
}

/** Every file of a site as text, by path. */
async function filesAt(redaction: Redaction): Promise<ReadonlyMap<string, string>> {
  const { directory } = await built(`redaction-${redaction}`, at(redaction));
  const paths = globSync('**/*', { cwd: directory }).filter((path) =>
    statSync(join(directory, path)).isFile(),
  );
  for (const { path, names } of sections)
    if (redaction === 'public' && names) assert.ok(!existsSync(join(directory, path)), path);
  return new Map(paths.map((path) => [path, readFileSync(join(directory, path), 'utf8')]));
}

function refuse(files: ReadonlyMap<string, string>, words: Iterable<string>): void {
  for (const word of new Set(words)) {
    assert.ok(word.length > 3, `${word} is too short to be looked for`);
    for (const [path, text] of files) {
      const found = text.indexOf(word);
      assert.equal(
        found,
        -1,
        `${path} says ${word}: ...${text.slice(Math.max(0, found - 80), found + 80)}...`,
      );
    }
  }
}

/** People, how they are reached, who signed: withheld from `internal` on. */
function people(): string[] {
  const { declared, changes } = sampleSources();
  return [
    person,
    machine,
    ...declared.teams.flatMap((team) => [...team.owners, ...team.contacts.map((each) => each.value)]),
    ...declared.waivers.map((each) => each.owner),
    ...declared.programs.flatMap((each) => [each.sponsor, each.owner, each.supportContact]),
    ...changes.flatMap((each) => [each.author, ...each.commits.flatMap((one) => one.principals)]),
    ...changes.flatMap((each) => each.approvals.flatMap((one) => one.by.map((by) => by.principal))),
  ];
}

test('internal says no person, no log-in address, no text of a file', async () => {
  const { records, texts } = sampleSources();
  const files = await filesAt('internal');
  refuse(files, [
    ...people(),
    ...records.endpoints.map((each) => each.location),
    ...Object.values(texts).map((text) => /\n {2}dnsNames: .*/.exec(text)?.[0] ?? ''),
    'apiVersion: renewd/v1\nkind: Certificate\nmetadata: { name: shop',
    records.heartbeat?.instance ?? '',
  ]);
  assert.ok(files.has('certificates/web/shop/index.html'), 'the rest is there');
  assert.match(files.get('certificates/web/shop/index.html') ?? '', /shop\.kestrel\.example/);
});

test('public names no certificate, server, host, person, fingerprint or serial, and links to no page that would', async () => {
  const { records, declared, changes, repository } = sampleSources();
  const files = await filesAt('public');
  const leaves = records.certificates.flatMap((each) =>
    each.installations.flatMap((one) => one.issued ?? []),
  );
  refuse(files, [
    ...people(),
    ...records.certificates.map((each) => `${each.metadata.team}/${each.metadata.name}`),
    ...records.certificates.flatMap((each) => each.declaration.dnsNames),
    ...records.endpoints.flatMap((each) => [each.metadata.name, each.location]),
    ...declared.teams.flatMap((each) => each.dnsNames).filter((each) => !each.startsWith('*')),
    ...leaves.flatMap((each) => [each.fingerprint, each.spki, each.serial, each.subject]),
    ...records.certificates.flatMap((each) => each.findings.map((one) => one.message)),
    ...changes.map((each) => each.subject),
    records.heartbeat?.instance ?? '',
    repository ?? '',
    'kestrel.example',
  ]);
  assert.ok(
    files.has('index.html') && files.has('policies/baseline/index.html') && files.has('summary.json'),
  );
  for (const [path, text] of files) {
    if (!path.endsWith('.html')) continue;
    for (const [, href = ''] of text.matchAll(/href="\/([^"#?]*)/g))
      for (const section of sections)
        if (section.names) assert.ok(!href.startsWith(section.path), `${path} links to ${href}`);
  }
});

test('full says all of it', async () => {
  const files = await filesAt('full');
  const all = [...files.values()].join('\n');
  for (const word of [
    'Ngozi Okafor',
    'web@kestrel.example',
    '192.0.2.10:22',
    'dnsNames: [shop.kestrel.example',
    person,
    machine,
  ])
    assert.ok(all.includes(word), word);
});

/** Where people, log-in addresses and texts of files stand in the sources. */
const ofPeople = [
  'declared.teams.owners',
  'declared.teams.contacts.value',
  'declared.waivers.owner',
  'declared.programs.owner',
  'declared.programs.sponsor',
  'declared.programs.supportContact',
  'declared.endpoints.config.host',
  'declared.endpoints.config.user',
  'records.endpoints.location',
  'records.heartbeat.instance',
  'log.author',
  'changes.author',
  'changes.reasons.message',
  'changes.reasons.fix',
  'changes.commits.principals',
  'changes.commits.key',
  'changes.approvals.by.principal',
  'evidence.changes.author',
  'evidence.changes.reasons.message',
  'evidence.changes.reasons.fix',
  'evidence.changes.commits.principals',
  'evidence.changes.commits.key',
  'evidence.changes.approvals.by.principal',
  'evidence.waivers.owner',
  'evidence.steps.evidence',
  'texts.*',
];

/** All that the public is told. A new fact is withheld until somebody writes it down here. */
const forThePublic = [
  /^(?:intent|state)$|^settings\./,
  /^history\.(?:commits\.oid|transitions\.commit)$/,
  /^records\.heartbeat\.(?:version|source)$/,
  // What there is to ask for, which rules hold, how far the service has come.
  /^declared\.(?:policies|offers)\./,
  /^declared\.profiles\.(?:name|description|parameters\.(?:name|\*\.description))$/,
  /^declared\.programs\.(?:title|charter)$/,
  /^declared\.teams\.(?:name|displayName)$/,
  /^evidence\.(?:maturity\.(?:nextStep|evidence\.(?:question|numbers))|steps\.title|metrics\.deniedReasons\.reason)$/,
  // Kinds of keys and signatures that are counted.
  /^records\.certificates\.(?:declaration\.keyAlgorithm|installations\.issued\.(?:keyAlgorithm|signatureAlgorithm))$/,
];

/** Where in the sources everything stands that got into a site of this level. */
async function placesShown(redaction: Redaction): Promise<readonly (readonly string[])[]> {
  const sample = sampleSources();
  const { sources, places } = markedSources(sample);
  const settings = { ...sources.settings, forge: sample.settings.forge, redaction };
  const { directory } = await built(`marked-${redaction}`, { ...sources, settings });
  const marks = new Set<string>();
  for (const path of globSync('**/*', { cwd: directory })) {
    const full = join(directory, path);
    const text = statSync(full).isFile() ? readFileSync(full, 'utf8') : '';
    for (const [mark] of `${path} ${text}`.matchAll(/zq\d+z/g)) marks.add(mark);
  }
  return [...marks].map((mark) => [...(places.get(mark) ?? [])]);
}

test('every single text of the sources: internal tells none that only people, log-ins and files hold', async () => {
  const shown = await placesShown('internal');
  assert.deepEqual(
    shown.filter((places) => places.every((place) => ofPeople.includes(place))),
    [],
  );
  assert.ok(shown.flat().includes('records.certificates.findings.message'), 'the rest is there');
});

test('every single text of the sources: the public is told none that is not meant for it', async () => {
  const shown = await placesShown('public');
  assert.deepEqual(
    shown.filter((places) => !places.some((place) => forThePublic.some((each) => each.test(place)))),
    [],
  );
  assert.ok(shown.flat().includes('declared.policies.description'), 'the rest is there');
});

test('every single text of the sources: full tells what internal withholds', async () => {
  const all = (await placesShown('full')).flat();
  const silent = ofPeople.filter((place) => !all.includes(place));
  // These are told at no level: nobody looks up here how to get in, or by which key somebody signed.
  assert.deepEqual(silent, [
    'declared.endpoints.config.host',
    'changes.commits.key',
    'evidence.changes.commits.key',
  ]);
});

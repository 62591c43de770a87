/** What a site keeps to itself at each level: looked for in every byte of every file. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SiteSources } from '../../site/facts/sources.ts';
import type { Redaction } from '../../site/src/lib/model.ts';
import { sections } from '../../site/src/lib/sections.ts';
import { built } from './built.ts';
import { sampleSources } from './sample-model.ts';

function at(redaction: Redaction): SiteSources {
  const sources = sampleSources();
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
    ...records.endpoints.map((each) => each.location).filter((each) => !/^(web|192)/.test(each)),
    ...Object.values(texts)
      .map((text) => text.split('\n')[4] ?? '')
      .filter((line) => line.includes('dnsNames: [s')),
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
  ])
    assert.ok(all.includes(word), word);
});

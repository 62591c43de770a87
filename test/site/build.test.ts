/** The build as an operation: all or nothing, and clean behind itself. */
import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { OperationError } from '../../daemon/ports/failure.ts';
import { buildSite } from '../../site/build.ts';
import { workDirectory } from './built.ts';
import { emptySources, sampleSources } from './sample-model.ts';

const signal = new AbortController().signal;

test('a build replaces the whole directory, and other accounts may read it', async () => {
  const parent = workDirectory('replace');
  const outDir = join(parent, 'site');
  mkdirSync(outDir, { recursive: true, mode: 0o755 });
  writeFileSync(join(outDir, 'old.html'), 'old');
  writeFileSync(join(outDir, '.renewd-site'), '');
  const result = await buildSite({ source: emptySources(), outDir, signal });
  assert.ok(result.pages >= 15);
  assert.ok(!readdirSync(outDir).includes('old.html'));
  assert.equal(statSync(outDir).mode & 0o777, 0o755);
  assert.deepEqual(readdirSync(parent), ['site'], 'nothing is left beside it');
});

test('a directory that holds something else is not replaced, whatever it is called by', async () => {
  const parent = workDirectory('precious');
  const outDir = join(parent, 'estate');
  mkdirSync(join(outDir, '.git'), { recursive: true });
  writeFileSync(join(outDir, '.git/HEAD'), 'precious');
  symlinkSync(outDir, join(parent, 'link'));
  for (const name of [outDir, join(outDir, '.git/..'), join(parent, 'link'), parent, join(outDir, '.git')])
    await assert.rejects(
      buildSite({ source: emptySources(), outDir: name, signal }),
      (error) =>
        error instanceof OperationError &&
        error.code === 'site-build-failed' &&
        /holds what renewd did not build .*Nothing was changed/.test(error.message),
      name,
    );
  assert.equal(readFileSync(join(outDir, '.git/HEAD'), 'utf8'), 'precious');
  assert.deepEqual(readdirSync(parent).sort(), ['estate', 'link']);
  // What is empty, absent, or a site of ours, also of a version without the marker, is.
  const site = join(parent, 'site');
  mkdirSync(site);
  await buildSite({ source: emptySources(), outDir: site, signal });
  rmSync(join(site, '.renewd-site'));
  await buildSite({ source: emptySources(), outDir: site, signal });
  assert.ok(readdirSync(site).includes('.renewd-site'));
});

test('a build that fails leaves the old site and nothing else', async () => {
  const parent = workDirectory('failing');
  const outDir = join(parent, 'site');
  mkdirSync(outDir, { recursive: true });
  writeFileSync(join(outDir, 'index.html'), 'old');
  writeFileSync(join(outDir, '.renewd-site'), '');
  const sources = sampleSources();
  const { certificates } = sources.records;
  const twice = {
    ...sources,
    records: { ...sources.records, certificates: [...certificates, ...certificates] },
  };
  await assert.rejects(
    buildSite({ source: twice, outDir, signal }),
    (error) =>
      error instanceof OperationError &&
      error.code === 'site-build-failed' &&
      error.disposition === 'retry' &&
      /name a certificate twice/.test(error.message),
  );
  assert.equal(readFileSync(join(outDir, 'index.html'), 'utf8'), 'old');
  assert.deepEqual(readdirSync(parent), ['site']);
});

test('an aborted build leaves the old site and nothing else', async () => {
  const parent = workDirectory('aborted');
  const outDir = join(parent, 'site');
  mkdirSync(outDir, { recursive: true });
  writeFileSync(join(outDir, 'index.html'), 'old');
  writeFileSync(join(outDir, '.renewd-site'), '');
  const stop = new AbortController();
  const building = buildSite({ source: sampleSources(), outDir, signal: stop.signal });
  setTimeout(() => stop.abort(new Error('stopped by the test')), 100);
  await assert.rejects(building, /stopped by the test/);
  assert.equal(readFileSync(join(outDir, 'index.html'), 'utf8'), 'old');
  assert.deepEqual(readdirSync(parent), ['site']);
});

test('a directory that cannot be written is a failure that says so', async () => {
  const parent = workDirectory('unwritable');
  mkdirSync(parent, { recursive: true });
  writeFileSync(join(parent, 'file'), '');
  await assert.rejects(
    buildSite({ source: emptySources(), outDir: join(parent, 'file', 'site'), signal }),
    (error) => error instanceof OperationError && error.code === 'site-build-failed',
  );
});

test('what a killed build left is removed by a later one, and nothing else is', async () => {
  const parent = workDirectory('leftovers');
  for (const name of ['.site-AbC123', '.site-young1', '.site-notes.txt', 'other']) {
    mkdirSync(join(parent, name), { recursive: true });
    if (name !== '.site-young1') utimesSync(join(parent, name), 0, 0);
  }
  await buildSite({ source: emptySources(), outDir: join(parent, 'site'), signal });
  assert.deepEqual(readdirSync(parent).sort(), ['.site-notes.txt', '.site-young1', 'other', 'site']);
});

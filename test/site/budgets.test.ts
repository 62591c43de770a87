/** What a page may weigh, compressed as servers send it: a page that is slow on a phone is a page nobody opens. Sizes, never times. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { certificateDetails } from '../../site/facts/details.ts';
import { shardFiles } from '../../site/feeds/shards.ts';
import { siteRecord } from '../bench/site-estate.ts';
import { built } from './built.ts';
import { inputOf } from './feed-readers.ts';
import { sampleSources } from './sample-model.ts';

const kib = 1024;

describe('compressed', () => {
  let directory = '';
  const weight = (path: string): number => gzipSync(readFileSync(join(directory, path))).length;
  const within = (path: string, most: number): void => {
    assert.ok(
      weight(path) <= most,
      `${path} has ${(weight(path) / kib).toFixed(1)} KiB, ${(most / kib).toFixed(1)} are allowed`,
    );
  };

  before(async () => {
    const sources = sampleSources();
    // 400 certificates, 300 of them of one team: more rows than a page of a team shows.
    const certificates = Array.from({ length: 400 }, (_, index) => {
      const record = siteRecord(index, 400);
      return index < 300 ? { ...record, metadata: { ...record.metadata, team: 'web' } } : record;
    });
    ({ directory } = await built('budgets', { ...sources, records: { ...sources.records, certificates } }));
  });

  test('the style sheet has at most 12 KiB, the reading script 3', () => {
    within('site.css', 12 * kib);
    within('site.js', 3 * kib);
  });

  test('the search loads at most 25 KiB of scripts, the request form with YAML and schema 47, other pages none of their own', () => {
    const most = new Map([
      ['certificates/index.html', 25],
      ['certificates/view/index.html', 25],
      // Measured: 45.7, one of them to withhold keys from what an error shows of a file.
      ['request/index.html', 47],
      ['404.html', 25],
    ]);
    for (const path of globSync('**/*.html', { cwd: directory })) {
      const html = readFileSync(join(directory, path), 'utf8');
      const scripts = [...html.matchAll(/<script[^>]*src="\/(assets\/[^"]+)"/g)].map(([, each = '']) => each);
      assert.equal(scripts.length > 0, most.has(path), path);
      // More than each loads: which parts are shared is the bundler's choice.
      const shared = globSync('assets/shared.*.js', { cwd: directory });
      const sum = [...scripts, ...shared].reduce((all, each) => all + weight(each), 0);
      const kibs = sum / kib;
      if (scripts.length > 0) assert.ok(kibs <= (most.get(path) ?? 0), `${path} ${kibs.toFixed(1)} KiB`);
    }
  });

  test('the posture has at most 60 KiB, the page of a certificate 4, with its style and script 20', () => {
    within('index.html', 60 * kib);
    const some = globSync('certificates/*/*/index.html', { cwd: directory });
    assert.ok(some.length >= 400);
    const heaviest = Math.max(...some.map(weight));
    assert.ok(heaviest <= 4 * kib, `${(heaviest / kib).toFixed(1)} KiB`);
    assert.ok(heaviest + weight('site.css') + weight('site.js') <= 20 * kib);
  });

  // Measured: 13.8.
  test('the page of a team with 200 rows has at most 15 KiB', () => {
    const html = readFileSync(join(directory, 'teams/web/index.html'), 'utf8');
    assert.ok((html.match(/<tr>/g) ?? []).length >= 200);
    within('teams/web/index.html', 15 * kib);
  });

  // Measured: 17.8 for the search, which brings 400 rows without a script, and 17.2 for the expiries.
  test('no other page of 400 certificates has more than 20 KiB', () => {
    for (const path of globSync('**/*.html', { cwd: directory })) within(path, 20 * kib);
  });

  test('a shard of records without a page has at most 16 KiB', () => {
    const sources = sampleSources();
    const certificates = Array.from({ length: 2000 }, (_, index) => siteRecord(index, 2000));
    const input = inputOf({
      ...sources,
      settings: { ...sources.settings, staticDetailMax: 10 },
      records: { ...sources.records, certificates },
    });
    const detailOf = certificateDetails(input.sources);
    const shards = [
      ...shardFiles(input, new Set(), (id) => {
        const record = input.estate.byId.get(id);
        return record === undefined ? null : detailOf(record);
      }),
    ];
    const sizes = shards.map(({ text }) => gzipSync(text).length);
    assert.ok(
      sizes.length > 10 && Math.max(...sizes) <= 16 * kib,
      `${String(sizes.length)} shards, the largest of ${String(Math.max(...sizes))} bytes`,
    );
  });
});

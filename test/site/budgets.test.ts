/** What a page may weigh, compressed as servers send it: a page that is slow on a phone is a page nobody opens. Sizes, never times. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { siteRecord } from '../bench/site-estate.ts';
import { built } from './built.ts';
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

  test('the search loads at most 25 KiB of scripts', () => {
    const html = readFileSync(join(directory, 'certificates/index.html'), 'utf8');
    const scripts = [...html.matchAll(/<script[^>]*src="\/(assets\/[^"]+)"/g)].map(([, path = '']) => path);
    const shared = globSync('assets/shared.*.js', { cwd: directory });
    assert.ok(scripts.length > 0);
    const sum = [...scripts, ...shared].reduce((all, path) => all + weight(path), 0);
    assert.ok(sum <= 25 * kib, `${(sum / kib).toFixed(1)} KiB`);
  });

  test('the posture has at most 60 KiB, the page of a certificate 4, with its style and script 20', () => {
    within('index.html', 60 * kib);
    const some = globSync('certificates/*/*/index.html', { cwd: directory });
    assert.ok(some.length >= 400);
    const heaviest = Math.max(...some.map(weight));
    assert.ok(heaviest <= 4 * kib, `${(heaviest / kib).toFixed(1)} KiB`);
    assert.ok(heaviest + weight('site.css') + weight('site.js') <= 20 * kib);
  });

  test('the page of a team with 200 rows has at most 20 KiB', () => {
    const html = readFileSync(join(directory, 'teams/web/index.html'), 'utf8');
    assert.ok((html.match(/<tr>/g) ?? []).length >= 200);
    within('teams/web/index.html', 20 * kib);
  });
});

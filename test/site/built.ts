/** Builds sites for the tests, each into a directory that goes away with the test file. */
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { buildSite } from '../../site/build.ts';
import type { SiteSources } from '../../site/facts/sources.ts';

export interface BuiltPages {
  readonly directory: string;
  /** HTML by path under the directory: `teams/web/index.html`. */
  readonly pages: ReadonlyMap<string, string>;
}

const parent = mkdtempSync(join(tmpdir(), 'renewd-site-test-'));
after(() => rmSync(parent, { recursive: true, force: true }));

/** Builds the site of sources into a directory of that name and reads every page of it. */
export async function built(name: string, source: SiteSources, base = '/'): Promise<BuiltPages> {
  const directory = join(parent, name);
  await buildSite({ source, outDir: directory, base, signal: new AbortController().signal });
  const paths = globSync('**/*.html', { cwd: directory }).sort((a, b) => (a < b ? -1 : 1));
  return {
    directory,
    pages: new Map(paths.map((path) => [path, readFileSync(join(directory, path), 'utf8')])),
  };
}

/** A directory for a test that builds by itself. */
export function workDirectory(name: string): string {
  return join(parent, name);
}

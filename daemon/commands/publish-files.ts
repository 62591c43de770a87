/** Templates of how the site is published, for each place: what `renewd site --template` writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './command.ts';

/** Place to files: where each is written, and which template it is. */
const places: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  github: { '.github/workflows/renewd-site.yml': 'github.yml', 'ci/renewd-site.sh': 'renewd-site.sh' },
  gitlab: { 'ci/renewd-site.gitlab-ci.yml': 'gitlab.yml', 'ci/renewd-site.sh': 'renewd-site.sh' },
  forgejo: {
    '.forgejo/workflows/renewd-site.yml': 'forgejo.yml',
    'ci/renewd-site.sh': 'renewd-site.sh',
    'ci/renewd-pages-branch.sh': 'renewd-pages-branch.sh',
  },
  gitea: {
    '.gitea/workflows/renewd-site.yml': 'forgejo.yml',
    'ci/renewd-site.sh': 'renewd-site.sh',
    'ci/renewd-pages-branch.sh': 'renewd-pages-branch.sh',
  },
  nginx: { 'nginx/renewd-site.conf': 'nginx.conf' },
  headers: { _headers: '_headers' },
};

/** File to text for a place. IO: reads the templates. @throws UsageError for one that is not known */
export function publishFiles(place: string): Map<string, string> {
  const files = Object.hasOwn(places, place) ? places[place] : undefined;
  if (files === undefined)
    throw new UsageError(
      `--template is one of ${Object.keys(places).join(', ')}, not ${JSON.stringify(place)}`,
    );
  return new Map(
    Object.entries(files).map(([path, name]) => [
      path,
      readFileSync(join(import.meta.dirname, 'publish', name), 'utf8'),
    ]),
  );
}

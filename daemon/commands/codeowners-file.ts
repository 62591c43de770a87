/** The CODEOWNERS file of a working tree: where it stands, and whether it says what the declarations say. Reads only. */
import { lstatSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { codeowners as render, codeownersMark } from '../core/codeowners.ts';
import type { Desired, DocumentProblem } from '../core/model.ts';

/** Where forges look for it, in the order in which they do. */
const places = [
  'CODEOWNERS',
  '.github/CODEOWNERS',
  '.gitlab/CODEOWNERS',
  '.gitea/CODEOWNERS',
  '.forgejo/CODEOWNERS',
  'docs/CODEOWNERS',
];

/** The first of the places at which there is a file; null when there is none. IO: reads it. */
export function presentIn(directory: string): { readonly path: string; readonly text: string } | null {
  for (const path of places) {
    // A folder that is a link is nobody's: a forge does not look there either.
    const folder = lstatSync(dirname(join(directory, path)), { throwIfNoEntry: false });
    if (path.includes('/') && folder?.isDirectory() !== true) continue;
    const stat = lstatSync(join(directory, path), { throwIfNoEntry: false });
    if (stat?.isFile() === true) return { path, text: readFileSync(join(directory, path), 'utf8') };
  }
  return null;
}

/** A warning when the file that renewd wrote is out of date; none where there is no such file. IO: reads it. */
export function codeownersProblems(directory: string, desired: Desired): DocumentProblem[] {
  const found = presentIn(directory);
  if (found === null || !found.text.startsWith(codeownersMark) || found.text === render(desired)) return [];
  return [
    {
      code: 'codeowners-old',
      message:
        'does not say what teams and change control say now; write it again: renewd codeowners --write',
      source: { file: found.path, line: 1, column: 1 },
      excerpt: null,
      severity: 'warning',
      scope: '.',
    },
  ];
}

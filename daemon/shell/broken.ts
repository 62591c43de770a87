/**
 * What broke keeps (DESIGN promise 14): a file whose newest content cannot be used goes on with the documents of the last one that could, whatever kind they are
 * and however it broke. This is where that is said, and how it is kept over a restart. Pure.
 */
import { dirname } from 'node:path/posix';
import type { DocumentProblem } from '../core/model.ts';
import type { ParsedFile, Resource } from '../core/parsed-document.ts';
import { kinds } from '../documents/kinds/index.ts';
import { placementCode } from '../documents/placement.ts';
import type { SourceRow } from '../journal/journal.ts';

/** In the journal: why the newest content of a file cannot be used; the last that could stands under its own path. */
export const brokenPrefix = 'broken:';

/** Nothing that could be read is known of a document that governs: nothing new is issued until it is. */
export const unreadableCode = 'governance-unreadable';

/** Folders in which every document may govern: what cannot be read cannot say which kind it is. */
const governing = ['policies', 'inventory/teams'];

function governs(path: string): boolean {
  return governing.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

/**
 * Mistakes that keep a file from counting. Standing in a file of another name is none of them where that was in force; a file that was emptied is one, since an
 * editor or a full disk does that. Pure.
 */
export function mistakesOf(
  { path, problems, documents }: ParsedFile,
  had: readonly Resource[],
): readonly DocumentProblem[] {
  const mistakes = problems.filter((each) => each.code !== placementCode && each.severity === 'error');
  if (mistakes.length > 0 || documents.length > 0 || had.length === 0) return mistakes;
  return [
    problemOf(path, 'document-empty', `${path} declares nothing any more; delete the file if that is meant`),
  ];
}

function problemOf(path: string, code: string, message: string): DocumentProblem {
  const source = { file: path, line: 1, column: 1 };
  return { code, message, source, excerpt: null, severity: 'error', scope: dirname(path) };
}

/** The file with what it said before in place of what cannot be used, and why it cannot be. Pure. */
export function keptFile(
  { path, oid, mode }: Pick<ParsedFile, 'path' | 'oid' | 'mode'>,
  problems: readonly DocumentProblem[],
  had: readonly Resource[],
): ParsedFile {
  const documents = had.filter((each) => kinds[each.kind].whenBroken === 'keep');
  const stays = documents.length === 0 ? '' : ` (what was accepted before stays in force)`;
  return {
    path,
    oid,
    ...(mode === undefined ? {} : { mode }),
    documents,
    problems: problems.map((each) => ({ ...each, severity: 'error', message: `${each.message}${stays}` })),
  };
}

/** The same where nothing that counted before is known: of what governs that is said, for then nothing new may be issued. Pure. */
export function unknownFile(file: ParsedFile): ParsedFile {
  const [first] = file.problems;
  if (!governs(file.path) || first === undefined) return file;
  const problem: DocumentProblem = {
    ...first,
    code: unreadableCode,
    message: `${file.path} cannot be read and no earlier version of it is known, so nothing new is issued: ${first.message}`,
    severity: 'error',
  };
  return { ...file, problems: [problem, ...file.problems] };
}

/** What stands in a place where a regular file belongs, in words. */
function nameOf(mode: string): string {
  if (mode === '160000') return 'a submodule';
  return mode === '120000' ? 'a symbolic link' : 'no regular file';
}

/** Mode of a declaration whose folder was replaced by something else, of this mode. */
export const belowPrefix = 'below ';

/** A symbolic link, submodule or folder's replacement where a declaration should be: named, never followed. Pure. */
export function notAFile(path: string, mode: string): DocumentProblem {
  const message = mode.startsWith(belowPrefix)
    ? `the folder of ${path} was replaced by ${nameOf(mode.slice(belowPrefix.length))}; put it back, or delete the file on purpose`
    : `${path} is ${nameOf(mode)}: nothing behind it is read. Declarations are regular files of this repository; put them there`;
  return problemOf(path, 'document-not-a-file', message);
}

/** The row of the journal that says why. Pure. */
export function brokenRow({ path, oid, mode, problems }: ParsedFile): SourceRow {
  const text = JSON.stringify({ mode, problems });
  return { path: brokenPrefix + path, oid, bytes: Buffer.from(text, 'utf8') };
}

/** What such a row says; null for one of a version that kept the broken text itself. Pure. */
export function readBrokenRow(
  row: SourceRow,
): { readonly mode?: string; readonly problems: readonly DocumentProblem[] } | null {
  try {
    const value = JSON.parse(Buffer.from(row.bytes).toString('utf8')) as {
      readonly mode?: string;
      readonly problems?: readonly DocumentProblem[];
    } | null;
    if (value === null || !Array.isArray(value.problems)) return null;
    return { problems: value.problems, ...(value.mode === undefined ? {} : { mode: value.mode }) };
  } catch {
    return null;
  }
}

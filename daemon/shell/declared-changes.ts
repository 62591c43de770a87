/**
 * Which declarations a commit changes: the one function that says so, for who may, who made it, what a merge decided and what is applied. Asked anywhere else, a
 * declaration could change that nobody was asked about. Reads Git; writes nothing.
 */
import { dirname } from 'node:path/posix';
import { tooLarge } from '../git/object.ts';
import type { Repository, TreeEntryChange } from '../git/repository.ts';
import { belowPrefix } from './broken.ts';
import { declaredPrefixes, isDeclared, isObstacle, type FilesInForce } from './in-force.ts';

/**
 * Changed entries as changes of declarations: a folder that was replaced by a link, a submodule or a file takes away none of what was declared below it, and taking
 * that away takes it away on purpose. Everything else is left out. Pure.
 */
export function declaredChanges(
  before: FilesInForce,
  changes: readonly TreeEntryChange[],
): readonly TreeEntryChange[] {
  const declared = new Map<string, TreeEntryChange>();
  const others: TreeEntryChange[] = [];
  for (const change of changes) {
    if (isDeclared(change.path)) declared.set(change.path, change);
    else others.push(change);
  }
  if (others.length === 0) return [...declared.values()];
  const folders = foldersOf(before);
  for (const change of others) {
    const { path, oid, mode } = change;
    if (isObstacle(change)) declared.set(path, change);
    else if (before.files.has(path)) declared.set(path, { path, oid: null, mode });
    for (const below of folders.get(path) ?? []) {
      const there = declared.get(below);
      if (oid !== null && there?.oid == null)
        declared.set(below, { path: below, oid, mode: belowPrefix + mode });
      else if (oid === null && there === undefined) declared.set(below, { path: below, oid: null, mode });
    }
  }
  return [...declared.values()];
}

/** What is in force below each folder, made once a state: a push may hold any number of files that declare nothing. */
const folders = new WeakMap<FilesInForce['files'], ReadonlyMap<string, readonly string[]>>();

function foldersOf({ files, trust }: FilesInForce): ReadonlyMap<string, readonly string[]> {
  const known = folders.get(files);
  if (known !== undefined) return known;
  const made = new Map<string, string[]>();
  for (const path of new Set([...files.keys(), ...trust.keys()])) {
    for (let folder = dirname(path); folder !== '.' && folder !== '/'; folder = dirname(folder)) {
      const below = made.get(folder);
      if (below === undefined) made.set(folder, [path]);
      else below.push(path);
    }
  }
  folders.set(files, made);
  return made;
}

/** What differs between two commits, as changes of declarations. */
export type DeclaredDiff = (
  from: string | null,
  to: string,
  trees?: 'judged',
) => Promise<readonly TreeEntryChange[]>;

/**
 * Compares commits by what is in force. IO: reads Git. `entriesMax`: of all comparisons together, so that many commits cost no more than one may.
 * @throws OperationError `git-too-large` once they are more; what `Repository.changes` throws
 */
export function declaredDiff(
  repository: Pick<Repository, 'changes'>,
  inForce: FilesInForce,
  entriesMax = Number.POSITIVE_INFINITY,
): DeclaredDiff {
  let left = entriesMax;
  return async (from, to, trees) => {
    if (left > 0) {
      const entries = await repository.changes(from, to, declaredPrefixes, trees);
      const changes = declaredChanges(inForce, entries);
      left -= Math.max(entries.length, changes.length);
      if (left >= 0) return changes;
    }
    throw tooLarge(
      `its commits change more than the ${String(entriesMax)} files that are read of one change`,
    );
  };
}

/** Which commits of a change wrote a file, and which decided what it holds in the end. Pure. */
import type { NewCommit } from './change.ts';

interface ByPath {
  /** Commits that wrote the file. */
  readonly writers: ReadonlyMap<string, readonly NewCommit[]>;
  /** Those of them that put there what stands at the end of the range. */
  readonly deciders: ReadonlyMap<string, readonly NewCommit[]>;
}

const byPath = new WeakMap<readonly NewCommit[], ByPath>();

function indexOf(commits: readonly NewCommit[]): ByPath {
  let found = byPath.get(commits);
  if (found === undefined) {
    found = {
      writers: grouped(commits, ({ paths }) => paths),
      deciders: grouped(commits, ({ brought }) => brought),
    };
    byPath.set(commits, found);
  }
  return found;
}

function grouped(
  commits: readonly NewCommit[],
  filesOf: (commit: NewCommit) => NewCommit['paths'],
): ReadonlyMap<string, readonly NewCommit[]> {
  const found = new Map<string, NewCommit[]>();
  for (const commit of commits) {
    for (const { path } of filesOf(commit)) {
      const there = found.get(path);
      if (there === undefined) found.set(path, [commit]);
      else there.push(commit);
    }
  }
  return found;
}

/** Commits of a range that wrote the file, replaced since or not. Pure. */
export function writersIn(commits: readonly NewCommit[], path: string): readonly NewCommit[] {
  return indexOf(commits).writers.get(path) ?? [];
}

/** Commits that decided what a file holds at the end of a range. Pure. */
export function decidersIn(commits: readonly NewCommit[], path: string): readonly NewCommit[] {
  return indexOf(commits).deciders.get(path) ?? [];
}

/** Files that a commit wrote and that do not stand as it wrote them at the end of the range. Pure. */
export function replacedOf({ paths, brought }: NewCommit): readonly string[] {
  if (paths.length === brought.length) return [];
  const standing = new Set(brought.map((each) => each.path));
  return paths.flatMap(({ path }) => (standing.has(path) ? [] : [path]));
}

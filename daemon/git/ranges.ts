/** Ranges of history: what one commit has that another has not, the line of first parents, where two lines part. Bounded; reads commits only. */
import { limits } from '../limits.ts';
import type { Commit } from './commit.ts';
import { readCommit } from './history.ts';
import { corrupt } from './object.ts';
import type { ObjectStore } from './object-store.ts';

const wantedFlag = 1;
const knownFlag = 2;

interface Painted {
  readonly commit: Commit;
  flags: number;
}

/** Walks both histories newest first, carrying to every parent from which side it was reached, until only what both have is left. */
function paint(
  store: ObjectStore,
  from: readonly string[],
  to: string,
  shallow: ReadonlySet<string>,
): ReadonlyMap<string, Painted> {
  const painted = new Map<string, Painted>();
  const queue: Painted[] = [];
  const reach = (oid: string, flags: number): void => {
    const there = painted.get(oid);
    if (there !== undefined) {
      if ((there.flags | flags) === there.flags) return;
      there.flags |= flags;
      if (!queue.includes(there)) insert(queue, there);
      return;
    }
    const each = { commit: readCommit(store, oid), flags };
    painted.set(each.commit.oid, each);
    if (painted.size > limits.git.historyMaxCommits) throw corrupt('history is longer than the bound');
    insert(queue, each);
  };
  reach(to, wantedFlag);
  for (const oid of from) if (store.has(oid)) reach(oid, knownFlag);
  while (queue.some((each) => (each.flags & knownFlag) === 0)) {
    const next = queue.shift();
    if (next === undefined) break;
    if (shallow.has(next.commit.oid)) continue;
    for (const parent of next.commit.parents) if (store.has(parent)) reach(parent, next.flags);
  }
  return painted;
}

function insert(queue: Painted[], each: Painted): void {
  const at = queue.findIndex((other) => other.commit.committer.at < each.commit.committer.at);
  queue.splice(at < 0 ? queue.length : at, 0, each);
}

/** Commits that `to` has and none of `from` has, newest first. Everything `to` has where `from` is empty. */
export function commitsBetween(
  store: ObjectStore,
  from: readonly string[],
  to: string,
  shallow: ReadonlySet<string>,
): Commit[] {
  return [...paint(store, from, to, shallow).values()]
    .filter((each) => each.flags === wantedFlag)
    .map((each) => each.commit)
    .sort((left, right) => right.committer.at - left.committer.at);
}

/** The newest commit that both have; null when their histories have nothing in common. */
export function mergeBase(
  store: ObjectStore,
  one: string,
  other: string,
  shallow: ReadonlySet<string>,
): string | null {
  const both = [...paint(store, [one], other, shallow).values()].filter(
    (each) => each.flags === (wantedFlag | knownFlag),
  );
  // A common ancestor that another common one descends from is not the base.
  const inner = new Set(both.flatMap((each) => each.commit.parents));
  const best = both
    .filter((each) => !inner.has(each.commit.oid))
    .sort((left, right) => right.commit.committer.at - left.commit.committer.at)[0];
  return best?.commit.oid ?? null;
}

/**
 * The commits of a branch from `from` (not included) to `to`, oldest first, by first parents: what each push or merge brought. null when `from` is not on that line.
 */
export function firstParentLine(
  store: ObjectStore,
  from: string | null,
  to: string,
  shallow: ReadonlySet<string>,
): Commit[] | null {
  const line: Commit[] = [];
  let oid: string | undefined = to;
  while (oid !== undefined && oid !== from) {
    const commit = readCommit(store, oid);
    line.push(commit);
    if (line.length > limits.git.historyMaxCommits) throw corrupt('history is longer than the bound');
    oid = shallow.has(commit.oid) ? undefined : commit.parents[0];
  }
  return oid === undefined && from !== null ? null : line.reverse();
}

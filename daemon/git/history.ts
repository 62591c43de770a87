/** Questions about history: is one commit in another's past, which commits lead to one. Walks newest first, bounded. */
import { limits } from '../limits.ts';
import { parseCommit, type Commit } from './commit.ts';
import { corrupt } from './object.ts';
import type { ObjectStore } from './object-store.ts';
import { parseTree, rawNameOf } from './tree.ts';

/** Reads one commit; a tag is followed to its commit. @throws OperationError `git-corrupt` */
export function readCommit(store: ObjectStore, oid: string): Commit {
  let current = oid;
  for (let hop = 0; hop < 8; hop++) {
    const object = store.read(current);
    if (object === null) throw corrupt(`commit ${current} is missing`);
    if (object.bytes.length > limits.git.commitMaxBytes) throw corrupt(`commit ${current} is over the bound`);
    if (object.type === 'commit') return parseCommit(current, object.bytes);
    const target = /^object ([0-9a-f]{40})\n/.exec(object.bytes.toString('latin1', 0, 64))?.[1];
    if (object.type !== 'tag' || target === undefined) break;
    current = target;
  }
  throw corrupt(`${oid} is no commit`);
}

/** Commits reachable from `oid`, newest committer date first (a heap is not worth it: the frontier is small). Shallow ones end the walk. */
export function* walkHistory(
  store: ObjectStore,
  oid: string,
  shallow: ReadonlySet<string>,
): Generator<Commit, void, undefined> {
  const first = readCommit(store, oid);
  const seen = new Set([first.oid]);
  const frontier = [first];
  let walked = 0;
  for (;;) {
    const commit = frontier.shift();
    if (commit === undefined) return;
    if (++walked > limits.git.historyMaxCommits) throw corrupt('history is longer than the bound');
    yield commit;
    if (shallow.has(commit.oid)) continue;
    for (const parent of commit.parents) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      const next = readCommit(store, parent);
      const at = frontier.findIndex((other) => other.committer.at < next.committer.at);
      frontier.splice(at < 0 ? frontier.length : at, 0, next);
    }
  }
}

/** True when `ancestor` is `descendant` or in its past. An ancestor that is not in the store is in nobody's past. */
export function isAncestor(
  store: ObjectStore,
  ancestor: string,
  descendant: string,
  shallow: ReadonlySet<string>,
): boolean {
  if (ancestor === descendant) return true;
  if (!store.has(ancestor)) return false;
  for (const commit of walkHistory(store, descendant, shallow)) if (commit.oid === ancestor) return true;
  return false;
}

/** The mode and id at a path in a tree; null when nothing is there. */
export function entryAt(
  store: ObjectStore,
  tree: string,
  path: string,
): { readonly mode: string; readonly oid: string } | null {
  let found = { mode: '40000', oid: tree };
  for (const part of path.split('/').filter((each) => each !== '')) {
    if (found.mode !== '40000') return null;
    const rawName = rawNameOf(part);
    const entry = parseTree(store.require(found.oid, 'tree')).find((each) => each.rawName === rawName);
    if (entry === undefined) return null;
    found = entry;
  }
  return found;
}

/** Commits that changed `path` against each of their parents (git's default history simplification without following renames). */
export function* historyOf(
  store: ObjectStore,
  oid: string,
  path: string | null,
  shallow: ReadonlySet<string>,
): Generator<Commit, void, undefined> {
  for (const commit of walkHistory(store, oid, shallow)) {
    if (path === null) {
      yield commit;
      continue;
    }
    const here = entryAt(store, commit.tree, path);
    const parents = shallow.has(commit.oid) ? [] : commit.parents;
    const same = parents.some((parent) => {
      const there = entryAt(store, readCommit(store, parent).tree, path);
      return there?.oid === here?.oid && there?.mode === here?.mode;
    });
    if (parents.length === 0 ? here !== null : !same) yield commit;
  }
}

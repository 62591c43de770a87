/** Reads commits and what stands at a path, and walks history to show it. What is judged asks `ranges.ts`. */
import { limits } from '../limits.ts';
import { parseCommit, type Commit } from './commit.ts';
import { OperationError } from '../ports/failure.ts';
import { missing, parentsOf, type History } from './graph.ts';
import { treeFault } from './grammar.ts';
import { corrupt, malformed } from './object.ts';
import type { ObjectStore } from './object-store.ts';
import { parseTree, rawNameOf, sortKey, type TreeEntry } from './tree.ts';

/** Reads one commit; a tag is followed to its commit. @throws OperationError `git-corrupt`, `git-malformed` */
export function readCommit(store: ObjectStore, oid: string): Commit {
  let current = oid;
  for (let hop = 0; hop < 8; hop++) {
    const object = store.read(current);
    if (object === null) throw corrupt(`commit ${current} is missing`);
    if (object.bytes.length > limits.git.commitMaxBytes)
      throw malformed(`commit ${current} is larger than ${String(limits.git.commitMaxBytes)} bytes`);
    if (object.type === 'commit') return parseCommit(current, object.bytes);
    const target = /^object ([0-9a-f]{40})\n/.exec(object.bytes.toString('latin1', 0, 64))?.[1];
    if (object.type !== 'tag' || target === undefined) break;
    current = target;
  }
  throw malformed(`${oid} is no commit`);
}

/**
 * The tree a commit names, also where the rest of it breaks the grammar: its first line, where alone Git takes it from. IO. @throws OperationError `git-corrupt`,
 * `git-malformed`
 */
export function treeIdOf(store: ObjectStore, oid: string): string {
  const object = store.begin(oid);
  if (object?.type !== 'commit') return readCommit(store, oid).tree;
  const tree = /^tree ([0-9a-f]{40})\n/.exec(object.bytes.toString('latin1', 0, 46))?.[1];
  if (tree === undefined) throw malformed(`commit ${oid} does not begin with its tree`);
  return tree;
}

/**
 * As `readCommit`, and for a malformed one what a walk needs: its tree and its parents, and nothing that anybody wrote in it. Whoever can push one must not hide
 * the rest of a line. IO. @throws OperationError `git-corrupt`; `git-malformed` where not even these can be told
 */
export function readOnLine(store: ObjectStore, oid: string): Commit {
  try {
    return readCommit(store, oid);
  } catch (error) {
    if (!(error instanceof OperationError) || error.code !== 'git-malformed') throw error;
    const nobody = { name: '(cannot be read)', email: '', at: 0 };
    const parents = parentsOf(store, oid);
    return {
      oid,
      parents,
      tree: treeIdOf(store, oid),
      author: nobody,
      committer: nobody,
      message: '(cannot be read)',
      trailers: [],
      signature: null,
    };
  }
}

/**
 * Every commit reachable from `oid`, that one first; no other order is promised. For looking something up, never for judging: it ends quietly where a
 * shallow clone ends. IO. @throws OperationError `git-malformed` over the bound
 */
export function* walkHistory(history: History, oid: string): Generator<string, void, undefined> {
  const { store, shallow } = history;
  const seen = new Set([readCommit(store, oid).oid]);
  for (const commit of seen) {
    if (seen.size > limits.git.historyMaxCommits) throw malformed('a history is longer than the bound');
    yield commit;
    for (const parent of parentsOf(store, commit)) {
      if (store.has(parent)) seen.add(parent);
      else if (!shallow().has(commit)) throw missing(commit, parent, shallow());
    }
  }
}

/**
 * A branch as it grew, newest first: its line of first parents. For showing: it ends quietly where a shallow clone ends. IO.
 * @throws OperationError `git-corrupt` for a missing commit
 */
export function* walkBranch({ store, shallow }: History, oid: string): Generator<Commit, void, undefined> {
  for (let at: string | undefined = oid; at !== undefined;) {
    const commit: Commit = readOnLine(store, at);
    yield commit;
    const [parent]: readonly string[] = commit.parents;
    if (parent !== undefined && !store.has(parent)) {
      if (!shallow().has(commit.oid)) throw missing(commit.oid, parent, shallow());
      return;
    }
    at = parent;
  }
}

/** Entries of a tree that is judged: it keeps to the grammar of Git. IO. @throws OperationError `git-malformed` */
export function readTree(store: ObjectStore, oid: string): TreeEntry[] {
  const bytes = store.require(oid, 'tree');
  const fault = treeFault(bytes);
  if (fault !== null)
    throw malformed(`tree ${oid} breaks the grammar of Git (${fault}); git fsck --strict names it`);
  return parseTree(bytes);
}

/**
 * Entries of a tree that was accepted before, perhaps by an earlier version: modes and names of old are let be, as long as nobody has to guess which
 * entry counts. IO. @throws OperationError `git-malformed`
 */
export function readAcceptedTree(store: ObjectStore, oid: string): TreeEntry[] {
  const entries = parseTree(store.require(oid, 'tree'));
  const keys = entries.map(sortKey);
  const wrongOrder = keys.some((key, position) => position > 0 && (keys[position - 1] ?? '') >= key);
  const wrongName = entries.some(({ rawName }) => ['', '.', '..'].includes(rawName) || rawName.includes('/'));
  if (wrongOrder || wrongName) throw malformed(`tree ${oid} has a name twice, out of order or with a slash`);
  return entries;
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
    const entry = readAcceptedTree(store, found.oid).find((each) => each.rawName === rawName);
    if (entry === undefined) return null;
    found = entry;
  }
  return found;
}

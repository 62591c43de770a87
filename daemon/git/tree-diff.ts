/** What changed between two trees, pruned by id: equal subtrees are never opened. Nothing is checked out; modes are only reported. */
import { limits } from '../limits.ts';
import { readAcceptedTree, readTree } from './history.ts';
import { tooLarge } from './object.ts';
import type { ObjectStore } from './object-store.ts';
import { isFolder, nameText, sortKey, type TreeEntry } from './tree.ts';

export interface TreeEntryChange {
  readonly path: string;
  /** null: deleted. */
  readonly oid: string | null;
  /** `100644`, `100755`, `120000` (symbolic link), `160000` (submodule); of the entry that was, when deleted. */
  readonly mode: string;
}

/** Which trees that are opened must keep to the grammar of Git: the new ones, or those they are compared with too. */
export type JudgedTrees = 'judged' | 'both judged';

/**
 * Changed files below the prefixes (a prefix names a file or a folder; none: everything), in git's order. Reads only what differs.
 * `from` null: everything in `to` is new. Both are tree ids. `judged`: every tree of `to` that is opened must keep to the grammar of Git, `both judged`: of `from` too. @throws OperationError `git-corrupt`, `git-malformed`, `git-too-large`
 */
export function diffTrees(
  store: ObjectStore,
  from: string | null,
  to: string,
  prefixes: readonly string[],
  trees?: JudgedTrees,
): TreeEntryChange[] {
  const readNew = trees === undefined ? readAcceptedTree : readTree;
  const readOld = trees === 'both judged' ? readTree : readAcceptedTree;
  const changes: TreeEntryChange[] = [];
  const wanted = prefixes.map((prefix) => prefix.replace(/\/+$/, '')).filter((prefix) => prefix !== '');
  const all = wanted.length < prefixes.length || prefixes.length === 0;

  const concerns = (path: string, folder: boolean): boolean =>
    all ||
    wanted.some(
      (prefix) =>
        path === prefix || path.startsWith(`${prefix}/`) || (folder && prefix.startsWith(`${path}/`)),
    );
  const report = (path: string, entry: TreeEntry, deleted: boolean, depth: number): void => {
    if (!concerns(path, isFolder(entry))) return;
    if (isFolder(entry)) {
      const [before, after] = deleted ? [entry.oid, null] : [null, entry.oid];
      walk(before, after, `${path}/`, depth + 1);
      return;
    }
    if (changes.length >= limits.git.changesMax) throw tooLarge('it changes more files than the bound');
    changes.push({ path, oid: deleted ? null : entry.oid, mode: entry.mode });
  };
  const walk = (before: string | null, after: string | null, base: string, depth: number): void => {
    if (depth > limits.git.treeDepthMax) throw tooLarge(`a tree is deeper than ${limits.git.treeDepthMax}`);
    const old = before === null ? [] : withKeys(readOld(store, before));
    const now = after === null ? [] : withKeys(readNew(store, after));
    let left = 0;
    let right = 0;
    while (left < old.length || right < now.length) {
      const a = old[left];
      const b = now[right];
      if (a !== undefined && (b === undefined || a.key < b.key)) {
        report(base + nameText(a.entry.rawName), a.entry, true, depth);
        left++;
      } else if (b !== undefined && (a === undefined || b.key < a.key)) {
        report(base + nameText(b.entry.rawName), b.entry, false, depth);
        right++;
      } else if (a !== undefined && b !== undefined) {
        left++;
        right++;
        if (a.entry.oid === b.entry.oid && a.entry.mode === b.entry.mode) continue;
        const path = base + nameText(b.entry.rawName);
        if (!isFolder(b.entry)) report(path, b.entry, false, depth);
        else if (concerns(path, true)) walk(a.entry.oid, b.entry.oid, `${path}/`, depth + 1);
      }
    }
  };
  walk(from, to, '', 0);
  return withoutReplaced(changes);
}

function withKeys(entries: readonly TreeEntry[]): { key: string; entry: TreeEntry }[] {
  return entries.map((entry) => ({ key: sortKey(entry), entry }));
}

/** A folder that became a file of the same name (or the reverse) is reported once as deleted files and once as a new one. */
function withoutReplaced(changes: readonly TreeEntryChange[]): TreeEntryChange[] {
  const present = new Set(changes.filter((change) => change.oid !== null).map((change) => change.path));
  return changes.filter((change) => change.oid !== null || !present.has(change.path));
}

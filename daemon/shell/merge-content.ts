/** What a merge holds beside what its parents hold: which files Git would merge by itself, and which somebody decided. By whole files. IO: reads Git. */
import type { Commit, Repository, TreeEntryChange } from '../git/repository.ts';
import { limits } from '../limits.ts';
import type { DeclaredDiff } from './declared-changes.ts';

export interface MergeContent {
  /** Files that do not merge by themselves: whoever made the merge wrote them, or chose among what its sides wrote. */
  readonly made: readonly { readonly path: string; readonly after: string | null }[];
  /** Whether a file of the merge is the same as in this parent. */
  readonly isAs: (parent: string, path: string) => boolean;
}

/** Content of a file as one word: mode and id, or that it is not there. */
type Content = string;
type Differences = ReadonlyMap<string, Content>;

/**
 * Compares a merge with its parents and their best common ancestors. A file merges by itself when all those ancestors have the same of it, and all parents that changed
 * it since agree. Where ancestors differ (sides that were merged into each other before), Git makes one out of them first, and what it merges then depends on that; so
 * such a file was decided by whoever made the merge. Lines are not merged either: where two sides changed one file, whoever put both together made it. Histories with
 * nothing in common are none that Git merges by itself. `diff` says what of it are declarations.
 * @throws OperationError `git-incomplete` where the history is cut, `git-malformed`, `git-too-large`
 */
export async function mergeContent(
  repository: Pick<Repository, 'mergeBases'>,
  merge: Commit,
  diff: DeclaredDiff,
): Promise<MergeContent> {
  const { parents } = merge;
  const apart = new Map<string, Differences>();
  for (const parent of parents) apart.set(parent, await differences(diff, parent, merge.oid, 'judged'));
  const paths = new Set([...apart.values()].flatMap((each) => [...each.keys()]));
  const isAs = (parent: string, path: string): boolean => apart.get(parent)?.has(path) !== true;
  const made = paths.size === 0 ? paths : await decided({ repository, diff }, parents, paths, isAs);
  const afterOf = (path: string): string | null => {
    for (const each of apart.values()) {
      const content = each.get(path);
      if (content !== undefined) return content === gone ? null : content.slice(content.lastIndexOf(' ') + 1);
    }
    return null;
  };
  return { made: [...made].sort().map((path) => ({ path, after: afterOf(path) })), isAs };
}

/** Those of `paths`, in which the merge differs from a parent, that do not merge by themselves. */
async function decided(
  { repository, diff }: { readonly repository: Pick<Repository, 'mergeBases'>; readonly diff: DeclaredDiff },
  parents: readonly string[],
  paths: ReadonlySet<string>,
  isAs: MergeContent['isAs'],
): Promise<ReadonlySet<string>> {
  const [base, ...others] = await basesOf(repository, parents);
  if (base === undefined) return paths;
  const unlike = new Set<string>();
  for (const each of others)
    for (const path of (await differences(diff, base, each)).keys()) unlike.add(path);
  const changed = new Map<string, Differences>();
  for (const parent of parents) changed.set(parent, await differences(diff, base, parent));
  const made = new Set<string>();
  for (const path of paths) {
    const sides = parents.filter((parent) => changed.get(parent)?.has(path) === true);
    const contents = new Set(sides.map((parent) => changed.get(parent)?.get(path)));
    const byItself = contents.size === 1 && sides.every((parent) => isAs(parent, path));
    if (!byItself || unlike.has(path)) made.add(path);
  }
  return made;
}

/**
 * Best common ancestors of every two of the parents: an ancestor that is only common to all of three can be older than what two of them share, and what they changed
 * since then and took back would look untouched. Empty where two have nothing in common, and for shapes that only somebody who wants to deceive makes.
 */
async function basesOf(
  repository: Pick<Repository, 'mergeBases'>,
  parents: readonly string[],
): Promise<readonly string[]> {
  if (parents.length > limits.governance.mergeParentsMax) return [];
  const bases = new Set<string>();
  for (const [position, one] of parents.entries()) {
    for (const other of parents.slice(position + 1)) {
      const common = await repository.mergeBases([one, other]);
      if (common.length === 0) return [];
      for (const each of common) bases.add(each);
    }
  }
  return bases.size > limits.governance.mergeBasesMax ? [] : [...bases];
}

const gone = 'gone';

/** Declarations that differ, as they are at `to`. */
async function differences(
  diff: DeclaredDiff,
  from: string | null,
  to: string,
  trees?: 'judged',
): Promise<Differences> {
  return new Map((await diff(from, to, trees)).map((each) => [each.path, contentOf(each)]));
}

function contentOf({ mode, oid }: TreeEntryChange): Content {
  return oid === null ? gone : `${mode} ${oid}`;
}

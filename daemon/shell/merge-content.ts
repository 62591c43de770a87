/** What a merge holds beside what its parents hold: which files Git would merge by itself, and which somebody decided. By whole files. IO: reads Git. */
import type { Commit, Repository, TreeEntryChange } from '../git/repository.ts';
import { declaredPrefixes, isDeclared } from './in-force.ts';

export interface MergeContent {
  /** Files that are neither merged by themselves nor one side's of two that changed them: written by whoever made the merge. */
  readonly made: readonly { readonly path: string; readonly after: string | null }[];
  /** Files of which both sides changed the content, and one side's was taken whole. A choice: its maker counts as one. */
  readonly chosen: readonly { readonly path: string; readonly after: string | null }[];
  /** Whether a file of the merge is the same as in this parent. */
  readonly isAs: (parent: string, path: string) => boolean;
}

/** Content of a file as one word: mode and id, or that it is not there. */
type Content = string;
type Differences = ReadonlyMap<string, Content>;

/**
 * Compares a merge with its parents and their best common ancestors. A file merges by itself when, against one of those ancestors, all parents that changed
 * it agree. Lines are not merged: where two sides changed one file, whoever put both together made it.
 * @throws OperationError `git-incomplete` where the history is cut, `git-malformed`
 */
export async function mergeContent(repository: Repository, merge: Commit): Promise<MergeContent> {
  const { parents } = merge;
  const apart = new Map<string, Differences>();
  for (const parent of parents) apart.set(parent, await differences(repository, parent, merge.oid, 'judged'));
  const paths = new Set([...apart.values()].flatMap((each) => [...each.keys()]));
  const isAs = (parent: string, path: string): boolean => apart.get(parent)?.has(path) !== true;
  const undecided = new Set([...paths].filter((path) => parents.some((parent) => !isAs(parent, path))));
  const chosen = new Set<string>();
  const bases = undecided.size === 0 ? [] : await repository.mergeBases(parents);
  for (const base of bases.length === 0 ? [null] : bases) {
    const changed = new Map<string, Differences>();
    for (const parent of parents) changed.set(parent, await differences(repository, base, parent));
    for (const path of undecided) {
      const sides = parents.filter((parent) => changed.get(parent)?.has(path) === true);
      const contents = new Set(sides.map((parent) => changed.get(parent)?.get(path)));
      if (!sides.some((parent) => isAs(parent, path))) continue;
      if (contents.size === 1) {
        undecided.delete(path);
        chosen.delete(path);
      } else chosen.add(path);
    }
  }
  const afterOf = (path: string): string | null => {
    for (const each of apart.values()) {
      const content = each.get(path);
      if (content !== undefined) return content === gone ? null : (content.split(' ')[1] ?? null);
    }
    return null;
  };
  const listed = (list: Iterable<string>): MergeContent['made'] =>
    [...list].sort().map((path) => ({ path, after: afterOf(path) }));
  return {
    made: listed([...undecided].filter((path) => !chosen.has(path))),
    chosen: listed(chosen),
    isAs,
  };
}

const gone = 'gone';

/** Declared files that differ, as they are at `to`. */
async function differences(
  repository: Repository,
  from: string | null,
  to: string,
  trees?: 'judged',
): Promise<Differences> {
  const changes = await repository.changes(from, to, declaredPrefixes, trees);
  const entries = changes.filter(({ path }) => isDeclared(path));
  return new Map(entries.map((each) => [each.path, contentOf(each)]));
}

function contentOf({ mode, oid }: TreeEntryChange): Content {
  return oid === null ? gone : `${mode} ${oid}`;
}

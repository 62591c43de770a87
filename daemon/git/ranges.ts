/**
 * Ranges of history: what one commit has that another has not, the line of first parents, where lines part. By ancestry alone, never by a date: whoever
 * makes a commit writes any date into it. Bounded; a bound that is reached is an error, never a shorter answer.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { limits } from '../limits.ts';
import { graphOf, missing, parentsOf, type GraphNode, type History } from './graph.ts';
import { malformed } from './object.ts';

/** Nodes that are taken out from the top level down, each once, with what was noted of them until then. */
interface Descent {
  /** Adds marks to a node that was not yet taken out. */
  readonly mark: (node: GraphNode, marks: number) => void;
  /** The next node, with all its marks; null when every node left is settled. */
  readonly next: () => { readonly node: GraphNode; readonly marks: number } | null;
}

/** `settled`: marks of nodes that need no look for their own sake. The descent ends when only such are left. */
function descent(settled: (marks: number) => boolean): Descent {
  const marksOf = new Map<GraphNode, number>();
  const waiting = new Map<number, GraphNode[]>();
  let level = 0;
  let open = 0;
  return {
    mark: (node, marks) => {
      const before = marksOf.get(node);
      const after = (before ?? 0) | marks;
      if (before === after) return;
      if (before === undefined) {
        const there = waiting.get(node.level);
        if (there === undefined) waiting.set(node.level, [node]);
        else there.push(node);
        level = Math.max(level, node.level);
      } else if (!settled(before)) open--;
      if (!settled(after)) open++;
      marksOf.set(node, after);
    },
    next: () => {
      while (open > 0 && level > 0) {
        const node = waiting.get(level)?.pop();
        if (node === undefined) {
          waiting.delete(level--);
          continue;
        }
        const marks = marksOf.get(node) ?? 0;
        if (!settled(marks)) open--;
        return { node, marks };
      }
      return null;
    },
  };
}

const wanted = 1;
const excluded = 2;

/**
 * Ids of the commits that are reachable from `to` and from none of `from`: `to` first, every commit before its parents, the same order whatever dates say.
 * IO. Each of `from` that is not in the store is an error: leaving it out would call old commits new.
 * @throws OperationError `git-incomplete`, `git-malformed`
 */
export async function commitsBetween(
  history: History,
  from: readonly string[],
  to: string,
): Promise<readonly string[]> {
  if (from.includes(to)) return [];
  // The usual push: what is known are its parents, which cannot descend from it. True without reading further, also in a clone whose history is cut.
  const parents = new Set(parentsOf(history.store, to));
  if (from.length > 0 && parents.symmetricDifference(new Set(from)).size === 0) return [to];
  const nodes = await graphOf(history, [to, ...from]);
  const walk = descent((marks) => (marks & excluded) !== 0);
  for (const [oid, node] of nodes) walk.mark(node, oid === to ? wanted : excluded);
  const found: string[] = [];
  for (let each = walk.next(); each !== null; each = walk.next()) {
    if (each.marks === wanted) found.push(each.node.oid);
    for (const parent of each.node.parents) walk.mark(parent, each.marks === wanted ? wanted : excluded);
  }
  return found;
}

/** True when `ancestor` is `descendant` or in its past; false when either is not in the store. IO. @throws OperationError `git-incomplete`, `git-malformed` */
export async function isAncestor(history: History, ancestor: string, descendant: string): Promise<boolean> {
  const { store } = history;
  if (ancestor === descendant) return true;
  if (!store.has(ancestor) || !store.has(descendant)) return false;
  if (onFirstParents(history, ancestor, descendant)) return true;
  const nodes = await graphOf(history, [ancestor, descendant]);
  const [below, above] = [nodes.get(ancestor), nodes.get(descendant)];
  if (below === undefined || above === undefined) return false;
  const seen = new Set<GraphNode>([above]);
  for (const node of seen) {
    if (node === below) return true;
    for (const parent of node.parents) if (parent.level >= below.level) seen.add(parent);
  }
  return false;
}

/** The usual case, without reading the whole history: a few pushes since. */
function onFirstParents({ store }: History, ancestor: string, descendant: string): boolean {
  let at: string | undefined = descendant;
  for (let step = 0; step < limits.git.readsPerSlice && at !== undefined; step++) {
    if (at === ancestor) return true;
    at = store.has(at) ? parentsOf(store, at)[0] : undefined;
  }
  return at === ancestor;
}

/**
 * Every best common ancestor of these commits: common, and no ancestor of another common one. Highest level first; empty for histories with nothing in
 * common. IO. @throws OperationError `git-incomplete`, `git-malformed`
 */
export async function mergeBases(history: History, oids: readonly string[]): Promise<readonly string[]> {
  const tips = [...(await graphOf(history, oids)).values()];
  // A bit for each of them; a commit has at most `parentsMax` parents, so the bits fit a number.
  const every = 2 ** tips.length - 1;
  const stale = 2 ** tips.length;
  const walk = descent((marks) => (marks & stale) !== 0);
  for (const [position, node] of tips.entries()) walk.mark(node, 2 ** position);
  const bases: GraphNode[] = [];
  for (let each = walk.next(); each !== null; each = walk.next()) {
    const { node, marks } = each;
    const common = (marks & every) === every;
    if (common && (marks & stale) === 0) bases.push(node);
    for (const parent of node.parents) walk.mark(parent, common ? marks | stale : marks);
  }
  return bases
    .sort((left, right) => right.level - left.level || (left.oid < right.oid ? -1 : 1))
    .map(({ oid }) => oid);
}

/** The highest commit that both have; null when their histories have nothing in common. Of several the one with the lowest id. IO. */
export async function mergeBase(history: History, one: string, other: string): Promise<string | null> {
  return (await mergeBases(history, [one, other]))[0] ?? null;
}

/** At a commit with several parents: on which of `among`, in their order, the branch stood before it. */
export type ParentChoice = (merge: string, among: readonly string[]) => string | Promise<string>;

/**
 * The way a branch went from `from` (not included) to `to`, oldest first: each commit is a child of the one before it. Whoever makes a merge chooses the order of
 * its parents, so that alone never says where the branch stood: only parents that hold `from` are on the way, and where several do `choose` is asked. null when
 * `from` is not in the past of `to`. `from` null: to a beginning. `newest`: only so many, and none behind where the history is cut. Commits that cannot be read otherwise are told all the same. IO. @throws OperationError
 * `git-incomplete` where a parent is not here, `git-malformed` over the bound
 */
export async function wayBetween(
  history: History,
  from: string | null,
  to: string,
  choose: ParentChoice,
  newest = Number.POSITIVE_INFINITY,
): Promise<string[] | null> {
  const { store, shallow } = history;
  const way: string[] = [];
  let oid: string | undefined = to;
  while (oid !== undefined && oid !== from) {
    if (way.length >= newest) return way.reverse();
    const at: string = oid;
    const parents: readonly string[] = [...new Set(parentsOf(store, at))];
    const absent = parents.find((parent) => parent !== from && !store.has(parent));
    way.push(at);
    if (absent !== undefined && newest < Number.POSITIVE_INFINITY) break;
    if (absent !== undefined) throw missing(at, absent, shallow());
    if (way.length > limits.git.historyMaxCommits)
      throw malformed(`the way to ${to} is longer than ${String(limits.git.historyMaxCommits)} commits`);
    if (way.length % limits.git.readsPerSlice === 0) await nextTurn();
    oid = parents.length < 2 ? parents[0] : await chosen(history, at, parents, from, choose);
  }
  return oid !== from && from !== null ? null : way.reverse();
}

async function chosen(
  history: History,
  merge: string,
  parents: readonly string[],
  from: string | null,
  choose: ParentChoice,
): Promise<string | undefined> {
  const { parentsMax, sidesMax } = limits.git;
  const among = from === null ? parents : await holding(history, from, parents);
  let [best] = among;
  // A commit that nobody's Git makes has any number of sides: each few are asked with the best of those before.
  for (let at = 1; at < Math.min(among.length, sidesMax) && best !== undefined; at += parentsMax - 1)
    best = await choose(merge, [best, ...among.slice(at, at + parentsMax - 1)]);
  return best;
}

/** Those of `parents` that are `from` or hold it. */
async function holding(history: History, from: string, parents: readonly string[]): Promise<string[]> {
  const held: string[] = [];
  if (parents.length <= limits.git.parentsMax) {
    for (const parent of parents) if (await isAncestor(history, from, parent)) held.push(parent);
    return held;
  }
  // All at once: to walk the history for each of twenty thousand is for ever.
  const nodes = await graphOf(history, [from, ...parents]);
  const start = nodes.get(from);
  if (start === undefined) return [];
  const above = new Set(parents.flatMap((each) => nodes.get(each) ?? []));
  for (const node of above)
    for (const parent of node.parents) if (parent.level >= start.level) above.add(parent);
  const holds = new Set<GraphNode>([start]);
  for (const node of [...above].sort((left, right) => left.level - right.level))
    if (node.parents.some((each) => holds.has(each))) holds.add(node);
  return parents.filter((each) => holds.has(nodes.get(each) ?? start) && nodes.has(each));
}

/** Those of these commits that are in the past of none of the others, in their order. IO. @throws OperationError `git-incomplete`, `git-malformed` */
export async function independent(history: History, oids: readonly string[]): Promise<readonly string[]> {
  const left: string[] = [];
  for (const oid of oids) {
    let isPast = false;
    for (const other of oids) isPast ||= other !== oid && (await isAncestor(history, oid, other));
    if (!isPast) left.push(oid);
  }
  return left;
}

/** Commits in the past of `to` without parents: where its history begins. IO: reads all of it. @throws OperationError `git-incomplete`, `git-malformed` */
export async function beginnings(history: History, to: string): Promise<readonly string[]> {
  return (await commitsBetween(history, [], to)).filter((oid) => parentsOf(history.store, oid).length === 0);
}

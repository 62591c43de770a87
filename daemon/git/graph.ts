/**
 * The graph of commits by parents alone. A commit's level is one more than the highest of its parents, so a descendant always stands above its
 * ancestors: walks that go down by level are exact whatever dates commits carry. Replace refs, grafts and the list of shallow commits are not asked.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { corrupt, isOid, malformed } from './object.ts';
import type { ObjectStore } from './object-store.ts';

/** One commit of the graph. Values of one store are the same object for the same commit. */
export interface GraphNode {
  readonly oid: string;
  readonly parents: readonly GraphNode[];
  /** 1 for a commit without parents. */
  readonly level: number;
}

/** Where history is read. */
export interface History {
  readonly store: ObjectStore;
  /** Commits whose parents were left out on purpose. Asked only for why a parent is missing: one that is here is always followed. */
  readonly shallow: () => ReadonlySet<string>;
}

/** What is known of a store. Commits never change under their id, so it is kept as long as the store is open. */
interface Known {
  readonly nodes: Map<string, GraphNode>;
  /** Parents beyond `limits.git.parentsMax` of one commit, of all commits together. */
  wide: number;
}

const known = new WeakMap<ObjectStore, Known>();

function knownOf(store: ObjectStore): Known {
  let there = known.get(store);
  if (there === undefined) {
    there = { nodes: new Map(), wide: 0 };
    known.set(store, there);
  }
  return there;
}

/** As `parentsOf`; once commits with too many parents have used up what all of them may have, only the first ones of a further such commit. */
function boundedParents(store: ObjectStore, oid: string, there: Known): readonly string[] {
  const { parentsMax, wideParentsMax } = limits.git;
  const parents = parentsOf(store, oid);
  const beyond = Math.max(0, parents.length - parentsMax);
  if (there.wide + beyond > wideParentsMax) return parents.slice(0, parentsMax);
  there.wide += beyond;
  return parents;
}

/**
 * The nodes of these commits, with their whole history, by id. IO: reads each commit once a store, in slices that leave the event loop free.
 * @throws OperationError `git-incomplete` where a shallow clone ends, `git-corrupt` for a missing commit, `git-malformed` for a history over the bound
 */
export async function graphOf(
  { store, shallow }: History,
  oids: readonly string[],
): Promise<ReadonlyMap<string, GraphNode>> {
  const there = knownOf(store);
  const { nodes } = there;
  const found = new Map<string, GraphNode>();
  let reads = 0;
  for (const oid of oids) {
    // Depth first without recursion: a line of a million commits must not end the stack.
    const open = [frameOf(store, oid, there)];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const wanted = top.parents[top.at];
      if (wanted === undefined) {
        nodes.set(top.oid, nodeOf(top, nodes));
        open.pop();
        continue;
      }
      top.at++;
      if (nodes.has(wanted)) continue;
      if (nodes.size + open.length >= limits.git.historyMaxCommits) throw tooLong(oid);
      if (!store.has(wanted)) throw missing(top.oid, wanted, shallow());
      open.push(frameOf(store, wanted, there));
      if (++reads % limits.git.readsPerSlice === 0) await nextTurn();
    }
    const node = nodes.get(oid);
    if (node !== undefined) found.set(oid, node);
  }
  return found;
}

interface Frame {
  readonly oid: string;
  readonly parents: readonly string[];
  at: number;
}

function frameOf(store: ObjectStore, oid: string, there: Known): Frame {
  const node = there.nodes.get(oid);
  if (node !== undefined) return { oid, parents: node.parents.map((each) => each.oid), at: 0 };
  return { oid, parents: boundedParents(store, oid, there), at: 0 };
}

function nodeOf({ oid, parents }: Frame, nodes: ReadonlyMap<string, GraphNode>): GraphNode {
  const there = nodes.get(oid);
  if (there !== undefined) return there;
  const above = parents.flatMap((each) => nodes.get(each) ?? []);
  return { oid, parents: above, level: 1 + above.reduce((most, each) => Math.max(most, each.level), 0) };
}

/**
 * The parents a commit names, each once, in order: the `parent` lines right below `tree`, as Git reads them. Of a commit that no Git writes (too large, more parents than
 * `limits.git.parentsMax`, a parent that is no id, no commit at all) as many as can be told: it is refused by whoever judges it (`commitFault`), and must not hide what
 * came before it. IO. @throws OperationError `git-corrupt` when the commit is not here
 */
export function parentsOf(store: ObjectStore, oid: string): readonly string[] {
  const object = store.begin(oid) ?? store.read(oid);
  if (object === null) throw corrupt(`commit ${oid} is missing`);
  if (object.type !== 'commit') return [];
  const parents = new Set<string>();
  const text = object.bytes;
  let at = text.toString('latin1', 0, 5) === 'tree ' ? text.indexOf(0x0a) + 1 : 0;
  while (text.toString('latin1', at, at + 7) === 'parent ') {
    // Git takes either case for an id; the grammar does not.
    const parent = text.toString('latin1', at + 7, at + 47).toLowerCase();
    if (!isOid(parent) || text[at + 47] !== 0x0a) break;
    parents.add(parent);
    at += 48;
  }
  return [...parents];
}

/** History that ends where it should not: what is new, and who is whose ancestor, would be a guess. */
export function missing(child: string, parent: string, shallow: ReadonlySet<string>): OperationError {
  if (!shallow.has(child)) return corrupt(`commit ${parent}, a parent of ${child}, is missing`);
  return new OperationError(
    'git-incomplete',
    `the history is cut at commit ${child} (a shallow clone); bring the whole of it: git fetch --unshallow (in a pipeline: fetch-depth: 0)`,
    { disposition: 'retry' },
  );
}

function tooLong(oid: string): OperationError {
  return malformed(
    `the history of ${oid} is longer than ${String(limits.git.historyMaxCommits)} commits, so it is not judged; begin a new branch with the declarations as they are`,
  );
}

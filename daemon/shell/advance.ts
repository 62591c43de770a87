/**
 * From the accepted commit to the head of the intent branch, one push or merge at a time. Each is judged by what is in force before it. What is refused, or
 * waits for approval, is held: its files stay as they were in force, and everything after it goes on.
 */
import { soundParts } from '../git/commit.ts';
import { malformed, tooLarge } from '../git/object.ts';
import type { TreeEntryChange } from '../git/repository.ts';
import { limits } from '../limits.ts';
import type { OperationError } from '../ports/failure.ts';
import { declaredChanges } from './declared-changes.ts';
import { applyFirst } from './first-start.ts';
import { supersede } from './held.ts';
import { hold, move, saveMoves } from './hold.ts';
import { idleFrom } from './idle.ts';
import { applyChange, declaredPrefixes, type AppliedChange } from './in-force.ts';
import { judgeOnTop } from './judge-change.ts';
import type { Judging, JudgingMemory } from './judging.ts';
import { isForGood, leaveBehind, leaveParentBehind, stepOverParent } from './leave-behind.ts';
import { isTooLarge, isUnreadable, readNewCommits, signatureJudge, type NewRange } from './new-commits.ts';
import { reconsider } from './reconsider.ts';
import { noteReviews } from './review.ts';
import { laterFiles, take, takePart } from './take.ts';
import { unityOf } from './unity.ts';
import { sideBefore, wayTo } from './way.ts';

/** A commit that could not be read, and why. */
export interface UnreadCommit {
  readonly commit: string;
  readonly error: OperationError;
}

/**
 * Judges every new push or merge on the way to `head`, at most `limits.governance.commitsPerTurnMax` of them, and no further one after `judgedAgainMax` held changes
 * were judged again or `timeMaxMs` have passed: the next call goes on there, one by one as always. IO: Git and the journal. Safe to repeat; a crash between
 * two of them goes on at the second. A commit that cannot be read is stepped over: what stays in force is what was before it, and the next one that can be read is judged
 * with it as one change. Returns the first of those that no later commit mended; null when all was read.
 */
export async function advance(
  context: Judging,
  head: string,
  { judgedAgainMax, timeMaxMs }: { readonly judgedAgainMax: number; readonly timeMaxMs: number } = {
    judgedAgainMax: Number.POSITIVE_INFINITY,
    timeMaxMs: Number.POSITIVE_INFINITY,
  },
): Promise<UnreadCommit | null> {
  const { memory } = context;
  const from = memory.accepted;
  const way = await wayTo(context, head);
  const line = [...(way ?? [head])];
  // A side of a merge is judged before it: where it was begun, it goes on there.
  for (const side of sidesOf(memory)) insert(line, side);
  const before = tried.get(memory) ?? null;
  // Past those that were tried before: one that breaks the grammar does so whenever it is read, and any number of them must not hide what comes after.
  const past = before?.accepted === from ? line.indexOf(before.last) + 1 : 0;
  let unread: UnreadCommit | null = past > 0 ? (before?.unread ?? null) : null;
  // A turn has an end: what is left over is judged in the next, one by one as always.
  let judgedAgain = 0;
  const started = performance.now();
  const isOver = (): boolean => performance.now() - started >= timeMaxMs;
  let again = false;
  try {
    for (let index = past, steps = 0; index < line.length; index++, steps++) {
      if (steps >= limits.governance.commitsPerTurnMax) break;
      if (judgedAgain >= judgedAgainMax || isOver()) break;
      const idle = way === null ? 0 : await idleFrom(context, line, index, isOver);
      if (idle > 0) {
        index += idle - 1;
        const last = line[index] ?? head;
        move(context, last);
        judgedAgain += await reconsider(context, [], last);
        continue;
      }
      const oid = line[index] ?? head;
      try {
        const parent = line[index - 1] ?? from;
        const stepped = await step(context, oid, way === null ? null : { parent });
        if (typeof stepped === 'object') {
          insert(line, noteSide(memory, oid, (await wayTo(context, stepped.side)) ?? []));
          index--;
          continue;
        }
        judgedAgain += stepped;
        unread = null;
        again = false;
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        unread ??= { commit: oid, error };
        // What is missing or damaged may be there the next time.
        again ||= !isForGood(error);
        if (!again && way !== null) tried.set(memory, { accepted: memory.accepted, last: oid, unread });
      }
    }
  } finally {
    saveMoves(context);
  }
  return unread;
}

/** The way of a side that is judged before its merge. */
interface SideOnLine {
  readonly accepted: string | null;
  readonly merge: string;
  readonly way: readonly string[];
}

/** Of each memory the side last begun: as long as the same is accepted, the line to a head leads through it. */
const begun = new WeakMap<JudgingMemory, SideOnLine>();

function noteSide(memory: JudgingMemory, merge: string, way: readonly string[]): SideOnLine {
  const side = { accepted: memory.accepted, merge, way };
  begun.set(memory, side);
  return side;
}

function sidesOf(memory: JudgingMemory): readonly SideOnLine[] {
  const side = begun.get(memory);
  return side === undefined || side.accepted !== memory.accepted ? [] : [side];
}

function insert(line: string[], { merge, way }: SideOnLine): void {
  const at = line.indexOf(merge);
  if (at >= 0) line.splice(at, 0, ...way);
}

/** How far a line of malformed commits was tried on top of what is accepted: as long as that is the same, trying them again tells nothing. */
const tried = new WeakMap<
  JudgingMemory,
  { readonly accepted: string | null; readonly last: string; readonly unread: UnreadCommit }
>();

/** Returns how many held changes were judged again, or the side of a merge that is judged before it. */
async function step(
  context: Judging,
  commit: string,
  onLine: { readonly parent: string | null } | null,
): Promise<number | { readonly side: string }> {
  const { world, intent, memory, build } = context;
  const { repository } = intent;
  const previous = memory.accepted;
  if (onLine !== null && previous !== null) {
    // Alone first: the range of each of many malformed commits holds all before it.
    const parts = soundParts(await repository.rawCommit(commit));
    if (typeof parts === 'string') throw malformed(parts);
  }
  // Of the history before the first accepted commit nothing is judged, so nothing is read.
  const from = previous === null ? (await repository.commit(commit)).parents : [previous];
  const by = {
    inForce: intent,
    judge: signatureJudge(intent.trust),
    at: world.now(),
    parent: onLine?.parent ?? null,
  };
  const range = await readNewCommits(repository, from, commit, by);
  if (range === null) return 0;
  const { tip, commits, unread } = range;
  const set = onLine !== null && tip.malformed === null ? await stepOverParent(context, range) : null;
  if (set !== null) return plus(set, await step(context, commit, onLine));
  const before = memory.desired;
  // On top of what is accepted itself: else the way leads through the side already.
  const side =
    onLine !== null && tip.merge && onLine.parent === previous ? await sideBefore(context, commit) : null;
  const unity = side === null ? 'one' : unityOf(intent, before, range);
  if (side !== null && unity === 'none') return { side };
  const brought = await broughtBy(context, range);
  if ('error' in brought) {
    const { error } = brought;
    if (side !== null) return { side };
    const left = onLine !== null ? await leaveParentBehind(context, range, error) : null;
    if (left !== null) return plus(left, await step(context, commit, onLine));
    if (previous === null || before === null || !isTooLarge(error)) throw error;
    return leaveBehind(context, { tip, commits, unread, previous, before, ...brought });
  }
  const { changes, applied } = brought;
  if (applied.documents.length === 0 && before !== null) {
    supersede(memory, changes, { tip, accepted: false, before });
    await noteReviews(context, commits);
    move(context, commit);
    return reconsider(context, commits, commit);
  }
  const desired = build(commit, applied.files);
  if (before === null || previous === null) {
    // Nothing was in force that could judge: the first commit is taken on trust, and the record says so.
    take(context, applied, desired, tip, { record: { previous, commits, judged: null } });
    return 0;
  }
  const judged = await judgeOnTop({
    before,
    trust: intent.trust,
    after: desired,
    trustAfter: applied.trust,
    documents: applied.documents,
    tip,
    commits,
    unread,
    now: world.now(),
  });
  const { outcome } = judged.verdict;
  if (side !== null && unity === 'accepted' && outcome !== 'accepted') return { side };
  await noteReviews(context, commits);
  supersede(memory, changes, { tip, accepted: outcome === 'accepted', before });
  const bringing = { tip, commits, unread, changes, judged, previous };
  if (outcome === 'accepted') {
    const later = laterFiles(before, judged, changes);
    if (later.length === 0) {
      take(context, applied, desired, tip, { record: { previous, commits, judged } });
    } else {
      await takePart(context, { ...bringing, later, at: commit, evidence: commits });
    }
  } else {
    hold(context, { ...bringing, outcome });
    move(context, commit);
  }
  return reconsider(context, commits, commit);
}

function plus<T>(judged: number, more: number | T): number | T {
  return typeof more === 'number' ? judged + more : more;
}

/** What a commit changes, and the files after it; or what keeps it from ever being judged. IO: reads Git. */
async function broughtBy(
  { intent, memory }: Judging,
  { tip, tooLarge: over }: NewRange,
): Promise<
  | { readonly changes: readonly TreeEntryChange[]; readonly applied: AppliedChange }
  | { readonly changes: readonly TreeEntryChange[]; readonly error: OperationError }
> {
  const { repository, reader } = intent;
  let changes: readonly TreeEntryChange[] = [];
  try {
    const entries = await repository.changes(memory.accepted, tip.oid, declaredPrefixes, 'judged');
    changes = declaredChanges(intent, entries);
    if (tip.malformed !== null) throw over ? tooLarge(tip.malformed) : malformed(tip.malformed);
    const applied =
      memory.accepted === null
        ? await applyFirst(repository, reader, tip.oid, entries)
        : await applyChange(
            repository,
            reader,
            intent,
            changes,
            undefined,
            limits.governance.textPerChangeMaxBytes,
          );
    return { changes, applied };
  } catch (error) {
    if (!isForGood(error)) throw error;
    return { changes, error };
  }
}

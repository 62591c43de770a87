/**
 * From the accepted commit to the head of the intent branch, one push or merge at a time. Each is judged by what is in force before it. What is refused, or
 * waits for approval, is held: its files stay as they were in force, and everything after it goes on.
 */
import { changeRecord, changeRecordKey, type ChangeRecord } from '../core/change-record.ts';
import type { ChangeReason, NewCommit } from '../core/change-judgement.ts';
import type { Desired } from '../core/model.ts';
import { soundParts } from '../git/commit.ts';
import { malformed, tooLarge } from '../git/object.ts';
import type { TreeEntryChange } from '../git/repository.ts';
import { limits } from '../limits.ts';
import type { OperationError } from '../ports/failure.ts';
import { applyFirst } from './first-start.ts';
import { declaredChanges, declaredDiff } from './declared-changes.ts';
import { applyChange, declaredPrefixes, type AppliedChange } from './in-force.ts';
import { fewReasons, joinApprovals, keepHeld, lapsed, supersede } from './held.ts';
import type { IntentSource } from './intent.ts';
import { judgeOnTop, planOnTop, type JudgedChange } from './judge-change.ts';
import type { HeldChange, Memory } from './memory.ts';
import { isTooLarge, isUnreadable, readNewCommits, signatureJudge, type NewRange } from './new-commits.ts';
import { noteBreakGlass, noteReviews } from './review.ts';
import { signedAgain } from './signed-again.ts';
import type { World } from './world.ts';

/** What a state of the files declares, with what is broken kept as it was. */
export type Build = (commit: string, files: AppliedChange['files']) => Desired;

/** Takes a state as the one in force: journal first, then memory. */
export type Take = (applied: AppliedChange, desired: Desired, commit: string) => void;

/** The part of the world that judging needs: an auditor gives a journal that keeps nothing and the clock of the records. */
export interface JudgingWorld extends Pick<World, 'now' | 'log'> {
  readonly journal: Pick<World['journal'], 'append' | 'setFact' | 'saveSource' | 'atomically'>;
}

/** The part of memory that judging reads and changes. */
export type JudgingMemory = Pick<
  Memory,
  'accepted' | 'desired' | 'held' | 'notKept' | 'openReviews' | 'changeRecords'
>;

export interface Advance {
  readonly world: JudgingWorld;
  readonly intent: Pick<IntentSource, 'repository' | 'reader' | 'files' | 'trust'>;
  readonly memory: JudgingMemory;
  readonly build: Build;
  readonly take: Take;
}

/** A commit that could not be read, and why. */
export interface UnreadCommit {
  readonly commit: string;
  readonly error: OperationError;
}

/**
 * Judges every new push or merge on the way to `head`, at most `limits.governance.commitsPerTurnMax` of them, and no further one after `judgedAgainMax` held changes
 * were judged again: the next call goes on there, one by one as always. IO: Git and the journal. Safe to repeat; a crash between
 * two of them goes on at the second. A commit that cannot be read is stepped over: what stays in force is what was before it, and the next one that can be read is judged
 * with it as one change. Returns the first of those that no later commit mended; null when all was read.
 */
export async function advance(
  context: Advance,
  head: string,
  judgedAgainMax = Number.POSITIVE_INFINITY,
): Promise<UnreadCommit | null> {
  const { intent, memory } = context;
  const { repository } = intent;
  const line = memory.accepted === null ? null : await repository.firstParents(memory.accepted, head);
  const before = tried.get(memory) ?? null;
  // Past those that were tried before: one that breaks the grammar does so whenever it is read, and any number of them must not hide what comes after.
  const past = before?.accepted === memory.accepted ? (line ?? []).indexOf(before.last) + 1 : 0;
  let unread: UnreadCommit | null = past > 0 ? (before?.unread ?? null) : null;
  // Without a line the accepted commit came in from the side: what happened since is one change, judged as a whole.
  // A turn has an end: what is left over is judged in the next, one by one as always.
  let judgedAgain = 0;
  let again = false;
  for (const oid of (line ?? [head]).slice(past, past + limits.governance.commitsPerTurnMax)) {
    if (judgedAgain >= judgedAgainMax) break;
    try {
      judgedAgain += await step(context, oid, line !== null);
      unread = null;
      again = false;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      unread ??= { commit: oid, error };
      // What is missing or damaged may be there the next time.
      again ||= !isForGood(error);
      if (!again && line !== null) tried.set(memory, { accepted: memory.accepted, last: oid, unread });
    }
  }
  return unread;
}

/** How far a line of malformed commits was tried on top of what is accepted: as long as that is the same, trying them again tells nothing. */
const tried = new WeakMap<
  JudgingMemory,
  { readonly accepted: string | null; readonly last: string; readonly unread: UnreadCommit }
>();

/** Returns how many held changes were judged again. */
async function step(context: Advance, commit: string, onLine: boolean): Promise<number> {
  const { world, intent, memory, build } = context;
  const { repository } = intent;
  const previous = memory.accepted;
  if (onLine && previous !== null) {
    // Alone first: the range of each of many malformed commits holds all before it.
    const parts = soundParts(await repository.rawCommit(commit));
    if (typeof parts === 'string') throw malformed(parts);
  }
  // Of the history before the first accepted commit nothing is judged, so nothing is read.
  const from = previous === null ? (await repository.commit(commit)).parents : [previous];
  const by = { inForce: intent, judge: signatureJudge(intent.trust), at: world.now() };
  const range = await readNewCommits(repository, from, commit, by);
  if (range === null) return 0;
  const { tip, commits, unread } = range;
  const set = onLine && tip.malformed === null ? await stepOverParent(context, range) : null;
  if (set !== null) return set + (await step(context, commit, onLine));
  const before = memory.desired;
  const brought = await broughtBy(context, range);
  if ('error' in brought) {
    const { error } = brought;
    const left = onLine ? await leaveParentBehind(context, range, error) : null;
    if (left !== null) return left + (await step(context, commit, onLine));
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
  await noteReviews(context, commits);
  supersede(memory, changes, { tip, accepted: judged.verdict.outcome === 'accepted', before });
  const { outcome } = judged.verdict;
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

/** What a commit changes, and the files after it; or what keeps it from ever being judged. IO: reads Git. */
async function broughtBy(
  { intent, memory }: Advance,
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
        : await applyChange(repository, reader, intent, changes);
    return { changes, applied };
  } catch (error) {
    if (!isForGood(error)) throw error;
    return { changes, error };
  }
}

/** Whether a failure is of what somebody pushed and stays as it is: what is missing or damaged may be there the next time. */
function isForGood(error: unknown): error is OperationError {
  return isTooLarge(error) || (isUnreadable(error) && error.code === 'git-malformed');
}

/** What is read; null where it can never be. */
async function unlessForGood<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (!isForGood(error)) throw error;
    return null;
  }
}

interface Unjudged {
  readonly tip: NewCommit;
  readonly commits: readonly NewCommit[];
  readonly unread: number;
  readonly previous: string;
  readonly before: Desired;
  /** As far as they can be listed. */
  readonly changes: readonly TreeEntryChange[];
  readonly error: OperationError;
}

/**
 * Refuses a commit that can never be judged (it brings too much, a file or folder of it is over a bound or malformed) by its name, and leaves it behind: whoever pushed
 * it, what comes after it is judged by what it changes itself. Nothing of it takes effect, whether there is change control or not. Returns how many held changes were
 * judged again.
 */
async function leaveBehind(
  context: Advance,
  { tip: whole, commits, unread, previous, before, changes, error }: Unjudged,
): Promise<number> {
  const { memory, intent } = context;
  // Its files are counted, not kept.
  const alone = commits.map((each) => ({ ...each, paths: [], brought: [], changed: [] }));
  const tip = alone.find(({ oid }) => oid === whole.oid) ?? whole;
  const known = (path: string): string | null =>
    intent.files.get(path)?.oid ?? intent.trust.get(path)?.oid ?? null;
  const kept = changes
    .filter(({ path, oid }) => known(path) !== oid)
    .slice(0, limits.governance.leftBehindFilesKept);
  const documents = kept.map(({ path, oid }) => ({ path, before: known(path), after: oid }));
  const planned = planOnTop({ before, after: before, trust: intent.trust, documents });
  const large = isTooLarge(error);
  const reason: ChangeReason = {
    code: large ? 'change-too-large' : 'commit-malformed',
    message: `commit ${tip.oid.slice(0, 10)} ${large ? 'brings too much' : 'cannot be read'}: ${error.message}`,
    fix: `Revert it (git revert ${tip.oid.slice(0, 10)}). Push what of it is wanted again, in parts of at most ${String(limits.governance.filesPerChangeMax)} declarations.`,
    commit: tip.oid,
    source: null,
  };
  const verdict = { outcome: 'refused', reasons: [reason], approvals: [], breakGlass: null } as const;
  await noteReviews(context, commits);
  supersede(memory, changes, { tip, accepted: false, before });
  const judged = { ...planned, verdict, widened: [] };
  const bringing = { tip, commits: alone, unread, changes: kept, judged, previous };
  hold(context, { ...bringing, outcome: 'refused', leftBehind: true });
  move(context, tip.oid);
  return reconsider(context, commits, tip.oid);
}

/**
 * Leaves the commit below this one behind, where that is what cannot be judged: both together cannot, and this one alone can be compared with it. Returns how many held
 * changes were judged again; null where it was not left behind.
 */
async function leaveParentBehind(
  context: Advance,
  { tip, commits }: NewRange,
  error: OperationError,
): Promise<number | null> {
  const { intent, memory } = context;
  const { repository } = intent;
  const { accepted: previous, desired: before } = memory;
  if (previous === null || before === null) return null;
  const [parent] = (await repository.commit(tip.oid)).parents;
  const below = commits.find(({ oid }) => oid === parent);
  if (parent === undefined || parent === previous || below === undefined) return null;
  const comparable = await unlessForGood(
    repository.changes(parent, tip.oid, declaredPrefixes, 'both judged'),
  );
  if (comparable === null) return null;
  let changes: readonly TreeEntryChange[] = [];
  try {
    changes = await declaredDiff(repository, intent)(previous, parent);
  } catch (trouble) {
    if (!isForGood(trouble)) throw trouble;
    // With a name twice or out of order it could never be compared with what takes that away.
    if (!isTooLarge(trouble)) return null;
  }
  const alone = { tip: below, commits: [below], unread: 0 };
  return leaveBehind(context, { ...alone, previous, before, changes, error });
}

/**
 * Sets a malformed commit aside before the one on top of it is judged: its files are held as refused, made by nobody, and the next change is what differs from its tree.
 * Returns how many held changes were judged again; null where there is none right below, or its tree cannot be read: then both are one change, and that is refused.
 */
async function stepOverParent(context: Advance, { tip, commits }: NewRange): Promise<number | null> {
  const { intent, memory } = context;
  const { accepted: previous, desired: before } = memory;
  // Without change control nobody is asked who made what.
  if (previous === null || before === null || before.changeControl === null) return null;
  const [parent] = (await intent.repository.commit(tip.oid)).parents;
  if (parent === undefined || parent === previous) return null;
  if (!commits.some(({ oid, malformed: fault }) => oid === parent && fault !== null)) return null;
  const refused = await judgeMalformed(context, before, previous, parent);
  if (refused === null) return null;
  supersede(memory, refused.changes, { tip: refused.tip, accepted: false, before });
  if (refused.judged.plan.documents.length > 0) hold(context, { ...refused, outcome: 'refused' });
  move(context, parent);
  return reconsider(context, refused.commits, parent);
}

/** A malformed commit as a change of its own, which is refused; null where its tree or a file of it cannot be read. */
async function judgeMalformed(
  { world, intent, build }: Advance,
  before: Desired,
  previous: string,
  commit: string,
): Promise<Bringing | null> {
  const { repository, reader } = intent;
  const now = world.now();
  try {
    const by = { inForce: intent, judge: signatureJudge(intent.trust), at: now };
    const range = await readNewCommits(repository, [previous], commit, by);
    if (range === null || range.tip.malformed === null) return null;
    const changes = await declaredDiff(repository, intent)(previous, commit, 'judged');
    const applied = await applyChange(repository, reader, intent, changes);
    const judged = await judgeOnTop({
      before,
      trust: intent.trust,
      after: build(commit, applied.files),
      trustAfter: applied.trust,
      documents: applied.documents,
      ...range,
      now,
    });
    return judged.verdict.outcome === 'refused' ? { ...range, changes, judged, previous } : null;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return null;
  }
}

/** Files of certificates that only this very change would let through. Without change control nothing waits. */
function laterFiles(
  before: Desired,
  judged: JudgedChange,
  changes: readonly TreeEntryChange[],
): readonly TreeEntryChange[] {
  if (before.changeControl === null) return [];
  const files = new Set(judged.widened.flatMap((each) => each.source?.file ?? []));
  return changes.filter((each) => files.has(each.path));
}

/** A change that is judged and not taken: what it would bring, and why not. */
export interface Bringing {
  readonly tip: NewCommit;
  readonly commits: readonly NewCommit[];
  readonly unread: number;
  readonly changes: readonly TreeEntryChange[];
  readonly judged: JudgedChange;
  readonly previous: string | null;
  /** Of those that came after it. */
  readonly approvals?: readonly NewCommit[];
}

/** Policies take effect; the certificates they were widened for in the same change wait for the next commit, and are judged by them then. */
async function takePart(
  context: Advance,
  part: Bringing & {
    readonly later: readonly TreeEntryChange[];
    readonly at: string;
    /** The commits it was judged by. */
    readonly evidence: readonly NewCommit[];
  },
): Promise<void> {
  const { intent, build, world } = context;
  const waiting = new Set(part.later.map((each) => each.path));
  const now = part.changes.filter((each) => !waiting.has(each.path));
  const applied = await applyChange(intent.repository, intent.reader, intent, now);
  const verdict = { ...part.judged.verdict, reasons: part.judged.widened };
  hold(context, { ...part, changes: part.later, judged: { ...part.judged, verdict }, outcome: 'waiting' });
  const seen = { previous: part.previous, commits: part.evidence, judged: part.judged };
  // It is in force like any other change: recorded as accepted, and a debt at once where nobody approved it.
  const paths = applied.documents.map((each) => each.path);
  const record = { ...seen, part: paths };
  take(context, applied, build(part.at, applied.files), part.tip, { record, at: part.at });
  world.log.warn(
    { commit: part.tip.oid, files: [...waiting] },
    'part of a change waits: it widened its own policy',
  );
}

function take(
  context: Advance,
  applied: AppliedChange,
  desired: Desired,
  tip: NewCommit,
  { record, at = tip.oid }: { readonly record: Seen; readonly at?: string },
): void {
  const { world, memory } = context;
  const { documents } = applied;
  if (documents.length > 0) {
    remember(context, tip, record, world.now());
    noteBreakGlass(context, {
      tip,
      documents,
      commits: record.commits,
      verdict: record.judged?.verdict ?? null,
    });
  }
  context.take(applied, desired, at);
  memory.accepted = at;
}

type Seen = Pick<Parameters<typeof changeRecord>[0], 'previous' | 'commits' | 'judged'> & {
  /** Files that take effect while the rest is held. */
  readonly part?: readonly string[];
};

function remember(context: Advance, tip: NewCommit, seen: Seen, acceptedAt: number | null): void {
  const { memory, world } = context;
  const seenAt = memory.held.get(tip.oid)?.seenAt ?? world.now();
  const record: ChangeRecord = changeRecord({ commit: tip, seenAt, acceptedAt, part: null, ...seen });
  memory.changeRecords.set(changeRecordKey(record), record);
}

/** Holds a change that is not taken, with its record. Changes `memory`; the journal is written with the commit it belongs to (`saveHeld`). */
export function hold(
  context: Advance,
  bringing: Bringing & Pick<HeldChange, 'outcome' | 'leftBehind'>,
): void {
  const { memory, world } = context;
  const { tip, commits, approvals = none, unread, changes, previous, outcome } = bringing;
  const reasons = fewReasons(bringing.judged.verdict.reasons);
  const judged = { ...bringing.judged, verdict: { ...bringing.judged.verdict, outcome, reasons } };
  const held: HeldChange = {
    commit: tip.oid,
    previous,
    seenAt: memory.held.get(tip.oid)?.seenAt ?? world.now(),
    changes,
    tip,
    commits,
    ...(approvals.length > 0 && { approvals }),
    ...(bringing.leftBehind === true && { leftBehind: true }),
    unread,
    hash: judged.hash,
    outcome,
    reasons,
  };
  if (memory.desired !== null) judgedOn.set(held, memory.desired);
  keepHeld(memory, held);
  remember(context, tip, { previous, commits: [...commits, ...approvals], judged }, null);
  world.journal.append(world.now(), 'repository', `change ${outcome}`, `${tip.oid} ${judged.hash}`);
  for (const { code, message } of reasons) {
    world.log.warn({ commit: tip.oid, code }, `change ${outcome}: ${message}`);
  }
}

/** The head moved on although nothing of it is in force. */
function move({ world, memory }: Advance, commit: string): void {
  world.journal.atomically(() => {
    world.journal.append(world.now(), 'repository', 'seen', commit);
    world.journal.saveSource(commit, [], []);
    saveHeld(world, memory);
  });
  memory.accepted = commit;
}

/** Writes what is held, and records not yet published, into the journal: in the same transaction as the commit they belong to. */
export function saveHeld(
  world: Pick<JudgingWorld, 'journal'>,
  memory: Pick<Memory, 'held' | 'notKept' | 'changeRecords'>,
): void {
  if (memory.held.size === 0) Object.assign(memory.notKept, { count: 0, commits: [] });
  world.journal.setFact('changes-not-kept', JSON.stringify(memory.notKept));
  world.journal.setFact('held-changes', JSON.stringify([...memory.held.values()]));
  world.journal.setFact('change-records', JSON.stringify([...memory.changeRecords.values()]));
}

/** What a held change was last judged by: while it is the same, only approvals and time make a difference. */
const judgedOn = new WeakMap<HeldChange, Desired>();

/** New commits may bring the approval a held change waits for, or a policy that lets it through. Returns how many were judged again. */
async function reconsider(context: Advance, commits: readonly NewCommit[], at: string): Promise<number> {
  const { memory, world } = context;
  let judged = 0;
  let changed = false;
  for (const held of [...memory.held.values()]) {
    const before = memory.desired;
    if (held.commit === at || before === null) continue;
    if (held.leftBehind === true) {
      if (held.changes.length > 0 || world.now() < held.seenAt + limits.governance.leftBehindShownMs)
        continue;
      changed = memory.held.delete(held.commit) || changed;
      continue;
    }
    const late = lapsed(before.changeControl, held, world.now());
    const lapses = late !== null && !held.reasons.some((each) => each.code === late.code);
    const alike = judgedOn.get(held) === before;
    const known = held.approvals ?? none;
    if (alike && !lapses && joinApprovals(known, commits, held.hash) === known) continue;
    judged++;
    changed = (await judgeAgain(context, held, { commits, at, before, late })) || changed;
  }
  if (!changed) return judged;
  world.journal.atomically(() => {
    saveHeld(world, memory);
  });
  return judged;
}

const none: readonly NewCommit[] = [];

interface Again {
  readonly commits: readonly NewCommit[];
  readonly at: string;
  readonly before: Desired;
  readonly late: ChangeReason | null;
}

/** Judges one held change by what is in force now, with the approvals of exactly this change that came since. Returns whether anything is otherwise than before. */
async function judgeAgain(
  context: Advance,
  held: HeldChange,
  { commits, at, before, late }: Again,
): Promise<boolean> {
  const { memory, intent, world, build } = context;
  if (!memory.held.has(held.commit)) return false;
  const applied = await applyChange(intent.repository, intent.reader, intent, held.changes);
  if (applied.documents.length === 0) return memory.held.delete(held.commit);
  const { previous, changes, unread } = held;
  const { trust } = intent;
  const { documents, trust: trustAfter } = applied;
  const after = build(at, applied.files);
  const planned = planOnTop({ before, after, trust, documents });
  const approvals = joinApprovals(held.approvals ?? none, commits, planned.hash);
  const now = world.now();
  const evidence = await signedAgain(intent.repository, trust, [...held.commits, ...approvals], {
    tip: held.commit,
    seenAt: held.seenAt,
    now,
  });
  const tip = evidence.find((each) => each.oid === held.commit) ?? held.tip;
  const judged = await judgeOnTop(
    { before, trust, after, trustAfter, documents, tip, commits: evidence, unread, now },
    planned,
  );
  // Kept as they were when first seen: a key that is given back counts again.
  const bringing = { tip: held.tip, commits: held.commits, approvals, unread, changes, previous, judged };
  const outcome = late === null ? judged.verdict.outcome : 'refused';
  if (outcome === 'accepted') {
    const later = laterFiles(before, judged, changes);
    if (later.length > 0) {
      await takePart(context, { ...bringing, later, at, evidence });
      return true;
    }
    remember(context, tip, { previous, commits: evidence, judged }, now);
    noteBreakGlass(context, { tip, commits: evidence, documents, verdict: judged.verdict });
    memory.held.delete(held.commit);
    context.take(applied, after, at);
    world.log.info({ commit: held.commit, hash: judged.hash }, 'a held change takes effect');
    return true;
  }
  const verdict = { ...judged.verdict, outcome, reasons: late === null ? judged.verdict.reasons : [late] };
  const known = held.approvals ?? none;
  if (judged.hash === held.hash && approvals === known && sameVerdict(held, verdict)) {
    judgedOn.set(held, before);
    return false;
  }
  hold(context, { ...bringing, judged: { ...judged, verdict }, outcome });
  return true;
}

function sameVerdict(held: HeldChange, { outcome, reasons }: JudgedChange['verdict']): boolean {
  return outcome === held.outcome && JSON.stringify(fewReasons(reasons)) === JSON.stringify(held.reasons);
}

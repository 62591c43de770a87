/** What is judged and not taken is held, with its record; what is taken gets its record. Changes memory; the journal is written with the commit it belongs to. */
import { changeRecord, type ChangeRecord } from '../core/change-record.ts';
import type { NewCommit } from '../core/change-judgement.ts';
import type { Desired } from '../core/model.ts';
import type { TreeEntryChange } from '../git/repository.ts';
import { limits } from '../limits.ts';
import { fewReasons, keepHeld } from './held.ts';
import type { JudgedChange } from './judge-change.ts';
import type { Judging, JudgingWorld } from './judging.ts';
import { inOneWrite, saveList } from './kept-lists.ts';
import type { HeldChange, Memory } from './memory.ts';
import { addRecord } from './noise.ts';

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

/** Who made a change that is recorded, and how it was judged. */
export type Seen = Pick<Parameters<typeof changeRecord>[0], 'previous' | 'commits' | 'judged'> & {
  /** Files that take effect while the rest is held. */
  readonly part?: readonly string[];
};

/** Records a change as it stands now. `acceptedAt` null: it is held. Changes `memory`. */
export function remember(context: Judging, tip: NewCommit, seen: Seen, acceptedAt: number | null): void {
  const { memory, world } = context;
  const seenAt = memory.held.get(tip.oid)?.seenAt ?? world.now();
  const record: ChangeRecord = changeRecord({ commit: tip, seenAt, acceptedAt, part: null, ...seen });
  addRecord(memory.changeRecords, record);
}

const none: readonly NewCommit[] = [];

/** What a held change was last judged by: while it is the same, only approvals and time make a difference. */
const judgedOn = new WeakMap<HeldChange, Desired>();

/** The state a held change was last judged by; undefined after a start. */
export function lastJudgedBy(held: HeldChange): Desired | undefined {
  return judgedOn.get(held);
}

/** Keeps by which state a held change was judged with the same verdict as before. */
export function noteJudgedBy(held: HeldChange, desired: Desired): void {
  judgedOn.set(held, desired);
}

/** Holds a change that is not taken, with its record. Changes `memory`; the journal is written with the commit it belongs to (`saveHeld`). */
export function hold(
  context: Judging,
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

/** How many commits moved on since the journal was written. */
const moved = new WeakMap<object, number>();

/**
 * The head moved on although nothing of it is in force. Changes `memory`; the journal is written every `limits.governance.movesUnsavedMax` of them, with whatever takes
 * effect, and by `saveMoves`: a push of many commits that replace each other writes what is left of them. A crash before that judges them again.
 */
export function move(context: Pick<Judging, 'world' | 'memory'>, commit: string): void {
  const { world, memory } = context;
  world.journal.append(world.now(), 'repository', 'seen', commit);
  memory.accepted = commit;
  const count = (moved.get(memory) ?? 0) + 1;
  moved.set(memory, count);
  if (count >= limits.governance.movesUnsavedMax) saveMoves(context);
}

/** Writes down how far the head moved on, and what is held. IO: the journal. Safe to repeat. */
export function saveMoves({ world, memory }: Pick<Judging, 'world' | 'memory'>): void {
  const { accepted } = memory;
  if (accepted === null || (moved.get(memory) ?? 0) === 0) return;
  inOneWrite(world.journal, () => {
    world.journal.saveSource(accepted, [], []);
    saveHeld(world, memory);
  });
  moved.delete(memory);
}

/** Writes what changed of what is held, and of records not yet published, into the journal: in the same transaction as the commit they belong to (`inOneWrite`). */
export function saveHeld(
  world: Pick<JudgingWorld, 'journal'>,
  memory: Pick<Memory, 'held' | 'notKept' | 'changeRecords'>,
): void {
  if (memory.held.size === 0) Object.assign(memory.notKept, { count: 0, commits: [] });
  world.journal.setFact('changes-not-kept', JSON.stringify(memory.notKept));
  saveList(world.journal, 'held-changes', memory.held);
  saveList(world.journal, 'change-records', memory.changeRecords);
}

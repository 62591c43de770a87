/** Judges again what is held, when something that it may wait for has come: an approval, a policy, the end of its time. */
import type { ChangeReason, NewCommit } from '../core/change-judgement.ts';
import type { Desired } from '../core/model.ts';
import { limits } from '../limits.ts';
import { fewReasons, joinApprovals, lapsed, noForges } from './held.ts';
import { hold, lastJudgedBy, noteJudgedBy, remember, saveHeld, saveMoves } from './hold.ts';
import { applyChange } from './in-force.ts';
import { judgeOnTop, planOnTop, type JudgedChange } from './judge-change.ts';
import type { Judging } from './judging.ts';
import { inOneWrite } from './kept-lists.ts';
import type { HeldChange } from './memory.ts';
import { noteBreakGlass } from './review.ts';
import { signedAgain } from './signed-again.ts';
import { laterFiles, takePart } from './take.ts';

/** New commits may bring the approval a held change waits for, or a policy that lets it through. Returns how many were judged again. */
export async function reconsider(
  context: Judging,
  commits: readonly NewCommit[],
  at: string,
): Promise<number> {
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
    const alike = lastJudgedBy(held) === before;
    const known = held.approvals ?? none;
    if (
      alike &&
      !lapses &&
      joinApprovals(known, commits, held.hash, before.changeControl ?? noForges) === known
    )
      continue;
    judged++;
    changed = (await judgeAgain(context, held, { commits, at, before, late })) || changed;
  }
  if (!changed) return judged;
  saveMoves(context);
  inOneWrite(world.journal, () => {
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
  context: Judging,
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
  const approvals = joinApprovals(
    held.approvals ?? none,
    commits,
    planned.hash,
    before.changeControl ?? noForges,
  );
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
    noteJudgedBy(held, before);
    return false;
  }
  hold(context, { ...bringing, judged: { ...judged, verdict }, outcome });
  return true;
}

function sameVerdict(held: HeldChange, { outcome, reasons }: JudgedChange['verdict']): boolean {
  return outcome === held.outcome && JSON.stringify(fewReasons(reasons)) === JSON.stringify(held.reasons);
}

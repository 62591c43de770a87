/** Takes an accepted change as what is in force, as a whole or in part. */
import type { NewCommit } from '../core/change-judgement.ts';
import type { Desired } from '../core/model.ts';
import type { TreeEntryChange } from '../git/repository.ts';
import { hold, remember, type Bringing, type Seen } from './hold.ts';
import { applyChange, type AppliedChange } from './in-force.ts';
import type { JudgedChange } from './judge-change.ts';
import type { Judging } from './judging.ts';
import { noteBreakGlass } from './review.ts';

/** Files of certificates that only this very change would let through. Without change control nothing waits. */
export function laterFiles(
  before: Desired,
  judged: JudgedChange,
  changes: readonly TreeEntryChange[],
): readonly TreeEntryChange[] {
  if (before.changeControl === null) return [];
  const files = new Set(judged.widened.flatMap((each) => each.source?.file ?? []));
  return changes.filter((each) => files.has(each.path));
}

/** Policies take effect; the certificates they were widened for in the same change wait for the next commit, and are judged by them then. */
export async function takePart(
  context: Judging,
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

/** Takes it: journal first, then memory. Where nothing that is declared changes only the head moves on. */
export function take(
  context: Judging,
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

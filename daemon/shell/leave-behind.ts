/**
 * Commits that can never be judged: malformed, or more than may be judged at once. Each is refused by its name and left behind, so that whoever pushed one stops
 * nobody else. IO: reads Git.
 */
import type { ChangeReason, NewCommit } from '../core/change-judgement.ts';
import type { Desired } from '../core/model.ts';
import type { TreeEntryChange } from '../git/repository.ts';
import { limits } from '../limits.ts';
import type { OperationError } from '../ports/failure.ts';
import { declaredDiff } from './declared-changes.ts';
import { supersede } from './held.ts';
import { hold, move, type Bringing } from './hold.ts';
import { declaredPrefixes } from './in-force.ts';
import { judgeApart } from './judge-apart.ts';
import { planOnTop } from './judge-change.ts';
import type { Judging } from './judging.ts';
import { isTooLarge, isUnreadable, type NewRange } from './new-commits.ts';
import { reconsider } from './reconsider.ts';
import { noteReviews } from './review.ts';

/** Whether a failure is of what somebody pushed and stays as it is: what is missing or damaged may be there the next time. */
export function isForGood(error: unknown): error is OperationError {
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

/** A commit that cannot be judged, and what is known of it. */
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
export async function leaveBehind(
  context: Judging,
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
export async function leaveParentBehind(
  context: Judging,
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
export async function stepOverParent(context: Judging, { tip, commits }: NewRange): Promise<number | null> {
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
  context: Judging,
  before: Desired,
  previous: string,
  commit: string,
): Promise<Bringing | null> {
  const { intent } = context;
  try {
    const refused = await judgeApart(context, {
      commit,
      parent: previous,
      on: intent,
      before,
      entriesOf: async ({ tip }) =>
        tip.malformed === null ? null : declaredDiff(intent.repository, intent)(previous, commit, 'judged'),
      textMaxBytes: limits.governance.textPerChangeMaxBytes,
    });
    return refused?.judged.verdict.outcome === 'refused' ? refused : null;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return null;
  }
}

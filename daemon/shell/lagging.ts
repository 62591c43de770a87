/**
 * A server of several replicas shows for a while an older commit than it showed before. That is no rewritten history: nothing is frozen, nothing is written. Only when
 * a branch stays behind is it said, because then somebody may have pushed it back by force. A history that was rewritten and comes and goes is recorded once.
 */
import type { FindingDraft } from '../core/assess.ts';
import { findingDraft } from '../core/finding-draft.ts';
import type { Instant } from '../core/model.ts';
import { timestamp } from '../core/timestamp.ts';
import type { Repository } from '../git/repository.ts';
import { limits } from '../limits.ts';
import type { Memory } from './memory.ts';
import type { World } from './world.ts';

/** The intent branch is behind the accepted commit. Kept over restarts. */
export interface Behind {
  /** What it showed when that was noticed. */
  readonly head: string;
  readonly since: Instant;
}

/** The intent branch showed a history without the accepted commit. Kept over restarts. */
export interface Rewritten {
  /** What it showed when that was noticed; another one that follows is not noted. */
  readonly head: string;
  /** Since when it is away; null while the branch shows it. */
  readonly goneAt: Instant | null;
  /** It was away and came back: it is said until it stays away. */
  readonly flaps: boolean;
}

const behindFact = 'intent-behind';
const rewrittenFact = 'intent-rewritten';

/** Whether what a branch shows is older than what was seen of it, or was named and not sent (another replica answered). IO: reads Git. @throws OperationError `git-*` */
export async function isBehind(repository: Repository, seen: string, head: string): Promise<boolean> {
  return !repository.has(head) || (head !== seen && (await repository.isAncestor(head, seen)));
}

/** The branch is behind; the first sight counts. IO: the journal, only when it is new. Safe to repeat. */
export function noteBehind(
  world: Pick<World, 'journal' | 'now' | 'log'>,
  memory: Pick<Memory, 'behind'>,
  head: string,
): void {
  if (memory.behind !== null) return;
  memory.behind = { head, since: world.now() };
  world.journal.setFact(behindFact, JSON.stringify(memory.behind));
  world.log.info({ head }, 'the intent branch shows an older commit than before: a replica may lag');
}

/** The branch shows what was accepted, or other commits than older ones. IO: the journal, only when it was behind. Safe to repeat. */
export function noteCaughtUp(world: Pick<World, 'journal'>, memory: Pick<Memory, 'behind'>): void {
  if (memory.behind === null) return;
  memory.behind = null;
  world.journal.setFact(behindFact, 'null');
}

/** The branch shows a rewritten history. IO: the journal, an entry of it only for the first sight. Safe to repeat. */
export function noteRewritten(
  world: Pick<World, 'journal' | 'now' | 'log'>,
  memory: Pick<Memory, 'accepted' | 'rewritten'>,
  head: string,
): void {
  const before = memory.rewritten;
  if (before !== null && before.goneAt === null) return;
  const again = before !== null && !stayedAway(before, world.now());
  memory.rewritten = again ? { ...before, goneAt: null, flaps: true } : { head, goneAt: null, flaps: false };
  world.journal.setFact(rewrittenFact, JSON.stringify(memory.rewritten));
  if (again) return;
  const accepted = memory.accepted ?? '';
  world.journal.append(world.now(), 'repository', 'history rewritten', `${accepted} is not in ${head}`);
  world.log.error({ accepted, head }, 'the history of the intent branch was rewritten: changes are frozen');
}

/** The branch shows no rewritten history. IO: the journal, only when that is new, or when it has stayed away. Safe to repeat. */
export function noteNotRewritten(
  world: Pick<World, 'journal' | 'now'>,
  memory: Pick<Memory, 'rewritten'>,
): void {
  const before = memory.rewritten;
  if (before === null) return;
  if (before.goneAt === null) memory.rewritten = { ...before, goneAt: world.now() };
  else if (stayedAway(before, world.now())) memory.rewritten = null;
  else return;
  world.journal.setFact(rewrittenFact, JSON.stringify(memory.rewritten));
}

/** What the journal kept. IO: reads the journal. */
export function recallLagging(journal: Pick<World['journal'], 'fact'>): Pick<Memory, 'behind' | 'rewritten'> {
  return {
    behind: JSON.parse(journal.fact(behindFact) ?? 'null') as Behind | null,
    rewritten: JSON.parse(journal.fact(rewrittenFact) ?? 'null') as Rewritten | null,
  };
}

/** What is to be said of it: nothing of a branch that is behind for less time than a replica needs. Pure. */
export function historyFindings(
  { accepted, behind, rewritten }: Pick<Memory, 'accepted' | 'behind' | 'rewritten'>,
  now: Instant,
): FindingDraft[] {
  const drafts: FindingDraft[] = [];
  const inForce = accepted ?? '';
  if (rewritten !== null && (rewritten.goneAt === null || (rewritten.flaps && !stayedAway(rewritten, now))))
    drafts.push(
      findingOf(
        'history-rewritten',
        `the intent branch at ${rewritten.head} does not descend from the accepted commit ${inForce}: changes are frozen, renewals go on`,
        { accepted, observed: rewritten.head },
      ),
    );
  if (behind !== null && now - behind.since >= limits.turn.behindMaxMs)
    drafts.push(
      findingOf(
        'history-rewound',
        `the intent branch shows ${behind.head}, from before the accepted commit ${inForce} or not sent by the server, since ${timestamp(behind.since)}: it was pushed back, or a replica of the server is stuck. Commit ${inForce} stays in force; push it to the branch again`,
        { accepted, observed: behind.head },
      ),
    );
  return drafts;
}

/**
 * Where the state branch is when what was read of it differs from what we left. A reading that is older, or gone, may come of a replica that lags: then the side that takes
 * pushes decides, since it is the one that compares and swaps. Returns the tip to go by: `left` when only the reading lags. IO. @throws OperationError `git-*`
 */
export async function tipToBelieve(
  repository: Repository,
  ref: string,
  { left, read }: { readonly left: string | null; readonly read: string | null },
  signal: AbortSignal,
): Promise<string | null> {
  if (left === null || read === left || !repository.has(left)) return read;
  if (read !== null && !(await isBehind(repository, left, read))) return read;
  return (await repository.pushTip(ref, signal)) === read ? read : left;
}

function stayedAway({ goneAt }: Rewritten, now: Instant): boolean {
  return goneAt !== null && now - goneAt >= limits.turn.behindMaxMs;
}

function findingOf(
  code: 'history-rewritten' | 'history-rewound',
  message: string,
  { accepted, observed }: { readonly accepted: string | null; readonly observed: string },
): FindingDraft {
  return findingDraft(code, { id: `repository ${code}`, message, expected: accepted, observed });
}

/** What of the intent branch cannot be read: since when, why, and the way out. What was accepted stays in force meanwhile; renewals and observations go on. */
import type { FindingDraft } from '../core/assess.ts';
import { findingDraft } from '../core/finding-draft.ts';
import type { Instant } from '../core/model.ts';
import { timestamp } from '../core/timestamp.ts';
import { limits } from '../limits.ts';
import { OperationError, type FailureCode } from '../ports/failure.ts';
import type { UnreadCommit } from './advance.ts';
import type { Memory } from './memory.ts';
import type { World } from './world.ts';

/** That the intent branch is not read. Kept over restarts. */
export interface UnreadIntent {
  readonly since: Instant;
  /** Tip of the branch when it was last seen; null when even that could not be asked. */
  readonly head: string | null;
  readonly code: FailureCode;
  readonly message: string;
}

const fact = 'intent-unread';

/** Trouble that stops the part of a turn that needs Git, and nothing else. Not that of the journal: without it nothing may be done. */
export function isRepositoryTrouble(error: unknown): error is OperationError {
  return error instanceof OperationError && error.code !== 'journal-unavailable';
}

/** The failure that names a commit which is not in force because it cannot be read, and how to get on. */
export function refusedCommit(
  branch: string,
  { commit, error }: UnreadCommit,
  { accepted }: Pick<Memory, 'accepted'>,
): OperationError {
  const inForce = accepted === null ? 'Nothing is in force' : `Commit ${accepted} stays in force`;
  return new OperationError(
    error.code,
    `commit ${commit} of ${branch} cannot be read: ${error.message}. ${inForce}, and nothing of later commits. Find out who pushed it; then push a commit whose files are those of the commit before it (git revert ${commit.slice(0, 10)}, or git commit-tree '${commit.slice(0, 10)}^^{tree}'), and changes in commits of their own after that.`,
    { scope: 'repository', disposition: 'stall', endsWhen: ['repository'], cause: error },
  );
}

/** Remembers the failure, with the time of the first one in a row. IO: the journal, only when it is news. */
export function noteUnread(
  world: Pick<World, 'now' | 'journal'>,
  memory: Pick<Memory, 'unread'>,
  head: string | null,
  error: OperationError,
): void {
  const before = memory.unread;
  const since = before?.since ?? world.now();
  memory.unread = { since, head: head ?? before?.head ?? null, code: error.code, message: error.message };
  if (before?.code === error.code && before.message === error.message && before.head === memory.unread.head)
    return;
  world.journal.setFact(fact, JSON.stringify(memory.unread));
  world.journal.append(world.now(), 'repository', 'not read', `${error.code} ${error.message}`);
}

/** Everything was read. IO: the journal, only when it was not before. */
export function noteRead(world: Pick<World, 'now' | 'journal'>, memory: Pick<Memory, 'unread'>): void {
  if (memory.unread === null) return;
  memory.unread = null;
  world.journal.setFact(fact, 'null');
  world.journal.append(world.now(), 'repository', 'read again', '');
}

/** What the journal kept. IO: reads the journal. */
export function recallUnread(journal: Pick<World['journal'], 'fact'>): UnreadIntent | null {
  return JSON.parse(journal.fact(fact) ?? 'null') as UnreadIntent | null;
}

/** The finding, or none. A server that is away for a moment is none: it would come and go in the records. Pure. */
export function unreadFindings({ unread }: Pick<Memory, 'unread'>, now: Instant): FindingDraft[] {
  if (unread === null) return [];
  const passing =
    ['git-unavailable', 'git-auth', 'secret-unavailable'].includes(unread.code) ||
    unread.code.startsWith('ssh-');
  if (passing && now - unread.since < limits.turn.unreadQuietMs) return [];
  return [
    findingDraft('intent-unread', {
      id: 'repository intent-unread',
      message: `the intent branch is not read since ${timestamp(unread.since)}: ${unread.message}`,
      observed: unread.head,
    }),
  ];
}

/** One commit of the branch, or some of what it changes, judged as a change of its own: apart from what comes before and after it. IO: reads Git. */
import type { Desired } from '../core/model.ts';
import type { TreeEntryChange } from '../git/repository.ts';
import type { Bringing } from './hold.ts';
import { applyChange, type FilesInForce } from './in-force.ts';
import { judgeOnTop } from './judge-change.ts';
import type { Judging } from './judging.ts';
import { readNewCommits, signatureJudge, type NewRange } from './new-commits.ts';

/** What is judged, and on top of what. */
export interface Apart {
  readonly commit: string;
  /** Whose commits are not new; null: all are. */
  readonly parent: string | null;
  /** The files it is put on top of. */
  readonly on: FilesInForce;
  /** What they declare. */
  readonly before: Desired;
  /** Which entries are judged; null where it is not to be judged after all. */
  readonly entriesOf: (range: NewRange) => Promise<readonly TreeEntryChange[] | null>;
  /** Commits nobody looked at, beside those of the range that were not read. */
  readonly unreadBeside?: number;
  /** Bytes that may be parsed; without one for what was let in under another bound. */
  readonly textMaxBytes?: number;
}

/**
 * Judges it by the signers and the change control in force now. Changes nothing. null: nothing of the commit is new to its parent, or it is not to be judged.
 * @throws OperationError `git-*` where it cannot be read, or is over a bound
 */
export async function judgeApart(
  { world, intent, build }: Judging,
  { commit, parent, on, before, entriesOf, unreadBeside = 0, textMaxBytes }: Apart,
): Promise<Bringing | null> {
  const { repository, reader, trust } = intent;
  const now = world.now();
  const by = { inForce: on, judge: signatureJudge(trust), at: now, parent };
  const range = await readNewCommits(repository, parent === null ? [] : [parent], commit, by);
  const changes = range === null ? null : await entriesOf(range);
  if (range === null || changes === null) return null;
  const { tip, commits } = range;
  const unread = range.unread + unreadBeside;
  const {
    files,
    trust: trustAfter,
    documents,
  } = await applyChange(repository, reader, on, changes, undefined, textMaxBytes);
  const after = build(commit, files);
  const judged = await judgeOnTop({
    before,
    trust,
    after,
    trustAfter,
    documents,
    tip,
    commits,
    unread,
    now,
  });
  return { tip, commits, unread, changes, judged, previous: parent };
}

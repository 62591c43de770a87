/** Judges the history of the intent branch again, from a clone, with the code the daemon judged it with, at the times its records name. */
import { builtIns, documentReader } from '../reader.ts';
import type { ChangeRecord } from '../core/change-record.ts';
import { buildDesired } from '../core/desired.ts';
import type { Desired } from '../core/model.ts';
import type { Repository } from '../git/repository.ts';
import type { Log } from '../ports/plugin.ts';
import { advance, type JudgingMemory } from '../shell/advance.ts';
import type { AppliedChange } from '../shell/in-force.ts';
import { keepWhatBroke } from '../shell/intent.ts';

export interface Replay {
  /** What is in force at the head, by this judgement. */
  readonly desired: Desired;
  /** Verdicts by commit. */
  readonly records: ReadonlyMap<string, ChangeRecord>;
  /** Every version of a declaration that was ever in force: `path blob` to the commit that put it there. */
  readonly acceptedBlobs: ReadonlyMap<string, string>;
  /** Commits in the order they came, the trusted one first. */
  readonly line: readonly string[];
  readonly held: number;
}

/** Replays from `trusted` to `head`. `seenAt`: when the daemon first saw a commit, UTC epoch ms. IO: reads Git. */
export async function replay(
  repository: Repository,
  trusted: string,
  head: string,
  seenAt: (commit: string) => number | null,
  log: Log,
): Promise<Replay> {
  const reader = documentReader();
  const brought = builtIns(reader);
  const memory: JudgingMemory = {
    accepted: null,
    desired: null,
    held: new Map(),
    openReviews: new Map(),
    changeRecords: new Map(),
  };
  const intent = {
    repository,
    reader,
    files: new Map() as AppliedChange['files'],
    trust: new Map() as AppliedChange['trust'],
  };
  const acceptedBlobs = new Map<string, string>();
  const nothing = { withdrawn: new Map(), installations: new Map() };
  let now = 0;
  const context = {
    world: { now: () => now, log, journal: silentJournal },
    intent,
    memory,
    build: (commit: string, files: AppliedChange['files']): Desired =>
      keepWhatBroke(
        buildDesired(commit, [...files.values()], brought, memory.desired?.certificates),
        memory.desired,
        nothing,
      ),
    take: (applied: AppliedChange, desired: Desired, commit: string): void => {
      intent.files = applied.files;
      intent.trust = applied.trust;
      memory.accepted = commit;
      memory.desired = desired;
      for (const { path, after } of applied.documents)
        if (after !== null) acceptedBlobs.set(`${path} ${after}`, commit);
    },
  };
  const line = (await repository.firstParentLine(trusted, head)) ?? [await repository.commit(head)];
  const commits = [await repository.commit(trusted), ...line];
  for (const commit of commits) {
    now = seenAt(commit.oid) ?? commit.committer.at;
    await advance(context, commit.oid);
  }
  const desired = memory.desired ?? buildDesired(head, [], brought);
  return {
    desired,
    records: memory.changeRecords,
    acceptedBlobs,
    line: commits.map((each) => each.oid),
    held: memory.held.size,
  };
}

/** An auditor leaves no traces. */
const silentJournal = {
  append: (): void => undefined,
  setFact: (): void => undefined,
  saveSource: (): void => undefined,
  atomically: (write: () => void): void => {
    write();
  },
};

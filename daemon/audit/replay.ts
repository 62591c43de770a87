/** Judges the history of the intent branch again, from a clone, with the code the daemon judged it with, at the times its records name. */
import { builtIns, documentReader } from '../reader.ts';
import type { ChangeRecord } from '../core/change-record.ts';
import { buildDesired } from '../core/desired.ts';
import type { Desired } from '../core/model.ts';
import type { Repository } from '../git/repository.ts';
import type { OperationError } from '../ports/failure.ts';
import type { Log } from '../ports/plugin.ts';
import { advance } from '../shell/advance.ts';
import type { JudgingMemory } from '../shell/judging.ts';
import type { AppliedChange, FilesInForce } from '../shell/in-force.ts';
import { keepWhatBroke } from '../shell/intent.ts';
import { retrace, stationsOf, timesOf } from '../shell/retrace.ts';

export interface Replay {
  /** What is in force at the head, by this judgement. */
  readonly desired: Desired;
  /** The files that say so. */
  readonly inForce: FilesInForce;
  /** Verdicts by `changeRecordKey`. */
  readonly records: ReadonlyMap<string, ChangeRecord>;
  /** Commits that cannot be read, and why: nothing of them is in force. */
  readonly refused: ReadonlyMap<string, OperationError>;
  /** Every version of a declaration that was ever in force: `path blob` to the commit that put it there. */
  readonly acceptedBlobs: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Commits in the order they came, the trusted one first. */
  readonly line: readonly string[];
  /** What was in force at each commit that was asked for. */
  readonly inForceAt: ReadonlyMap<string, Desired>;
  readonly held: number;
}

export interface ReplayRequest {
  readonly repository: Repository;
  readonly trusted: string;
  readonly head: string;
  /** Commits the daemon says it judged: where several ways lead through history, it went by these. Each way is judged in full. */
  readonly recorded: Iterable<string>;
  /** When the daemon had seen a commit, UTC epoch ms; null: the records do not say. Dates inside commits of people are never asked. */
  readonly seenAt: (commit: string) => number | null;
  /** When it is replayed, UTC epoch ms: what no record tells of, and none after it, was not seen before. */
  readonly now: number;
  readonly log: Log;
  /** Commits whose state is kept; none where it is left out. */
  readonly asked?: ReadonlySet<string>;
}

/** Replays from `trusted` to `head`. IO: reads Git. @throws OperationError `git-incomplete` for a clone whose history is cut */
export async function replay(request: ReplayRequest): Promise<Replay> {
  const { repository, head, log } = request;
  const reader = documentReader();
  const brought = builtIns(reader);
  const memory: JudgingMemory = {
    accepted: null,
    desired: null,
    held: new Map(),
    notKept: { count: 0, commits: [] },
    openReviews: new Map(),
    changeRecords: new Map(),
  };
  const intent = {
    repository,
    reader,
    files: new Map() as AppliedChange['files'],
    trust: new Map() as AppliedChange['trust'],
  };
  const acceptedBlobs = new Map<string, Map<string, string>>();
  const inForceAt = new Map<string, Desired>();
  const nothing = { withdrawn: new Map(), installations: new Map() };
  const refused = new Map<string, OperationError>();
  let now = 0;
  const context = {
    world: { now: () => now, log, journal: silentJournal },
    intent,
    memory,
    build: (commit: string, files: AppliedChange['files']): Desired =>
      keepWhatBroke(
        buildDesired(commit, [...files.values()], brought, memory.desired ?? undefined),
        files,
        memory.desired,
        nothing,
      ),
    take: (applied: AppliedChange, desired: Desired, commit: string): void => {
      intent.files = applied.files;
      intent.trust = applied.trust;
      memory.accepted = commit;
      memory.desired = desired;
      for (const { path } of applied.documents) {
        const known = acceptedBlobs.get(path) ?? new Map<string, string>();
        for (const { blob } of applied.files.get(path)?.documents ?? []) {
          // Of a file that broke what was in force before goes on: it was accepted then.
          if (!known.has(blob)) known.set(blob, commit);
        }
        acceptedBlobs.set(path, known);
      }
    },
  };
  const line: string[] = [];
  const go = async (way: readonly string[], atLatest = request.now): Promise<void> => {
    // The daemon's clock may be ahead of the one it is replayed by.
    const latest = way.reduce((at, commit) => Math.max(at, request.seenAt(commit) ?? at), atLatest);
    const times = timesOf(way, request.seenAt, { since: now, now: latest });
    for (const [index, commit] of way.entries()) {
      now = times[index] ?? now;
      line.push(commit);
      const unread = await advance(context, commit);
      if (unread !== null) refused.set(unread.commit, unread.error);
      if (request.asked?.has(commit) === true && memory.desired !== null)
        inForceAt.set(commit, memory.desired);
    }
  };
  const { trusted, recorded, asked } = request;
  // Nothing judges it, so nothing asks when it was seen; what came after it was not seen before.
  await go([trusted], 0);
  // Records were made at commits that changed no declaration too: the daemon stood there.
  const named = new Set([...recorded, ...(asked ?? [])]);
  await retrace(context, await stationsOf(repository, trusted, head, named), go);
  const desired = memory.desired ?? buildDesired(head, [], brought);
  return {
    desired,
    inForce: { files: intent.files, trust: intent.trust },
    records: memory.changeRecords,
    refused,
    acceptedBlobs,
    inForceAt,
    line,
    held: memory.held.size,
  };
}

/** An auditor leaves no traces. */
const silentJournal = {
  append: (): void => undefined,
  setFact: (): void => undefined,
  keep: (): void => undefined,
  letGo: (): void => undefined,
  kept: (): ReadonlyMap<string, string> => new Map(),
  saveSource: (): void => undefined,
  atomically: (write: () => void): void => {
    write();
  },
};

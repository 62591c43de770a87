/**
 * After a lost journal: what was in force is judged again from the history of the intent branch, from the commit that the records say was the first, at the times
 * they say each was seen. A change that was held is held again. Only records that a key stands behind which is known without them are believed for that: where judging begins,
 * and when, decides what is taken on trust. Reads Git.
 */
import type { ChangeRecord } from '../core/change-record.ts';
import type { Repository } from '../git/repository.ts';
import { OperationError } from '../ports/failure.ts';
import { changesAt } from '../records/past.ts';
import type { Log } from '../ports/plugin.ts';
import { firstNamed, stationsOf, stoodAt } from './retrace.ts';

/** Where the records of earlier turns stand, in the repository of the declarations. */
export interface RecordsPlace {
  /** Full name of the branch. */
  readonly ref: string;
  readonly prefix: string;
  /** The daemon's own key, as a line of an allowed_signers file. The list in the repository is not asked: nothing of it is in force yet. */
  readonly signers: string;
  readonly prove: ProveRecords;
}

export interface RecordsQuestion {
  /** Tip of the declarations. */
  readonly intent: string;
  /** Tip of the records. */
  readonly state: string;
  /** `` where records have a branch of their own, `status/` on the intent branch. */
  readonly prefix: string;
  /** The commit to begin with, where somebody who may says so; null: the one that believed records call trusted. */
  readonly trusted: string | null;
  /** Lines of an allowed_signers file for keys of records that are known otherwise: the daemon's own. */
  readonly own: readonly string[];
  /** UTC epoch ms. */
  readonly now: number;
}

/**
 * What the records say as far as a key stands behind it that is known without them (`audit/proven-records.ts`; the audit stands on this room, so it is handed in). null where
 * there is no such key. IO: reads Git. @throws OperationError `git-*`, `unsupported`
 */
export type ProveRecords = (
  repository: Repository,
  question: RecordsQuestion,
  log: Log,
) => Promise<{
  readonly changes: readonly ChangeRecord[];
  readonly seenBy: ReadonlyMap<string, number>;
} | null>;

/** What the records tell of the way to the head. */
export interface Remembered {
  /** The commit that was taken on trust. */
  readonly first: string;
  /** Commits after it that were judged, oldest first, and the head. */
  readonly stations: readonly string[];
  /** When each commit was seen, UTC epoch ms; null: the records do not say. */
  readonly seenAt: (commit: string) => number | null;
}

/**
 * The way to `head` from `start`, or (null) from the first commit the records name; null where there are no records, or nobody signed them and `start` is known. IO: reads Git. @throws OperationError
 * `git-unavailable` where that commit is not in the past of the head, or signed records name none: nothing else is taken on trust in its place; `git-*`, `unsupported`
 */
export async function rememberedWay(
  repository: Repository,
  place: RecordsPlace,
  { head, start }: { readonly head: string; readonly start: string | null },
  { now, log, signal }: { readonly now: number; readonly log: Log; readonly signal: AbortSignal },
): Promise<Remembered | null> {
  const { ref, prefix, signers, prove } = place;
  // Asked of the server, and fetched before it is read: the mirror may be from before.
  const tip = (await repository.advertise(signal, [ref])).get(ref) ?? null;
  if (tip === null) return null;
  await repository.fetch([ref], signal);
  const question = { intent: head, state: tip, prefix, trusted: start, own: [signers], now };
  const records = await prove(repository, question, log);
  if (records === null) {
    if (start === null && (await changesAt(repository, tip, prefix)).length > 0)
      throw noBeginning(null, false);
    return null;
  }
  const { changes, seenBy } = records;
  const named = changes.filter((each) => each.outcome === 'trusted').map((each) => each.commit);
  const first = start ?? (await firstNamed(repository, named, head));
  if (first === null) throw noBeginning(named[0] ?? null, true);
  const seen = new Map([
    ...seenBy,
    ...changes.map((each) => [each.commit, Date.parse(each.seenAt)] as const),
  ]);
  const stations = await stationsOf(repository, first, head, stoodAt(changes).union(seen));
  return { first, stations, seenAt: (commit) => seen.get(commit) ?? null };
}

function noBeginning(named: string | null, isSigned: boolean): OperationError {
  const what =
    named === null
      ? isSigned
        ? 'no record that can be believed says which commit was the first that counted: somebody else wrote to them'
        : 'nobody signed the records of this estate, so which commit was the first that counted cannot be told from them: somebody else may have written them'
      : `the records say that ${named} was the first commit that counted, and it is not in the history of the branch: it was rewritten`;
  return new OperationError(
    'git-unavailable',
    `${what}. Find out by whom; where that is right, name the commit to begin with in trust.commit of the configuration`,
    { disposition: 'retry' },
  );
}

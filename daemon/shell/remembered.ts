/**
 * After a lost journal: what was in force is judged again from the history of the intent branch, from the commit that the records say was the first, at the times
 * they say each was seen. A change that was held is held again. Records are not believed for more than that, and where the daemon's key signed how it began, only those
 * that a commit signed by it last changed: where judging begins decides what is taken on trust. Reads Git.
 */
import type { Repository } from '../git/repository.ts';
import { OperationError } from '../ports/failure.ts';
import { examineLine } from '../records/lineage.ts';
import { changesAt } from '../records/past.ts';
import { firstNamed, stationsOf } from './retrace.ts';

/** Where the records of earlier turns stand, in the repository of the declarations. */
export interface RecordsPlace {
  /** Full name of the branch. */
  readonly ref: string;
  readonly prefix: string;
  /** The daemon's own key, as a line of an allowed_signers file. The list in the repository is not asked: nothing of it is in force yet. */
  readonly signers: string;
}

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
 * The way to `head` from `start`, or (null) from the first commit the records name; null where there are no records, or they name none. IO: reads Git. @throws OperationError `git-unavailable` where
 * that commit is not in the past of the head: nothing else is taken on trust in its place; `git-*`
 */
export async function rememberedWay(
  repository: Repository,
  place: RecordsPlace,
  { head, start }: { readonly head: string; readonly start: string | null },
  now: number,
  signal: AbortSignal,
): Promise<Remembered | null> {
  const { ref, prefix } = place;
  // Asked of the server, and fetched before it is read: the mirror may be from before.
  const tip = (await repository.advertise(signal, [ref])).get(ref) ?? null;
  if (tip === null) return null;
  await repository.fetch([ref], signal);
  const ours = await changesAt(repository, tip, prefix, await notOurs(repository, place, tip, now));
  const isFirst = (each: (typeof ours)[number]): boolean => each.outcome === 'trusted';
  // A key that is gone may have signed how it began. Then all records count: better than to take the newest commit on trust.
  const records = ours.some(isFirst) ? ours : await changesAt(repository, tip, prefix, new Map());
  const named = records.filter(isFirst).map((each) => each.commit);
  if (start === null && named.length === 0) return null;
  const first = start ?? (await firstNamed(repository, named, head));
  if (first === null)
    throw new OperationError(
      'git-unavailable',
      `the records say that ${named[0] ?? ''} was the first commit that counted, and it is not in the history of the branch: it was rewritten. Find out by whom; where that is right, name the commit to begin with in trust.commit of the configuration`,
      { disposition: 'retry' },
    );
  const seen = new Map(records.map((each) => [each.commit, Date.parse(each.seenAt)]));
  const stations = await stationsOf(repository, first, head, new Set(seen.keys()));
  return { first, stations, seenAt: (commit) => seen.get(commit) ?? null };
}

/**
 * Records that no commit of ours last changed, and what stood there before. Where no commit at all is ours, the key was lost with the journal: then the
 * records are all there is, and better than to take the newest commit on trust.
 */
async function notOurs(
  repository: Repository,
  { prefix, signers }: RecordsPlace,
  tip: string,
  now: number,
): Promise<ReadonlyMap<string, string | null>> {
  const trust = { signers, now, believed: null };
  const lineage = await examineLine({ repository, from: null, tip, prefix, trust, pending: new Map() });
  return lineage === null || lineage.newest === null ? new Map() : lineage.believed;
}

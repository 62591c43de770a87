/**
 * After a lost journal: what was in force is judged again from the history of the intent branch, from the commit that the records say was the first, at the times
 * they say each was seen. A change that was held is held again. Records are not believed for more than that, and where the daemon's key signed how it began, only those
 * that a commit signed by it last changed: where judging begins decides what is taken on trust. Reads Git.
 */
import { timestamp } from '../core/timestamp.ts';
import type { Repository } from '../git/repository.ts';
import { examineLine } from '../records/lineage.ts';
import { changesAt } from '../records/past.ts';

/** Where the records of earlier turns stand, in the repository of the declarations. */
export interface RecordsPlace {
  /** Full name of the branch. */
  readonly ref: string;
  readonly prefix: string;
  /** The daemon's own key, as a line of an allowed_signers file. The list in the repository is not asked: nothing of it is in force yet. */
  readonly signers: string;
}

/** Commits to judge again, oldest first, each with the time it counts as seen. */
export type Steps = readonly { readonly commit: string; readonly at: number }[];

/** The way from the first commit the records name to `head`; null where they name none on its line. IO: reads Git. @throws OperationError `git-*` */
export async function rememberedSteps(
  repository: Repository,
  place: RecordsPlace,
  head: string,
  now: number,
  signal: AbortSignal,
): Promise<Steps | null> {
  const { ref, prefix } = place;
  // Asked of the server, and fetched before it is read: the mirror may be from before.
  const tip = (await repository.advertise(signal, [ref])).get(ref) ?? null;
  if (tip === null) return null;
  await repository.fetch([ref], signal);
  const ours = await changesAt(repository, tip, prefix, await notOurs(repository, place, tip, now));
  const isFirst = (each: (typeof ours)[number]): boolean => each.outcome === 'trusted';
  // A key that is gone may have signed how it began. Then all records count: better than to take the newest commit on trust.
  const records = ours.some(isFirst) ? ours : await changesAt(repository, tip, prefix, new Map());
  const first = records.find(isFirst);
  if (first === undefined) return null;
  const line = first.commit === head ? [] : await repository.firstParentLine(first.commit, head);
  if (line === null) return null;
  const seen = new Map(records.map((each) => [each.commit, Date.parse(each.seenAt)]));
  let last = Math.min(seen.get(first.commit) ?? now, now);
  const steps = [{ commit: first.commit, at: last }];
  for (const { oid, committer } of line) {
    // Of a commit without a record (an approval) nobody knows when it was seen: not before the one before it.
    last = Math.min(Math.max(seen.get(oid) ?? committer.at, last), now);
    steps.push({ commit: oid, at: last });
  }
  return steps;
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

/** For the log. Pure. */
export function firstOf(steps: Steps): string {
  const [first] = steps;
  return first === undefined ? 'nothing' : `${first.commit} of ${timestamp(first.at)}`;
}

/** When the daemon saw the commits of the intent branch: approvals and keys count by that time, and a pipeline comes later. */
import type { ChangeRecord } from '../core/change-record.ts';
import type { Repository } from '../git/repository.ts';

export interface SeenTimes {
  /** UTC epoch ms; null: together with the next commit of which it is known. */
  readonly seenAt: (commit: string) => number | null;
  /** Commits of which no record says when they were seen: judged by the date of whoever put them on the branch. */
  readonly assumed: readonly string[];
}

/**
 * The times at which the records say that commits of `line` were seen. After the last of these the date of each commit counts, never later than `now`: that is when it was
 * merged or made, and the daemon looks soon after. IO: reads Git. `seenBy`: when a commit of records was first made from a commit; empty where they were not fetched.
 */
export async function seenTimes(
  repository: Repository,
  line: readonly string[],
  {
    seenBy,
    changes,
  }: { readonly seenBy: ReadonlyMap<string, number>; readonly changes: readonly ChangeRecord[] },
  now: number,
): Promise<SeenTimes> {
  const known = new Map<string, number>();
  const note = (commit: string, at: number): void => {
    known.set(commit, Math.min(at, now, known.get(commit) ?? now));
  };
  for (const [commit, at] of seenBy) note(commit, at);
  for (const { commit, part, seenAt } of changes) if (part === null) note(commit, Date.parse(seenAt));
  const unrecorded = line.slice(line.findLastIndex((oid) => known.has(oid)) + 1);
  for (const oid of unrecorded) note(oid, (await repository.commitOnLine(oid)).committer.at);
  return {
    seenAt: (commit) => known.get(commit) ?? null,
    assumed: unrecorded,
  };
}

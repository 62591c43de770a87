/** When the daemon saw the commits of the intent branch: approvals and keys count by that time, and a pipeline comes later. */
import type { ChangeRecord } from '../core/change-record.ts';
import { lineTimes } from '../core/line-time.ts';
import type { Repository } from '../git/repository.ts';
import { recordsLine } from '../records/line-of.ts';

export interface SeenTimes {
  /** UTC epoch ms; null: together with the next commit of which it is known. */
  readonly seenAt: (commit: string) => number | null;
  /** Commits of which no record says when they were seen: judged by the date of whoever put them on the branch. */
  readonly assumed: readonly string[];
}

/**
 * The times at which the records say that commits of `line` were seen. After the last of these the date of each commit counts, never later than `now`: that is when it was
 * merged or made, and the daemon looks soon after. IO: reads Git. `tip`: of the branch of records; null: it was not fetched.
 */
export async function seenTimes(
  repository: Repository,
  line: readonly string[],
  { tip, changes }: { readonly tip: string | null; readonly changes: readonly ChangeRecord[] },
  now: number,
): Promise<SeenTimes> {
  const known = new Map<string, number>();
  const note = (commit: string, at: number): void => {
    known.set(commit, Math.min(at, now, known.get(commit) ?? now));
  };
  const published =
    tip === null ? [] : ((await recordsLine(repository, { from: null, tip, trust: null })) ?? []);
  const times = lineTimes(published.map((each) => each.committer.at));
  for (const [index, { trailers }] of published.entries()) {
    const source = trailers.find(([key]) => key === 'Renewd-Source')?.[1];
    if (source !== undefined) note(source, times[index] ?? now);
  }
  for (const { commit, part, seenAt } of changes) if (part === null) note(commit, Date.parse(seenAt));
  const unrecorded = line.slice(line.findLastIndex((oid) => known.has(oid)) + 1);
  for (const oid of unrecorded) note(oid, (await repository.commitOnLine(oid)).committer.at);
  return {
    seenAt: (commit) => known.get(commit) ?? null,
    assumed: unrecorded,
  };
}

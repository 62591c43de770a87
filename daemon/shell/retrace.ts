/**
 * The way of the branch gone again, as the daemon went it: from one commit that its records name to the next, and between two of them as it would go now. Whoever pushed
 * what came later cannot move the way away from what was judged. IO: reads Git.
 */
import type { ChangeRecord } from '../core/change-record.ts';
import type { Repository } from '../git/repository.ts';
import { OperationError } from '../ports/failure.ts';
import type { Judging } from './judging.ts';
import { wayTo } from './way.ts';

/**
 * The commit that counts as the first, where records name several: of those in the past of `head` the one that all others come after. null where none is in that past. IO: reads
 * Git. @throws OperationError `unsupported` where they have no order: somebody's own beginning would be as good as ours
 */
export async function firstNamed(
  repository: Pick<Repository, 'isAncestor'>,
  named: Iterable<string>,
  head: string,
): Promise<string | null> {
  const here: string[] = [];
  for (const commit of new Set(named)) if (await repository.isAncestor(commit, head)) here.push(commit);
  for (const commit of here) {
    let isFirst = true;
    for (const other of here) isFirst &&= await repository.isAncestor(commit, other);
    if (isFirst) return commit;
  }
  if (here.length === 0) return null;
  throw new OperationError(
    'unsupported',
    `the records name several commits as the first that counts, and none of them comes before the others: ${here
      .map((each) => each.slice(0, 10))
      .slice(0, 5)
      .join(', ')}. Somebody else wrote to them, or the branch was rewritten: renewd audit --trust names one`,
    { disposition: 'stall', endsWhen: ['repository'] },
  );
}

/**
 * Those of `named` that the daemon can have stood at on its way from `trusted` to `head`, oldest first, `head` last: each comes after the one before. A name that does not is
 * none of this way. IO: reads Git. @throws OperationError `git-incomplete` where the history is cut
 */
export async function stationsOf(
  repository: Pick<Repository, 'commitsBetween' | 'isAncestor'>,
  trusted: string,
  head: string,
  named: ReadonlySet<string>,
): Promise<readonly string[]> {
  // Parents before children, so that of two commits of one line the earlier comes first.
  const history = [...(await repository.commitsBetween([trusted], head))].reverse();
  const stations: string[] = [];
  let at = trusted;
  for (const commit of history) {
    if (commit !== head && !named.has(commit)) continue;
    if (!(await repository.isAncestor(at, commit))) continue;
    stations.push(commit);
    at = commit;
  }
  return stations;
}

/**
 * Commits where the daemon stood, by records that are believed: each that it judged, and the one that was accepted right before. Which way leads on was asked from there. Pure.
 */
export function stoodAt(changes: Iterable<Pick<ChangeRecord, 'commit' | 'previous'>>): Set<string> {
  const stood = new Set<string>();
  for (const { commit, previous } of changes) {
    stood.add(commit);
    if (previous !== null) stood.add(previous);
  }
  return stood;
}

/**
 * Goes to each station in turn; `visit` is given every commit on the way, with the station it leads to, and takes it. What is in force when a commit is reached says which
 * way leads on. IO. @throws as `visit`, OperationError `git-incomplete`, `git-malformed`
 */
export async function retrace(
  context: Judging,
  stations: readonly string[],
  visit: (way: readonly string[]) => Promise<void>,
): Promise<void> {
  for (const station of stations) await visit((await wayTo(context, station)) ?? [station]);
}

/**
 * When each commit of a way was seen: what the records are silent about at the latest with the next one they tell of, and where they tell of none after it only `now`. The
 * date in a commit is chosen by whoever makes it and never asked. Time does not go backwards. Pure.
 */
export function timesOf(
  way: readonly string[],
  seenAt: (commit: string) => number | null,
  { since, now }: { readonly since: number; readonly now: number },
): readonly number[] {
  let next = now;
  const latest: number[] = [];
  for (const commit of way.toReversed()) {
    next = Math.min(next, seenAt(commit) ?? next);
    latest.unshift(next);
  }
  return latest.map((at) => Math.max(at, since));
}

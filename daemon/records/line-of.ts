/**
 * The line of commits of a branch of records. The daemon makes no merges: whoever pushes one chooses its first parent, and would take the line away from what the daemon
 * signed. So at a merge it goes on where more commits count. The only reader of such a line. Reads Git.
 */
import type { Commit, Repository } from '../git/repository.ts';
import type { ParentChoice } from '../git/ranges.ts';
import { limits } from '../limits.ts';
import { judgeLine, type JudgedCommit, type RecordTrust } from './signed-line.ts';

export interface LineOf {
  /** Not included; null: to a beginning. */
  readonly from: string | null;
  readonly tip: string;
  /** Whose commits count; null: any signature counts more than none. */
  readonly trust: RecordTrust | null;
  /** Only the newest so many; null: all. */
  readonly newest?: number | null;
}

type Reading = Pick<Repository, 'way' | 'independent' | 'commitsBetween' | 'commitOnLine' | 'rawCommit'>;

/** Oldest first; null when `from` is not in the past of the tip. IO: reads Git. @throws OperationError `git-*` */
export async function recordsLine(
  repository: Reading,
  { from, tip, trust, newest = null }: LineOf,
): Promise<readonly Commit[] | null> {
  const way = await repository.way(from, tip, choiceOf(repository, trust), newest ?? undefined);
  return way === null ? null : Promise.all(way.map((oid) => repository.commitOnLine(oid)));
}

function choiceOf(repository: Reading, trust: RecordTrust | null): ParentChoice {
  return async (merge, among) => {
    const sides = await repository.independent(among);
    let best = sides[0] ?? merge;
    let most = -1;
    for (const side of sides.length < 2 ? [] : sides) {
      const others = sides.filter((each) => each !== side);
      const own = (await repository.commitsBetween(others, side)).slice(0, limits.records.anchorStepsMax);
      const commits = await Promise.all(own.toReversed().map((oid) => repository.commitOnLine(oid)));
      const count =
        trust === null
          ? commits.filter(({ signature }) => signature !== null).length
          : (await judgeLine(repository, commits, trust)).filter(({ verdict }) => verdict === 'good').length;
      if (count > most) [best, most] = [side, count];
    }
    return best;
  };
}

/** The last commits of a branch, judged as a line; what lies before them is not looked at. Oldest first. IO: reads Git. @throws OperationError `git-*` */
export async function judgeLastCommits(
  repository: Reading,
  tip: string,
  maxCount: number,
  trust: RecordTrust,
): Promise<readonly JudgedCommit[]> {
  const line = await recordsLine(repository, { from: null, tip, trust, newest: maxCount });
  return judgeLine(repository, line ?? [], trust);
}

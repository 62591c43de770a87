/**
 * The line of commits of a branch of records. The daemon makes no merges: whoever pushes one chooses its first parent, and would take the line away from what the daemon
 * signed. So at a merge it goes on where more commits count. The only reader of such a line. Reads Git.
 */
import type { Commit, Repository } from '../git/repository.ts';
import type { ParentChoice } from '../git/ranges.ts';
import { verifyCommitSignature } from '../git/signature.ts';
import { limits } from '../limits.ts';

export interface LineOf {
  /** Not included; null: to a beginning. */
  readonly from: string | null;
  readonly tip: string;
  /** allowed_signers text of the keys that count; null: any signature counts more than none. */
  readonly signers: string | null;
  /** Only the newest so many; null: all. */
  readonly newest?: number | null;
}

type Reading = Pick<Repository, 'way' | 'independent' | 'commitsBetween' | 'commitOnLine' | 'rawCommit'>;

/** Oldest first; null when `from` is not in the past of the tip. IO: reads Git. @throws OperationError `git-*` */
export async function recordsLine(
  repository: Reading,
  { from, tip, signers, newest = null }: LineOf,
): Promise<readonly Commit[] | null> {
  const way = await repository.way(from, tip, choiceOf(repository, signers), newest ?? undefined);
  return way === null ? null : Promise.all(way.map((oid) => repository.commitOnLine(oid)));
}

function choiceOf(repository: Reading, signers: string | null): ParentChoice {
  return async (merge, among) => {
    const sides = await repository.independent(among);
    let best = sides[0] ?? merge;
    let most = -1;
    for (const side of sides.length < 2 ? [] : sides) {
      const others = sides.filter((each) => each !== side);
      const own = (await repository.commitsBetween(others, side)).slice(0, limits.records.anchorStepsMax);
      let count = 0;
      for (const oid of own) if (await counts(repository, oid, signers)) count++;
      if (count > most) [best, most] = [side, count];
    }
    return best;
  };
}

/** Whether its signature counts at the date it gives itself: when it was made is judged with the line (`signed-line.ts`). */
async function counts(repository: Reading, oid: string, signers: string | null): Promise<boolean> {
  const { signature, committer } = await repository.commitOnLine(oid);
  if (signature === null) return false;
  if (signers === null) return true;
  return verifyCommitSignature(await repository.rawCommit(oid), signers, committer.at).verdict === 'good';
}

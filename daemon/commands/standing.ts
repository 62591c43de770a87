/** The branches that a command reads, wherever they stand in a clone, and which of them it says it read. */
import { standingBranch, type StandingBranch } from '../core/standing-branch.ts';
import type { Repository } from '../git/repository.ts';
import type { Invocation } from './command.ts';

/** The branch of that name, as it stands here or was last fetched from a remote; its objects are there when this returns. null: neither. IO: Git. @throws OperationError `git-*` */
export async function fetchStanding(
  repository: Repository,
  name: string,
  signal: AbortSignal,
): Promise<StandingBranch | null> {
  const standing = standingBranch(await repository.advertise(signal, [`refs/heads/${name}`]), name);
  if (standing !== null) await repository.fetch([standing.ref], signal);
  return standing;
}

/** Says on stderr that the records come from what a clone fetched; nothing where the branch is the repository's own. IO. */
export function sayWhere({ err }: Pick<Invocation, 'err'>, records: StandingBranch | null): void {
  if (records === null || records.remote === null) return;
  const branch = records.ref.slice('refs/remotes/'.length);
  err.write(
    `records are read from ${branch} as this clone last fetched it: it has no such branch of its own. git fetch ${records.remote} brings newer ones\n`,
  );
}

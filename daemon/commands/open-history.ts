/** Opens a repository to look at its past: the watched one, or the clone one stands in. Reads only. */
import { existsSync } from 'node:fs';
import { lineTimes } from '../core/line-time.ts';
import { missingBranch, type BranchUse } from '../core/missing-branch.ts';
import { parseMoment } from '../core/period.ts';
import { openRepository, type Repository } from '../git/repository.ts';
import { createLog } from '../log.ts';
import { OperationError } from '../ports/failure.ts';
import { stringFlag, UsageError, type Invocation, type Option } from './command.ts';

export interface OpenedHistory {
  readonly repository: Repository;
  /** Tips of the two branches. */
  readonly intent: string;
  readonly state: string;
  /** Of the records: `` or `status/`. */
  readonly prefix: string;
}

/** Options of commands that look at the past. */
export const historyOptions: Readonly<Record<string, Option>> = {
  repo: {
    type: 'string',
    value: 'path or URL',
    description:
      'the watched repository or a clone of it (default: the configuration, else the current directory)',
  },
  branch: { type: 'string', value: 'name', description: 'branch of the declarations (default: main)' },
  state: { type: 'string', value: 'name', description: 'branch of the records (default: renewd/state)' },
  data: {
    type: 'string',
    value: 'dir',
    description: 'directory for the mirror of a remote repository (default: ./.renewd)',
  },
  config: { type: 'string', value: 'file', description: 'configuration file (docs/configuration.md)' },
};

/** Opens it, runs `work`, closes it. IO. @throws OperationError `unsupported` when a branch is not there, `git-*` */
export async function withHistory<T>(
  invocation: Invocation,
  work: (opened: OpenedHistory) => Promise<T>,
): Promise<T> {
  const { flags } = invocation;
  const repo = stringFlag(flags, 'repo');
  const local = repo === null ? null : existsSync(repo) ? repo : null;
  const here =
    repo === null && stringFlag(flags, 'config') === null && !existsSync('renewd.yaml') ? '.' : null;
  const url = local ?? here;
  if (url === null) return withWatched(invocation, work);
  const repository = await openRepository({ url, directory: url, now: Date.now });
  try {
    return await work(
      await openedAt(
        repository,
        stringFlag(flags, 'branch') ?? 'main',
        stringFlag(flags, 'state') ?? 'renewd/state',
        invocation.signal,
      ),
    );
  } finally {
    await repository.close();
  }
}

async function withWatched<T>(
  invocation: Invocation,
  work: (opened: OpenedHistory) => Promise<T>,
): Promise<T> {
  // Loaded here: a clone on this machine needs neither configuration nor secrets.
  const { configured } = await import('./start.ts');
  const { withRepository } = await import('./open-records.ts');
  const config = await configured(invocation);
  const log = createLog({
    level: 'warn',
    destination: { write: (line) => invocation.err.write(line) },
    pretty: true,
    style: invocation.err.style,
  });
  return withRepository(config, invocation, log, async (repository) => {
    const state = stringFlag(invocation.flags, 'state') ?? config.state.branch;
    await repository.fetch([`refs/heads/${config.branch}`, `refs/heads/${state}`], invocation.signal);
    return work({
      ...(await openedAt(repository, config.branch, state, invocation.signal)),
      prefix: config.state.prefix,
    });
  });
}

/** Both branches by their tips. IO: Git. @throws OperationError `unsupported` when a branch is not there */
export async function openedAt(
  repository: Repository,
  branch: string,
  state: string,
  signal: AbortSignal,
): Promise<OpenedHistory> {
  return {
    repository,
    intent: await tipOf(repository, branch, 'declarations', signal),
    state: await tipOf(repository, state, 'records', signal),
    prefix: state === branch ? 'status/' : '',
  };
}

/**
 * The tip of a branch here, else of the branch of that name at `origin`; null when neither is there. Asked by full names: a tag of that name is not the branch.
 * IO: reads Git.
 */
export async function branchTip(
  repository: Repository,
  name: string,
  signal: AbortSignal,
): Promise<string | null> {
  return (
    (await repository.resolve(`refs/heads/${name}`, signal)) ??
    repository.resolve(`refs/remotes/origin/${name}`, signal)
  );
}

/** The tip of a branch; in a clone those of others stand under their remote. @throws OperationError `unsupported` that says which there are and what to do */
export async function tipOf(
  repository: Repository,
  name: string,
  use: BranchUse,
  signal: AbortSignal,
): Promise<string> {
  const tip = await branchTip(repository, name, signal);
  if (tip !== null) return tip;
  const refs = await repository.advertise(signal);
  throw new OperationError('unsupported', missingBranch(name, refs.keys(), use), {
    disposition: 'stall',
    endsWhen: ['configuration', 'repository'],
  });
}

/**
 * The commit of the records that was current at a moment: a day (its end, UTC), an instant, or a revision of the branch. null when there were no records yet.
 * @throws UsageError for what is none of these
 */
export async function stateAt(
  { repository, state }: OpenedHistory,
  when: string,
  signal: AbortSignal,
): Promise<string | null> {
  const moment = parseMoment(when);
  if (moment === null) {
    const commit = await repository.resolve(when, signal);
    if (commit === null)
      throw new UsageError(
        `${JSON.stringify(when)} is no day (2026-03-31), no instant (2026-03-31T12:00:00Z) and no revision`,
      );
    return commit;
  }
  return lastBefore(repository, state, moment + 1);
}

/**
 * The last commit of a line made before an instant; null when there is none. Dates that go backwards along the line are not believed: a commit is never older
 * than one before it. IO: reads Git. @throws OperationError `git-incomplete` where the history is cut
 */
export async function lastBefore(
  repository: Repository,
  tip: string,
  before: number,
): Promise<string | null> {
  const line = (await repository.firstParentLine(null, tip)) ?? [];
  const times = lineTimes(line.map((each) => each.committer.at));
  return line[times.findLastIndex((at) => at < before)]?.oid ?? null;
}

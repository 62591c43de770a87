/** Opens a repository to look at its past: the watched one, or the clone one stands in. Reads only. */
import { existsSync } from 'node:fs';
import { lineTimes } from '../core/line-time.ts';
import { standingBranch, type StandingBranch } from '../core/standing-branch.ts';
import { missingBranch, type BranchUse } from '../core/missing-branch.ts';
import { parseMoment } from '../core/period.ts';
import { openRepository, type Repository } from '../git/repository.ts';
import { createLog } from '../log.ts';
import { OperationError } from '../ports/failure.ts';
import { recordsLine } from '../records/line-of.ts';
import { stringFlag, UsageError, type Invocation, type Option } from './command.ts';
import { fetchStanding, sayWhere } from './standing.ts';

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
    const opened = await openedAt(
      repository,
      stringFlag(flags, 'branch') ?? 'main',
      stringFlag(flags, 'state') ?? 'renewd/state',
      invocation.signal,
    );
    sayWhere(invocation, opened.standing);
    return await work(opened);
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
    const opened = await openedAt(repository, config.branch, state, invocation.signal);
    sayWhere(invocation, opened.standing);
    return work({ ...opened, prefix: config.state.prefix });
  });
}

/** Both branches by their tips, fetched, and where that of the records stands. IO: Git. @throws OperationError `unsupported` when a branch is not there */
export async function openedAt(
  repository: Repository,
  branch: string,
  state: string,
  signal: AbortSignal,
): Promise<OpenedHistory & { readonly standing: StandingBranch }> {
  const intent = await branchOf(repository, branch, 'declarations', signal);
  const records = await branchOf(repository, state, 'records', signal);
  return {
    repository,
    intent: intent.tip,
    state: records.tip,
    standing: records,
    prefix: state === branch ? 'status/' : '',
  };
}

/** The tip of a branch where it stands (`standingBranch`); null when it is nowhere. IO: reads Git. */
export async function branchTip(
  repository: Repository,
  name: string,
  signal: AbortSignal,
): Promise<string | null> {
  return standingBranch(await repository.advertise(signal, [`refs/heads/${name}`]), name)?.tip ?? null;
}

/** The tip of a branch; in a clone those of others stand under their remote. @throws OperationError `unsupported` that says which there are and what to do */
export async function tipOf(
  repository: Repository,
  name: string,
  use: BranchUse,
  signal: AbortSignal,
): Promise<string> {
  return (await branchOf(repository, name, use, signal)).tip;
}

async function branchOf(
  repository: Repository,
  name: string,
  use: BranchUse,
  signal: AbortSignal,
): Promise<StandingBranch> {
  const standing = await fetchStanding(repository, name, signal);
  if (standing !== null) return standing;
  const refs = await repository.advertise(signal, [`refs/heads/${name}`]);
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
  const line = (await recordsLine(repository, { from: null, tip, trust: null })) ?? [];
  const times = lineTimes(line.map((each) => each.committer.at));
  return line[times.findLastIndex((at) => at < before)]?.oid ?? null;
}

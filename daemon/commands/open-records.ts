/** Opens a repository only to read its records: for `status` and `site`. Writes nothing but the mirror, which is a cache. */
import { join } from 'node:path';
import { openConfiguredRepository } from '../assembly.ts';
import type { Config } from '../config.ts';
import { isClone, type StandingBranch } from '../core/standing-branch.ts';
import type { Repository } from '../git/repository.ts';
import type { Log } from '../ports/plugin.ts';
import { plainVault } from '../open-vault.ts';
import { emptyRecords, loadRecords, type RecordSet } from '../records/read.ts';
import type { Invocation } from './command.ts';
import { foreignRecords, type ForeignRecords } from './foreign-records.ts';
import { refuseTracked } from './own-directory.ts';
import { fetchStanding, sayWhere } from './standing.ts';
import { makeDirectory } from '../make-directory.ts';

export interface OpenedRecords {
  readonly records: RecordSet;
  /** Commit of the state branch; null when there is none yet. */
  readonly tip: string | null;
  /** The repository has fetched from another, which may have records that it has not. */
  readonly isClone: boolean;
  /** Which of them are not the daemon's. */
  readonly foreign: ForeignRecords;
}

/** Reads all records at the tip of the state branch. IO: Git. @throws OperationError `git-*` */
export async function openRecords(config: Config, invocation: Invocation, log: Log): Promise<OpenedRecords> {
  return withRepository(config, invocation, log, async (repository) => {
    const { signal } = invocation;
    const standing = await fetchStanding(repository, config.state.branch, signal);
    sayWhere(invocation, standing);
    const read = await readTip(repository, config, log, standing);
    const intent = (await fetchStanding(repository, config.branch, signal))?.tip ?? null;
    const { prefix } = config.state;
    const now = Date.now();
    return {
      ...read,
      isClone: isClone(await repository.advertise(signal, [])),
      foreign: await foreignRecords({ repository, state: read.tip, intent, prefix, now }, log),
    };
  });
}

/** Opens the configured repository, runs `work`, closes it. IO. */
export async function withRepository<T>(
  config: Config,
  { environment }: Pick<Invocation, 'environment'>,
  log: Log,
  work: (repository: Repository) => Promise<T>,
): Promise<T> {
  await refuseTracked(config.dataDirectory);
  // A mirror of its own: the daemon's may be in use by the daemon.
  const own = { ...config, dataDirectory: join(config.dataDirectory, 'reader') };
  makeDirectory(own.dataDirectory, 0o700);
  const vault = plainVault(config, environment, log);
  const repository = await openConfiguredRepository(own, { vault, log, now: Date.now });
  try {
    return await work(repository);
  } finally {
    await repository.close();
  }
}

async function readTip(
  repository: Repository,
  config: Config,
  log: Log,
  standing: StandingBranch | null,
): Promise<Pick<OpenedRecords, 'records' | 'tip'>> {
  if (standing === null) return { records: emptyRecords(), tip: null };
  const { tip } = standing;
  const records = await loadRecords(repository, tip, config.state.prefix, {
    now: Date.now(),
    onBad: (path, reason) => {
      log.warn({ path, reason }, 'a record could not be read and is left out');
    },
  });
  return { records, tip };
}

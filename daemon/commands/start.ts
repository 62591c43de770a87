/** What commands that look at a repository share: the configuration, the log, and how trouble at the start ends a command. */
import { remedyOfSystem } from '../system-trouble.ts';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { showAs } from '../shown-path.ts';
import { assemble, type House, type Surroundings } from '../assembly.ts';
import { readConfig, type Config } from '../config.ts';
import { renderProblem } from '../documents/write.ts';
import { takeInstanceLock } from '../journal/instance-lock.ts';
import { copyJournal } from '../journal/journal.ts';
import { createLog } from '../log.ts';
import type { Log } from '../ports/plugin.ts';
import type { ProgressEvent } from '../shell/world.ts';
import { stringFlag, type Invocation } from './command.ts';
import { EarlyExit } from './early-exit.ts';
import { refuseTracked } from './own-directory.ts';
import { refuseClone } from './refuse-clone.ts';

/** Used when `--config` is not given and the file is there. */
export const defaultConfigFile = 'renewd.yaml';

/**
 * The configuration of this call: flags over file over defaults. Reads one file.
 * @throws EarlyExit `configuration` with every mistake, each with file, line and column
 */
export async function configured(invocation: Invocation): Promise<Config> {
  const { flags, environment, err } = invocation;
  const currentDirectory = process.cwd();
  const given = stringFlag(flags, 'config');
  const found = existsSync(join(currentDirectory, defaultConfigFile)) ? defaultConfigFile : null;
  const { config, problems } = await readConfig({
    flags: {
      repo: stringFlag(flags, 'repo') ?? undefined,
      branch: stringFlag(flags, 'branch') ?? undefined,
      data: stringFlag(flags, 'data') ?? undefined,
    },
    environment,
    file: given ?? found,
    currentDirectory,
  });
  const text = problems.map((problem) => renderProblem(problem)).join('\n');
  if (config === null) throw new EarlyExit('configuration', text);
  if (text !== '') err.write(`${text}\n`);
  return config;
}

/** The log of this call on stderr. Commands that print results themselves ask for `warn` and up. */
export function logOf(invocation: Invocation, config: Config, level: 'configured' | 'warn'): Log {
  const { err } = invocation;
  const pretty =
    config.log.format === 'plain' || (config.log.format === 'auto' && (level === 'warn' || err.interactive));
  return createLog({
    level: level === 'configured' ? config.log.level : 'warn',
    destination: { write: (line) => err.write(line) },
    pretty,
    style: err.style,
  });
}

/** Surroundings of a real run: the clock, chance, no crash points. */
export function surroundings(
  invocation: Invocation,
  log: Log,
  progress: (event: ProgressEvent) => void,
  stopping: () => boolean = () => invocation.signal.aborted,
): Surroundings {
  return {
    environment: invocation.environment,
    now: Date.now,
    random: Math.random,
    log,
    progress,
    crashPoint: () => undefined,
    stopping,
  };
}

/**
 * Takes the data directory for this process, opens the house, runs `work`, closes everything. IO.
 * @throws EarlyExit `another-instance` when another renewd works there, `cannot-create` when it cannot be made, `configuration` when the repository is a clone of the one to watch
 */
export async function withHouse<T>(
  config: Config,
  around: Surroundings,
  work: (house: House) => Promise<T>,
): Promise<T> {
  await refuseTracked(config.dataDirectory);
  const lock = lockOf(config.dataDirectory);
  try {
    const house = await assemble(config, around);
    try {
      await refuseClone(config, house);
      return await work(house);
    } finally {
      await house.close();
    }
  } finally {
    lock.release();
  }
}

/**
 * As `withHouse`, on a copy of the data directory (journal, custody, issuers; the mirror is a cache and is made anew) that is thrown
 * away afterwards: changes nothing and may run beside the daemon. IO.
 */
export async function withCopyOfHouse<T>(
  config: Config,
  around: Surroundings,
  work: (house: House) => Promise<T>,
): Promise<T> {
  await refuseTracked(config.dataDirectory);
  const directory = await mkdtemp(join(tmpdir(), 'renewd-copy-'));
  const asIs = showAs(directory, resolve(config.dataDirectory));
  try {
    if (existsSync(join(config.dataDirectory, 'journal.db'))) copyJournal(config.dataDirectory, directory);
    for (const name of ['custody', 'issuers']) {
      const from = join(config.dataDirectory, name);
      if (existsSync(from)) await cp(from, join(directory, name), { recursive: true });
    }
    const house = await assemble({ ...config, dataDirectory: directory }, { ...around, onCopy: true });
    try {
      await refuseClone(config, house);
      return await work(house);
    } finally {
      await house.close();
    }
  } finally {
    asIs();
    await rm(directory, { recursive: true, force: true });
  }
}

function lockOf(directory: string): { readonly release: () => void } {
  let lock: ReturnType<typeof takeInstanceLock>;
  try {
    lock = takeInstanceLock(directory);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EarlyExit(
      'cannot-create',
      `the data directory ${directory} cannot be used: ${reason}. ${remedyOfSystem(error) ?? 'Fix what it says.'} Another one is given with --data.`,
    );
  }
  if (lock === null) {
    throw new EarlyExit(
      'another-instance',
      `another renewd works with ${directory}, and does what is due by itself. To have it look at everything now, send it SIGHUP (systemctl reload renewd, or kill -HUP <pid>); to work here yourself, stop it first.`,
    );
  }
  return lock;
}

/**
 * One writer of an issuance log at a time, in this process and in others on this machine. The lock is a file that is made only if it is not
 * there, whole from its first moment: a process that is killed leaves either a lock that names it or none. One that its process left behind
 * is taken away. It does not hold across hosts: a data directory belongs to one.
 */
import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { limits } from '../../limits.ts';
import { OperationError } from '../../ports/failure.ts';
import { remedyOfSystem } from '../../system-trouble.ts';

/** The last one in line, by path: two values over one log in one process wait for each other here. */
const lines = new Map<string, Promise<unknown>>();

/** Runs `work` alone. IO. @throws OperationError `ca-unavailable` (retry) when `signal` aborts or another process keeps the lock, and as `work` */
export async function alone<Value>(
  path: string,
  signal: AbortSignal,
  work: () => Promise<Value>,
): Promise<Value> {
  const before = lines.get(path) ?? Promise.resolve();
  const mine = before.then(async () => {
    const lock = await take(`${path}.lock`, signal);
    try {
      return await work();
    } finally {
      await release(`${path}.lock`, lock);
    }
  });
  lines.set(
    path,
    mine.catch(() => undefined),
  );
  return mine;
}

async function take(path: string, signal: AbortSignal): Promise<string> {
  const token = `${String(process.pid)} ${randomBytes(8).toString('hex')}`;
  // Counted, not timed: the clock of the machine may jump.
  const triesMax = Math.ceil(limits.ca.lockWaitMs / limits.ca.lockPauseMs);
  for (let tries = 0; tries < triesMax && !signal.aborted; tries++) {
    if (await placed(path, token)) return token;
    const left = await leftBehind(path);
    if (left === null) await setTimeout(limits.ca.lockPauseMs);
    else await takeAway(path, left);
  }
  throw unavailable(
    signal.aborted ? 'issuing was called off' : `another process holds ${path}; nothing was issued`,
  );
}

/** Made aside and linked: nobody ever sees a lock without its text. False: somebody else has it. */
async function placed(path: string, text: string): Promise<boolean> {
  const aside = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    await writeFile(aside, text, { flag: 'wx', mode: 0o600 });
    await link(aside, path);
    return true;
  } catch (cause) {
    if (isThere(cause)) return false;
    throw unavailable(`${path} cannot be made. ${remedyOfSystem(cause) ?? ''}`.trim(), cause);
  } finally {
    await rm(aside, { force: true });
  }
}

async function release(path: string, token: string): Promise<void> {
  if ((await textOf(path)) === token) await rm(path, { force: true });
}

/** The text of a lock whose process is gone, or is this one, which holds none while it asks, or that is older than any issuance takes; else null. */
async function leftBehind(path: string): Promise<string | null> {
  const text = await textOf(path);
  const made = await stat(path).catch(() => null);
  if (text === null || made === null) return null;
  const ageMs = Date.now() - made.mtimeMs;
  if (Math.abs(ageMs) > limits.ca.lockAgeMaxMs) return text;
  const pid = Number(/^(\d{1,10}) [0-9a-f]{16}$/.exec(text)?.[1] ?? Number.NaN);
  // Written by no version of ours: it may be anybody's.
  if (Number.isNaN(pid)) return null;
  return pid === process.pid || !isAlive(pid) ? text : null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Renamed first: of two who find it left behind only one takes it away. What turns out to be another's, made in between, is put back. */
async function takeAway(path: string, left: string): Promise<void> {
  const aside = `${path}.${randomBytes(8).toString('hex')}`;
  await rename(path, aside).catch(() => undefined);
  const taken = await textOf(aside);
  if (taken !== null && taken !== left) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function textOf(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}

function isThere(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
}

function unavailable(why: string, cause?: unknown): OperationError {
  return new OperationError('ca-unavailable', `the issuance log is not free: ${why}`, {
    scope: 'issuer',
    disposition: 'retry',
    cause,
  });
}

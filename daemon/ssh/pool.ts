/** Keeps one connection a host: reused, one command at a time, closed when idle or old. It knows nothing of what is run. */
import { createHash } from 'node:crypto';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Log } from '../ports/plugin.ts';
import {
  connect,
  type CommandResult,
  type RunOptions,
  type SshConnection,
  type SshDestination,
} from './connection.ts';
import { place } from './destination.ts';

export type { CommandResult, RunOptions, SshDestination } from './connection.ts';

export interface SshSession {
  /** As `SshConnection.run`. */
  readonly run: (words: readonly string[], options: RunOptions) => Promise<CommandResult>;
}

export interface SshPool {
  /** Runs `work` with a session at `destination`, alone: calls for one host wait for each other. @throws OperationError `ssh-*`, or what `work` throws */
  readonly withSession: <T>(
    destination: SshDestination,
    signal: AbortSignal,
    work: (session: SshSession) => Promise<T>,
  ) => Promise<T>;
  /** Ends every connection. */
  readonly close: () => Promise<void>;
}

interface Lane {
  /** The last call in line; the next waits for it. */
  last: Promise<unknown>;
  connection: SshConnection | null;
  openedAt: number;
  idle: NodeJS.Timeout | null;
}

/** Makes an empty pool. `now` is UTC epoch ms. */
export function createSshPool({ log, now }: { readonly log: Log; readonly now: () => number }): SshPool {
  const lanes = new Map<string, Lane>();

  const session = async (
    lane: Lane,
    destination: SshDestination,
    signal: AbortSignal,
  ): Promise<SshSession> => {
    if (lane.idle !== null) clearTimeout(lane.idle);
    lane.idle = null;
    if (
      lane.connection !== null &&
      (!lane.connection.isAlive() || now() - lane.openedAt > limits.ssh.ageMaxMs)
    ) {
      lane.connection.end();
      lane.connection = null;
    }
    if (lane.connection === null) {
      lane.connection = await connect(destination, signal);
      lane.openedAt = now();
      log.debug(
        { host: destination.host, port: destination.port, user: destination.user },
        'logged in over SSH',
      );
    }
    return lane.connection;
  };

  const rest = (key: string, lane: Lane, mine: Promise<unknown>): void => {
    if (lane.last !== mine) return;
    // A call that was aborted before its turn left the timer of the call before it running.
    if (lane.idle !== null) clearTimeout(lane.idle);
    lane.idle = setTimeout(() => {
      lane.connection?.end();
      lanes.delete(key);
    }, limits.ssh.idleMs);
    // An idle connection keeps no process alive.
    lane.idle.unref();
  };

  return {
    withSession: (destination, signal, work) => {
      const key = identity(destination);
      const lane = lanes.get(key) ?? { last: Promise.resolve(), connection: null, openedAt: 0, idle: null };
      lanes.set(key, lane);
      const before = lane.last;
      const mine = (async () => {
        await before.catch(() => undefined);
        if (signal.aborted) throw waitedTooLong(destination);
        return work(await session(lane, destination, signal));
      })();
      lane.last = mine;
      const settled = (): void => {
        rest(key, lane, mine);
      };
      mine.then(settled, settled);
      return unlessAborted(mine, signal, before, () => waitedTooLong(destination));
    },
    close: async () => {
      for (const lane of lanes.values()) {
        await lane.last.catch(() => undefined);
        if (lane.idle !== null) clearTimeout(lane.idle);
        lane.connection?.end();
      }
      lanes.clear();
    },
  };
}

/** `mine`, or a failure as soon as `signal` aborts while the call before it still runs; a call that has begun ends by itself. */
function unlessAborted<T>(
  mine: Promise<T>,
  signal: AbortSignal,
  before: Promise<unknown>,
  failure: () => OperationError,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(failure());
    };
    const begun = (): void => {
      signal.removeEventListener('abort', onAbort);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    before.then(begun, begun);
    mine.then(resolve, reject);
  });
}

function waitedTooLong(destination: SshDestination): OperationError {
  return new OperationError(
    'ssh-timeout',
    `the call for ${place(destination)} was given up while another one had the connection; nothing was done`,
    { disposition: 'retry' },
  );
}

/** Two destinations share a connection only when everything about them is the same. Secrets enter as digests. */
function identity({ host, port, user, hostKeys, auth, jump }: SshDestination): string {
  const login =
    'agentSocket' in auth
      ? `agent ${auth.agentSocket}`
      : 'key' in auth
        ? `key ${digest(auth.key.reveal())}`
        : `password ${digest(auth.password.reveal())}`;
  return JSON.stringify([host, port, user, hostKeys, login, jump === null ? null : identity(jump)]);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

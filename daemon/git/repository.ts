/**
 * One Git repository, wherever it is: what its branches are, what changed, what files say, and one signed commit at a time. Trees are
 * never checked out, nothing in them is run or followed, and no branch is ever forced.
 */
import { resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { GitSshConnect } from '../ports/git-ssh.ts';
import type { Log } from '../ports/plugin.ts';
import type { Backend } from './backend.ts';
import type { Commit } from './commit.ts';
import type { History } from './graph.ts';
import { entryAt, readCommit, readOnLine, treeIdOf, walkBranch } from './history.ts';
import { createHttpTransport, type HttpAccess } from './http-transport.ts';
import { openLocal } from './local.ts';
import { openMirror } from './mirror.ts';
import { corrupt, isOid } from './object.ts';
import { publishCommit, type PublishOutcome, type PublishRequest } from './publish.ts';
import {
  beginnings,
  commitsBetween,
  independent,
  isAncestor,
  mergeBase,
  mergeBases,
  wayBetween,
  type ParentChoice,
} from './ranges.ts';
import { resolveRevision } from './revision.ts';
import { createSshTransport } from './ssh-transport.ts';
import { parseAddress, type Transport } from './transport.ts';
import { diffTrees, type JudgedTrees, type TreeEntryChange } from './tree-diff.ts';

export type { Commit, Commit as LoggedCommit, Person } from './commit.ts';
export type { CommitSigner, PublishOutcome, PublishRequest } from './publish.ts';
export type { TreeEntryChange } from './tree-diff.ts';

/** Every method throws OperationError `git-*` for trouble with the repository; a damaged mirror is fetched anew once before that. */
export interface Repository {
  /** Where its objects are on this machine: another process may open this path to read what was fetched. */
  readonly directory: string;
  /**
   * Object ids of those of `wanted` (full names, `HEAD`) that are there, however many others there are. Where the first of them is not, also others, up to
   * `limits.git.refsMax`: they say what there is instead. One cheap round trip, at most two; nothing is fetched.
   */
  readonly advertise: (
    signal: AbortSignal,
    wanted?: readonly string[],
  ) => Promise<ReadonlyMap<string, string>>;
  /** Brings what the references lead to now into the mirror. Safe to repeat. Throws `git-unavailable` for one that is not there. */
  readonly fetch: (refs: readonly string[], signal: AbortSignal) => Promise<void>;
  /**
   * Files that differ between two commits, below the prefixes (none: all). `from` null, or no longer in the repository: everything at `to`.
   * `judged`: the trees of `to` that are opened must keep to the grammar of Git (`git fsck --strict`), `both judged`: those of `from` too; whether the commits do is for who judges them to ask. @throws OperationError `git-malformed`, `git-too-large`
   */
  readonly changes: (
    from: string | null,
    to: string,
    prefixes: readonly string[],
    trees?: JudgedTrees,
  ) => Promise<readonly TreeEntryChange[]>;
  /** Reads many blobs in the order of the disk; `visit` is called once for each. The bytes may be kept. */
  readonly readBlobs: (
    oids: readonly string[],
    visit: (oid: string, bytes: Uint8Array) => void,
  ) => Promise<void>;
  /** The bytes of a file at a commit; null when it is not there or no regular file (links are not followed). */
  readonly readFile: (commit: string, path: string) => Promise<Uint8Array | null>;
  /** Whether an object was fetched. A server of several replicas may name a commit in one answer and not send it in the next. */
  readonly has: (oid: string) => boolean;
  /** Whether `descendant` is `ancestor` or comes after it. False when either is unknown. */
  readonly isAncestor: (ancestor: string, descendant: string) => Promise<boolean>;
  /** The commit a revision names (branch, tag, id, beginning of an id, with `^` and `~n`); null when there is none. */
  readonly resolve: (revision: string, signal: AbortSignal) => Promise<string | null>;
  /** Ids of the commits that `to` has and none of `from` has, by ancestry alone: `to` first, each before its parents. Throws `git-incomplete` where the history is cut. */
  readonly commitsBetween: (from: readonly string[], to: string) => Promise<readonly string[]>;
  /** The way a branch went from `from` to `to`, oldest first, each commit a child of the one before; null when `from` is not in the past of `to`. */
  readonly way: (
    from: string | null,
    to: string,
    choose: ParentChoice,
    newest?: number,
  ) => Promise<readonly string[] | null>;
  /** Those of these commits that are in the past of none of the others. */
  readonly independent: (oids: readonly string[]) => Promise<readonly string[]>;
  /** Where the history of a commit begins: its commits without parents. Reads all of it. */
  readonly beginnings: (to: string) => Promise<readonly string[]>;
  /** A best common ancestor of both; null for histories with nothing in common. Throws `git-incomplete` where the history is cut. */
  readonly mergeBase: (one: string, other: string) => Promise<string | null>;
  /** Every best common ancestor of all of them. Throws `git-incomplete` where the history is cut. */
  readonly mergeBases: (commits: readonly string[]) => Promise<readonly string[]>;
  readonly commit: (oid: string) => Promise<Commit>;
  /** As `commit`; of a malformed one only its tree and its parents. */
  readonly commitOnLine: (oid: string) => Promise<Commit>;
  /** The raw commit, for verifying its signature. */
  readonly rawCommit: (oid: string) => Promise<Uint8Array>;
  /** The branch as it grew, newest first, by first parents, from a fetched reference (full name) or an id. For showing: where the history is cut it ends. */
  readonly log: (from: string, options: { readonly maxCount: number }) => Promise<readonly Commit[]>;
  /** Asks whether a push to `ref` would be let in, and pushes nothing. IO. Rules that a server only applies to a push itself (protected branches, hooks) show when it comes. @throws OperationError `git-auth`, `git-push-denied`, `git-unavailable` */
  readonly mayPush: (ref: string, signal: AbortSignal) => Promise<void>;
  /** The tip of `ref` as the side of the server that takes pushes has it, null for none: never an older one than it would compare with. IO; pushes nothing. @throws OperationError as `mayPush` */
  readonly pushTip: (ref: string, signal: AbortSignal) => Promise<string | null>;
  /** Makes one commit by compare-and-swap, tried again on a lost race. Equal bytes make none. */
  readonly publish: (request: PublishRequest, signal: AbortSignal) => Promise<PublishOutcome>;
  readonly close: () => Promise<void>;
}

export interface RepositoryOptions {
  /** https://, http://, ssh://, `user@host:path`, file:// or a path. */
  readonly url: string;
  /** Of the mirror, below the data directory. Not used for a repository on this machine. */
  readonly directory: string;
  /** It was used before: one on this machine that is away is opened once it is back, and is away until then. A server is only asked when it is needed. Absent: it was not. */
  readonly wasThere?: boolean;
  readonly http?: HttpAccess;
  readonly ssh?: { readonly connect: GitSshConnect };
  /** UTC epoch ms. */
  readonly now: () => number;
  readonly log?: Log;
}

/**
 * Opens a repository. IO: the mirror's directory, or the repository itself when it is on this machine; no network.
 * @throws OperationError `unsupported` (address, SHA-256, reftable), `git-unavailable` (no repository at the path, and it was not there before), `git-auth` (token in clear)
 */
export async function openRepository(options: RepositoryOptions): Promise<Repository> {
  const log = options.log ?? null;
  const address = parseAddress(options.url);
  if (address.kind === 'local') {
    const { wasThere = false } = options;
    return repositoryOn(openLocal(address.path, { wasThere }), resolve(address.path), log);
  }
  let transport: Transport;
  if (address.kind === 'http') {
    transport = createHttpTransport(address.url, options.http ?? null, options.now);
  } else {
    if (options.ssh === undefined) {
      throw new OperationError('unsupported', `${options.url} needs SSH, which is not set up here`, {
        disposition: 'stall',
        endsWhen: ['configuration'],
      });
    }
    transport = createSshTransport(address.location, options.ssh.connect);
  }
  return repositoryOn(await openMirror(transport, options.directory, log), resolve(options.directory), log);
}

function repositoryOn(backend: Backend, directory: string, log: Log | null): Repository {
  let queue: Promise<unknown> = Promise.resolve();
  /** One change of the mirror at a time; a failure does not stop the next. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };
  /** A damaged mirror is a cache that is thrown away once; a second failure is the server's, and a damaged repository is nobody's cache. */
  const healing = async <T>(work: () => T | Promise<T>, signal?: AbortSignal): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const renew = backend.renew;
      if (!(error instanceof OperationError) || error.code !== 'git-corrupt' || renew === null) throw error;
      log?.warn({ place: backend.place, reason: error.message }, 'the mirror is damaged: fetching it anew');
      await inTurn(() => renew(signal ?? AbortSignal.timeout(limits.git.transferTimeoutMs)));
      return work();
    }
  };
  const history = (): History => ({ store: backend.store(), shallow: () => backend.shallow() });
  const treeOf = (commit: string): string => treeIdOf(backend.store(), commit);

  return {
    directory,
    advertise: (signal, wanted = []) => backend.advertise(signal, wanted),
    fetch: (refs, signal) => healing(() => inTurn(() => backend.fetch(refs, signal)), signal),
    changes: (from, to, prefixes, trees) =>
      healing(() => {
        const known = from !== null && backend.store().has(from);
        if (from !== null && !known) log?.warn({ from }, 'a commit is gone; everything counts as changed');
        return diffTrees(backend.store(), known ? treeOf(from) : null, treeOf(to), prefixes, trees);
      }),
    readBlobs: async (oids, visit) => {
      const left = new Set(oids);
      await healing(() => readInOrder(backend, left, visit));
    },
    readFile: (commit, path) =>
      healing(() => {
        const entry = entryAt(backend.store(), treeOf(commit), path);
        if (entry === null || !entry.mode.startsWith('100')) return null;
        return backend.store().require(entry.oid, 'blob');
      }),
    has: (oid) => backend.store().has(oid),
    isAncestor: (ancestor, descendant) => healing(() => isAncestor(history(), ancestor, descendant)),
    resolve: (revision, signal) => healing(() => resolveRevision(backend, revision, signal)),
    commitsBetween: (from, to) => healing(() => commitsBetween(history(), from, to)),
    way: (from, to, choose, newest) => healing(() => wayBetween(history(), from, to, choose, newest)),
    commitOnLine: (oid) => healing(() => readOnLine(backend.store(), oid)),
    independent: (oids) => healing(() => independent(history(), oids)),
    beginnings: (to) => healing(() => beginnings(history(), to)),
    mergeBase: (one, other) => healing(() => mergeBase(history(), one, other)),
    mergeBases: (commits) => healing(() => mergeBases(history(), commits)),
    commit: (oid) => healing(() => readCommit(backend.store(), oid)),
    rawCommit: (oid) => healing(() => backend.store().require(oid, 'commit')),
    log: (from, { maxCount }) =>
      healing(() => {
        const oid = isOid(from) ? from : backend.resolve(from);
        if (oid === null) throw corrupt(`${from} was not fetched`);
        return walkBranch(history(), oid).take(maxCount).toArray();
      }),
    mayPush: async (ref, signal) => {
      (await backend.openPush(ref, signal)).close();
    },
    pushTip: async (ref, signal) => {
      const session = await backend.openPush(ref, signal);
      session.close();
      return session.tip;
    },
    publish: (request, signal) =>
      healing(() => inTurn(() => publishCommit(backend, request, signal)), signal),
    close: async () => {
      await queue;
      backend.close();
    },
  };
}

async function readInOrder(
  backend: Backend,
  left: Set<string>,
  visit: (oid: string, bytes: Uint8Array) => void,
): Promise<void> {
  const store = backend.store();
  let read = 0;
  for (const oid of store.inReadingOrder([...left])) {
    const bytes = store.require(oid, 'blob');
    left.delete(oid);
    visit(oid, bytes);
    if (++read % limits.git.readsPerSlice === 0) await nextTurn();
  }
}

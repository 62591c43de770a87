/**
 * A repository on this machine, read and written in place: bare, with a work tree, or a linked work tree. It runs no hooks and moves
 * no checked-out branch: it refuses instead.
 */
import { accessSync, constants, existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { OperationError } from '../ports/failure.ts';
import { isOfTheSystem, remedyOfSystem } from '../system-trouble.ts';
import type { Backend } from './backend.ts';
import { readLocalConfig } from './local-config.ts';
import { isMissing, openObjectStore, type ObjectStore } from './object-store.ts';
import { storePack } from './pack-file.ts';
import { readRefs, resolveRef, swapRef } from './refs.ts';
import { partialUnsupported, sha256Unsupported, unsupported } from './unsupported.ts';

/**
 * Opens the repository at a path. IO, read-only. `wasThere`: it was used before, so that one that is away now is opened as soon as it is back, and is never taken for a path where one is still to be
 * made. @throws OperationError `git-unavailable` (never where it was there), `unsupported`, as does whatever is asked of it later
 */
export function openLocal(path: string, { wasThere = false } = {}): Backend {
  const named = namingTrouble(path);
  const openNow = (): Backend => named(() => open(path, named, wasThere ? away : neverThere));
  try {
    return openNow();
  } catch (error) {
    if (!wasThere || !(error instanceof OperationError) || error.code !== 'git-unavailable') throw error;
    return onceBack(path, openNow);
  }
}

/** A repository that is away: whatever is asked of it looks for it again, and says that it is away until it is there. */
function onceBack(path: string, open: () => Backend): Backend {
  let opened: Backend | null = null;
  const there = (): Backend => (opened ??= open());
  return {
    place: path,
    store: () => there().store(),
    shallow: () => there().shallow(),
    advertise: async (signal, wanted) => there().advertise(signal, wanted),
    fetch: async (refs, signal) => there().fetch(refs, signal),
    resolve: (ref) => there().resolve(ref),
    openPush: async (ref, signal) => there().openPush(ref, signal),
    renew: null,
    close: () => opened?.close(),
  };
}

function away(path: string): OperationError {
  return new OperationError(
    'git-unavailable',
    `there is no Git repository at ${path} any more, or it may not be read. If its disk or share is away, this passes by itself; if it was moved, name its new place (--repo)`,
    { disposition: 'retry' },
  );
}

function neverThere(path: string): OperationError {
  return new OperationError(
    'git-unavailable',
    `${path} is no Git repository and stands in none; name one (--repo), or make one with git init`,
    { disposition: 'retry' },
  );
}

/**
 * The remotes of the repository at a path that are set up to bring branches and not this one (`git clone --single-branch`): whether they have it cannot be told from here.
 * IO, reads the configuration. @throws OperationError `git-unavailable`
 */
export function remotesWithout(path: string, ref: string): readonly string[] {
  return namingTrouble(path)(() => {
    const config = readLocalConfig(join(commonDirectory(findGitDirectory(resolve(path))), 'config'));
    return [...config].flatMap(([name, refspec]) => {
      const remote = /^remote\.(.+)\.fetch$/.exec(name)?.[1];
      const source = refspec.replace(/^\+/, '').split(':')[0] ?? '';
      const isBrought = source.endsWith('*') ? ref.startsWith(source.slice(0, -1)) : source === ref;
      return remote === undefined || isBrought ? [] : [remote];
    });
  });
}

type Naming = <T>(work: () => T) => T;

/** Whatever the system says while the repository is read (no right, a disk that fails) is trouble with the repository, and never the end of the process. */
function namingTrouble(path: string): Naming {
  return (work) => {
    try {
      return work();
    } catch (error) {
      if (error instanceof OperationError || !isOfTheSystem(error)) throw error;
      throw new OperationError(
        'git-unavailable',
        `${path} cannot be read: ${error.message}. ${remedyOfSystem(error) ?? 'Check it.'}`,
        { disposition: 'retry', cause: error },
      );
    }
  };
}

function open(path: string, named: Naming, missing: typeof away): Backend {
  const gitDirectory = findGitDirectory(resolve(path), missing);
  const common = commonDirectory(gitDirectory);
  const config = readLocalConfig(join(common, 'config'));
  refuseUnsupported(path, config);
  const objects = join(common, 'objects');
  // What is away shows no references and no objects, which must not be taken for a repository that was emptied.
  const mustBeThere = (): void => {
    if (existsSync(join(gitDirectory, 'HEAD')) && existsSync(objects)) return;
    throw away(path);
  };
  const store = whileThere(namingPartial(openObjectStore(objects), path, config), mustBeThere);
  const advertise = (wanted: readonly string[]): Map<string, string> => {
    mustBeThere();
    const named = new Map<string, string>();
    for (const ref of wanted) {
      const oid = ref === 'HEAD' ? resolveRef(gitDirectory, ref) : resolveRef(common, ref);
      if (oid !== null) named.set(ref, oid);
    }
    if (named.has(wanted[0] ?? '')) return named;
    const refs = new Map([...readRefs(common), ...named]);
    const head = resolveRef(gitDirectory, 'HEAD') ?? resolveHeadIn(gitDirectory, refs);
    if (head !== null) refs.set('HEAD', head);
    return refs;
  };
  return {
    place: path,
    store: () => store,
    shallow: () => named(() => readShallow(common)),
    advertise: async (_signal, wanted) => Promise.resolve(named(() => advertise(wanted))),
    fetch: async (refs) => {
      mustBeThere();
      for (const ref of refs) {
        if (named(() => resolveRef(common, ref)) === null) return Promise.reject(noSuchRef(path, ref));
      }
      return Promise.resolve();
    },
    resolve: (ref) =>
      named(() => (ref === 'HEAD' ? (advertise(['HEAD']).get('HEAD') ?? null) : resolveRef(common, ref))),
    openPush: async (ref) => {
      const tip = named(() => {
        mustBeThere();
        refuseUnwritable(objects, path);
        refuseCheckedOut(common, config, ref);
        refuseHooks(common, config, path);
        return resolveRef(common, ref);
      });
      return Promise.resolve({
        tip,
        push: async (commit, pack) => {
          await storePack(objects, pack, true);
          await swapRef(common, ref, tip, commit);
        },
        close: () => undefined,
      });
    },
    renew: null,
    close: store.close,
  };
}

function refuseUnwritable(objects: string, path: string): void {
  try {
    accessSync(objects, constants.W_OK);
  } catch (cause) {
    throw new OperationError(
      'git-push-denied',
      `${path} may not be written by this user; give renewd write access to the repository, or a repository of its own`,
      { disposition: 'retry', cause },
    );
  }
}

/** The failure for a reference that is not on the server or in the repository. */
export function noSuchRef(place: string, ref: string): OperationError {
  return new OperationError('git-unavailable', `${place} has no ${ref}; push it or name another branch`, {
    disposition: 'retry',
  });
}

/** gitrepository-layout: `.git` is a folder, or a file that names one; a bare repository is the folder itself. */
function findGitDirectory(path: string, missing = neverThere): string {
  const dotGit = join(path, '.git');
  const found = statSync(dotGit, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return dotGit;
  if (found?.isFile() === true) {
    const target = /^gitdir: (.+)$/m.exec(readFileSync(dotGit, 'utf8'))?.[1]?.trim();
    if (target !== undefined) return resolve(path, target);
  }
  if (
    existsSync(join(path, 'HEAD')) &&
    (existsSync(join(path, 'objects')) || existsSync(join(path, 'commondir')))
  ) {
    return path;
  }
  throw missing(path);
}

function commonDirectory(gitDirectory: string): string {
  const file = join(gitDirectory, 'commondir');
  return existsSync(file) ? resolve(gitDirectory, readFileSync(file, 'utf8').trim()) : gitDirectory;
}

/** In a linked work tree HEAD is its own, the branch it names stands in the common directory. */
function resolveHeadIn(gitDirectory: string, refs: ReadonlyMap<string, string>): string | null {
  const branch = headBranch(gitDirectory);
  return branch === null ? null : (refs.get(branch) ?? null);
}

function headBranch(gitDirectory: string): string | null {
  try {
    return /^ref: (\S+)$/m.exec(readFileSync(join(gitDirectory, 'HEAD'), 'utf8'))?.[1] ?? null;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** gitformat: the file `shallow` lists commits whose parents were left out. IO. */
export function readShallow(directory: string): ReadonlySet<string> {
  const path = join(directory, 'shallow');
  if (!existsSync(path)) return new Set();
  return new Set(
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== ''),
  );
}

function refuseUnsupported(path: string, config: ReadonlyMap<string, string>): void {
  const format = config.get('extensions.objectformat') ?? 'sha1';
  if (format !== 'sha1') throw sha256Unsupported(path);
  const storage = config.get('extensions.refstorage') ?? 'files';
  if (storage !== 'files')
    throw unsupported(
      `${path} keeps its references as ${storage}; convert it with git refs migrate --ref-format=files, or give its address as ssh:// or https://`,
    );
}

/** The store of a partial clone: what is missing there is no damage, and is said as what it is. */
function namingPartial(store: ObjectStore, path: string, config: ReadonlyMap<string, string>): ObjectStore {
  const isPartial =
    config.has('extensions.partialclone') ||
    [...config].some(([key, value]) => /^remote\..*\.promisor$/.test(key) && value !== 'false');
  if (!isPartial) return store;
  return {
    ...store,
    require: (oid, type) => {
      try {
        return store.require(oid, type);
      } catch (error) {
        throw store.read(oid) === null ? partialUnsupported(path) : error;
      }
    },
  };
}

/** An object is missing only where the repository itself is there. */
function whileThere(store: ObjectStore, mustBeThere: () => void): ObjectStore {
  return {
    ...store,
    read: (oid) => {
      const found = store.read(oid);
      if (found === null) mustBeThere();
      return found;
    },
    require: (oid, type) => {
      try {
        return store.require(oid, type);
      } catch (error) {
        mustBeThere();
        throw error;
      }
    },
    has: (oid) => {
      const found = store.has(oid);
      if (!found) mustBeThere();
      return found;
    },
  };
}

/** As `receive.denyCurrentBranch` of git: a moved checked-out branch would show all its changes as undone in that work tree. */
function refuseCheckedOut(common: string, config: ReadonlyMap<string, string>, ref: string): void {
  const policy = config.get('receive.denycurrentbranch') ?? 'refuse';
  if (ref === 'refs/heads/renewd/state' || ['ignore', 'warn', 'false', 'no', '0'].includes(policy)) return;
  const places = entries(join(common, 'worktrees')).map((name) => join(common, 'worktrees', name));
  if (config.get('core.bare') !== 'true') places.unshift(common);
  const where = places.find((place) => headBranch(place) === ref);
  if (where === undefined) return;
  const tree = where === common ? dirname(common) : worktreePath(where);
  throw new OperationError(
    'git-push-denied',
    `${ref} is checked out in ${tree}; check out another branch there, use a bare repository, or set state.branch`,
    { disposition: 'stall', endsWhen: ['repository'] },
  );
}

function worktreePath(place: string): string {
  const file = join(place, 'gitdir');
  return existsSync(file) ? dirname(readFileSync(file, 'utf8').trim()) : place;
}

/** A push would run these; we write in place and run nothing, so a repository that guards itself with them is refused. */
function refuseHooks(common: string, config: ReadonlyMap<string, string>, path: string): void {
  const directory = resolve(common, config.get('core.hookspath') ?? 'hooks');
  for (const name of ['pre-receive', 'update', 'reference-transaction']) {
    try {
      accessSync(join(directory, name), constants.X_OK);
    } catch {
      continue;
    }
    throw new OperationError(
      'git-push-denied',
      `${path} guards its branches with the hook ${name}, which a local path does not run; give its address as ssh:// or https://`,
      { disposition: 'stall', endsWhen: ['repository'] },
    );
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

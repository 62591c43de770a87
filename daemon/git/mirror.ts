/** A bare mirror of a server's repository: a cache in the data directory, thrown away when it is damaged or belongs to another address. */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Log } from '../ports/plugin.ts';
import type { Backend, PushSession } from './backend.ts';
import { fetchPack } from './fetch.ts';
import { treeIdOf } from './history.ts';
import { noSuchRef, readShallow } from './local.ts';
import { openObjectStore, type ObjectStore } from './object-store.ts';
import { joinPacks, verifyNewPacks } from './pack-join.ts';
import { storePack } from './pack-file.ts';
import { pushPack } from './receive-pack.ts';
import { readRefs, resolveRef } from './refs.ts';
import type { Session, Transport } from './transport.ts';
import { makeDirectory } from '../make-directory.ts';

/** Opens (or makes) the mirror at `directory` for a transport. IO: the directory. Nothing is fetched yet. */
export async function openMirror(transport: Transport, directory: string, log: Log | null): Promise<Backend> {
  await prepare(directory, transport.place, log);
  const objects = join(directory, 'objects');
  let store = await openOrAnew(directory, transport.place, log);
  const fetched = new Set<string>();

  const discard = async (): Promise<void> => {
    store.close();
    await throwAway(directory);
    await prepare(directory, transport.place, log);
    store = openObjectStore(objects);
  };
  const fetchOne = async (ref: string, signal: AbortSignal): Promise<void> => {
    const session = await transport.open('git-upload-pack', ref, signal);
    try {
      const oid = session.advertisement.refs.get(ref);
      if (oid === undefined) throw noSuchRef(transport.place, ref);
      await bring(session, ref, oid);
      fetched.add(ref);
    } finally {
      session.close();
    }
  };
  const bring = async (session: Session, ref: string, oid: string): Promise<void> => {
    const localRef = mirrorRef(ref);
    if (!store.has(oid)) {
      const tips = [...readRefs(directory).values()].filter((each) => store.has(each));
      await fetchPack({
        objects,
        session,
        oid,
        haves: [...new Set(tips)],
        shallow: readShallow(directory),
        place: transport.place,
      });
      await verifyNewPacks(objects);
      await rememberShallow(directory, session.advertisement.shallow);
    }
    // Both must be readable, or what follows would stand on sand.
    store.require(treeIdOf(store, oid), 'tree');
    await writeRef(directory, localRef, oid);
    if (store.packCount() > limits.git.mirrorPacksMax) {
      store.close();
      await joinPacks(objects);
      store = openObjectStore(objects);
    }
  };
  const fetch = async (refs: readonly string[], signal: AbortSignal): Promise<void> => {
    for (const ref of refs) await fetchOne(ref, signal);
  };
  const openPush = async (ref: string, signal: AbortSignal): Promise<PushSession> => {
    const session = await transport.open('git-receive-pack', ref, signal);
    const tip = session.advertisement.refs.get(ref) ?? null;
    return {
      tip,
      push: async (commit, pack) => {
        await pushPack(session, { ref, old: tip, next: commit }, pack.pack, transport.place);
        await storePack(objects, pack, false);
        await writeRef(directory, mirrorRef(ref), commit);
        fetched.add(ref);
      },
      close: session.close,
    };
  };
  return {
    place: transport.place,
    store: () => store,
    shallow: () => readShallow(directory),
    advertise: (signal, wanted) => transport.listRefs(wanted, signal),
    fetch,
    resolve: (ref) => resolveRef(directory, mirrorRef(ref)),
    openPush,
    renew: async (signal) => {
      await discard();
      await fetch([...fetched], signal);
    },
    close: () => {
      store.close();
      transport.close();
    },
  };
}

/** A server that is a shallow clone says where its history ends; so does then our mirror of it. */
async function rememberShallow(directory: string, commits: ReadonlySet<string>): Promise<void> {
  if (commits.size === 0) return;
  const all = new Set([...readShallow(directory), ...commits]);
  await writeWhole(join(directory, 'shallow'), `${[...all].join('\n')}\n`);
}

/** A mirror that cannot even be opened is made anew: it is only a cache. */
async function openOrAnew(directory: string, place: string, log: Log | null): Promise<ObjectStore> {
  const objects = join(directory, 'objects');
  try {
    return openObjectStore(objects);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    log?.warn({ place, reason: error.message }, 'the mirror is damaged: fetching it anew');
    await throwAway(directory);
    await prepare(directory, place, log);
    return openObjectStore(objects);
  }
}

function mirrorRef(ref: string): string {
  return ref.startsWith('refs/heads/')
    ? `refs/remotes/origin/${ref.slice('refs/heads/'.length)}`
    : `refs/mirror/${ref.replace(/^refs\//, '')}`;
}

/** Makes the directory a bare repository of this address, unless it is one. Another address: the old mirror goes. */
async function prepare(directory: string, place: string, log: Log | null): Promise<void> {
  const mark = createHash('sha256').update(place).digest('hex');
  const config = join(directory, 'config');
  if (existsSync(config)) {
    if (readFileSync(config, 'utf8').includes(mark)) return;
    log?.info({ place }, 'the mirror is of another repository; it is made anew');
    await throwAway(directory);
  }
  for (const folder of ['objects/pack', 'objects/info', 'refs/heads', 'refs/remotes/origin']) {
    makeDirectory(join(directory, folder), 0o700);
  }
  await writeWhole(join(directory, 'HEAD'), 'ref: refs/heads/none\n');
  await writeWhole(
    config,
    [
      '# A cache of renewd: may be deleted at any time.',
      '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true',
      '[remote "origin"]\n\tfetch = +refs/heads/*:refs/remotes/origin/*',
      `[renewd]\n\tmirror = ${mark}\n`,
    ].join('\n'),
  );
}

/** Out of the way first, in one step, then removed: a crash leaves no half mirror under the real name. */
async function throwAway(directory: string): Promise<void> {
  const aside = `${directory}.discarded-${randomUUID()}`;
  await rename(directory, aside);
  await rm(aside, { recursive: true, force: true });
}

async function writeRef(directory: string, name: string, oid: string): Promise<void> {
  const path = join(directory, name);
  makeDirectory(dirname(path));
  await writeWhole(path, `${oid}\n`);
}

async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}

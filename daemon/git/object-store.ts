/** All objects of one repository: packs, loose objects and alternates, read-only. Each object's bytes are checked against its id. */
import { keyOf } from '../core/same.ts';
import { closeSync, existsSync, openSync, readFileSync, readSync, readdirSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { inflateSync } from 'node:zlib';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import {
  corrupt,
  emptyTreeOid,
  malformed,
  readingFiles,
  objectOid,
  type GitObject,
  type ObjectType,
} from './object.ts';
import { inflateBeginning, openPack, type Pack } from './pack.ts';

export interface ObjectStore {
  /** null: not here. @throws OperationError `git-corrupt` */
  readonly read: (oid: string) => GitObject | null;
  /**
   * As `read`, and of an object over the bound its first `limits.git.commitMaxBytes` bytes, which are not checked against its id: enough for the parents of a commit.
   * @throws OperationError `git-corrupt`; `git-malformed` for a delta that makes one over the bound
   */
  readonly begin: (oid: string) => GitObject | null;
  /** Reads one that must be there and of this type. @throws OperationError `git-corrupt` */
  readonly require: (oid: string, type: ObjectType) => Buffer;
  readonly has: (oid: string) => boolean;
  /** Ids in the order of the disk, so that a bulk read goes forward through each pack. */
  readonly inReadingOrder: (oids: readonly string[]) => string[];
  /** How many packs stand in the repository's own directory. */
  readonly packCount: () => number;
  readonly close: () => void;
}

/** Opens `objectsDirectory` (`.git/objects`) and its alternates. IO; holds pack files open until `close`. */
export function openObjectStore(objectsDirectory: string): ObjectStore {
  const directories = readingFiles(objectsDirectory, () => withAlternates(objectsDirectory));
  const packs = new Map<string, Pack>();
  let seen = '';

  /** Looks for packs that came or went since; true when the list changed. */
  const rescan = (): boolean => readingFiles(objectsDirectory, scan);
  const scan = (): boolean => {
    const found = directories.flatMap(packBases);
    const key = keyOf(...found);
    if (key === seen) return false;
    seen = key;
    const wanted = new Set(found);
    for (const [base, pack] of packs) {
      if (wanted.has(base)) continue;
      pack.close();
      packs.delete(base);
    }
    for (const base of found) if (!packs.has(base)) packs.set(base, openPack(base, read));
    return true;
  };
  const locate = (oid: string): { pack: Pack; offset: number } | null => {
    for (const pack of packs.values()) {
      const offset = pack.index.find(oid);
      if (offset !== null) return { pack, offset };
    }
    return null;
  };
  const readOnce = (oid: string): GitObject | null =>
    readingFiles(`object ${oid} in ${objectsDirectory}`, () => readIt(oid));
  const readIt = (oid: string): GitObject | null => {
    const place = locate(oid);
    if (place !== null) return place.pack.read(place.offset);
    for (const directory of directories) {
      const object = readLoose(directory, oid);
      if (object !== null) return object;
    }
    return null;
  };
  function read(oid: string): GitObject | null {
    if (oid === emptyTreeOid) return { type: 'tree', bytes: Buffer.alloc(0) };
    // A repack or another writer may have moved it since the last look.
    const object = readOnce(oid) ?? (rescan() ? readOnce(oid) : null);
    if (object !== null && objectOid(object.type, object.bytes) !== oid) {
      throw corrupt(`object ${oid} in ${objectsDirectory} is damaged`);
    }
    return object;
  }
  const begin = (oid: string): GitObject | null => {
    try {
      return read(oid);
    } catch (error) {
      if (!(error instanceof OperationError) || error.code !== 'git-malformed') throw error;
      return readingFiles(`object ${oid} in ${objectsDirectory}`, () => {
        const place = locate(oid);
        if (place !== null) return place.pack.begin(place.offset);
        const found = directories.values().map((each) => beginLoose(each, oid));
        return found.find((each) => each !== null) ?? null;
      });
    }
  };
  const require = (oid: string, type: ObjectType): Buffer => {
    const object = read(oid);
    if (object === null) throw corrupt(`object ${oid} is missing in ${objectsDirectory}`);
    if (object.type !== type) throw malformed(`object ${oid} is a ${object.type}, not a ${type}`);
    return object.bytes;
  };
  rescan();
  return {
    read,
    begin,
    require,
    has: (oid) =>
      readingFiles(`object ${oid} in ${objectsDirectory}`, () =>
        readOrLocate(oid, locate, rescan, directories),
      ),
    inReadingOrder: (oids) => {
      const order = new Map([...packs.values()].map((pack, position) => [pack, position]));
      return oids
        .map((oid) => {
          const place = readingFiles(objectsDirectory, () => locate(oid));
          return place === null
            ? { oid, pack: -1, offset: 0 }
            : { oid, pack: order.get(place.pack) ?? -1, offset: place.offset };
        })
        .sort((a, b) => a.pack - b.pack || a.offset - b.offset)
        .map(({ oid }) => oid);
    },
    packCount: () => {
      rescan();
      return packs.size;
    },
    close: () => {
      for (const pack of packs.values()) pack.close();
      packs.clear();
      seen = '';
    },
  };
}

function readOrLocate(
  oid: string,
  locate: (oid: string) => unknown,
  rescan: () => boolean,
  directories: readonly string[],
): boolean {
  if (oid === emptyTreeOid || locate(oid) !== null) return true;
  if (directories.some((directory) => existsSync(loosePath(directory, oid)))) return true;
  return rescan() && locate(oid) !== null;
}

function packBases(directory: string): string[] {
  let names: string[];
  try {
    names = readdirSync(join(directory, 'pack'));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  const all = new Set(names);
  return names
    .filter((name) => name.endsWith('.idx') && all.has(`${name.slice(0, -4)}.pack`))
    .sort()
    .map((name) => join(directory, 'pack', name.slice(0, -4)));
}

/** gitrepository-layout, `objects/info/alternates`: one directory a line, relative to the objects directory; they may nest. */
function withAlternates(first: string): string[] {
  const directories = [first];
  for (const directory of directories) {
    const file = join(directory, 'info', 'alternates');
    if (!existsSync(file)) continue;
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      const other = isAbsolute(line) ? line : resolve(directory, line);
      if (!directories.includes(other)) directories.push(other);
    }
    if (directories.length > 32) throw corrupt(`${first} has more than 32 alternates`);
  }
  return directories;
}

function loosePath(directory: string, oid: string): string {
  return join(directory, oid.slice(0, 2), oid.slice(2));
}

function readLoose(directory: string, oid: string): GitObject | null {
  const path = loosePath(directory, oid);
  let packed: Buffer;
  try {
    if (statSync(path).size > limits.git.objectMaxBytes) {
      throw malformed(`object ${oid} is over the bound of one object`);
    }
    packed = readFileSync(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  let raw: Buffer;
  try {
    raw = inflateSync(packed, { maxOutputLength: limits.git.objectMaxBytes + 64 });
  } catch (cause) {
    // A new copy would be as large: it is what somebody pushed, and no damage.
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE')
      throw malformed(`object ${oid} is over the bound of one object`);
    throw corrupt(`${path} cannot be inflated`, cause);
  }
  const zero = raw.indexOf(0);
  const match = /^(commit|tree|blob|tag) (\d{1,15})$/.exec(raw.toString('latin1', 0, Math.max(zero, 0)));
  const bytes = raw.subarray(zero + 1);
  if (match === null || Number(match[2]) !== bytes.length) throw corrupt(`${path} is damaged`);
  return { type: match[1] as ObjectType, bytes };
}

/** The beginning of a loose object of any size. */
function beginLoose(directory: string, oid: string): GitObject | null {
  let file: number;
  try {
    file = openSync(loosePath(directory, oid), 'r');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  try {
    const packed = Buffer.alloc(2 * limits.git.commitMaxBytes);
    const raw = inflateBeginning(packed.subarray(0, readSync(file, packed)));
    const zero = Math.max(raw.indexOf(0), 0);
    const type = /^(commit|tree|blob|tag) \d{1,15}$/.exec(raw.toString('latin1', 0, zero))?.[1];
    if (type === undefined) throw corrupt(`${loosePath(directory, oid)} is damaged`);
    return { type: type as ObjectType, bytes: raw.subarray(zero + 1) };
  } finally {
    closeSync(file);
  }
}

/** True when the error says that a file or a folder on its path does not exist. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** Reads objects out of one pack file: windows of the file, node:zlib, deltas of both kinds. The pack is never held in memory whole. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { constants, inflateSync } from 'node:zlib';
import { limits } from '../limits.ts';
import { applyDelta } from './delta.ts';
import { corrupt, malformed, type GitObject, type ObjectType } from './object.ts';
import { openPackIndex, type PackIndex } from './pack-index.ts';

export interface Pack {
  readonly path: string;
  readonly length: number;
  readonly index: PackIndex;
  /** @throws OperationError `git-corrupt` */
  readonly read: (offset: number) => GitObject;
  /** The first `limits.git.commitMaxBytes` bytes of an object of any size. @throws OperationError `git-corrupt`; `git-malformed` for a delta that makes one over the bound */
  readonly begin: (offset: number) => GitObject;
  readonly close: () => void;
}

const types: Readonly<Record<number, ObjectType>> = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' };
const ofsDelta = 6;
const refDelta = 7;

/**
 * Opens `<base>.pack` with `<base>.idx`. IO: keeps the file open until `close`.
 * `external` finds the base of a ref-delta that this pack does not hold; null when nobody does.
 * @throws OperationError `git-corrupt`
 */
export function openPack(base: string, external: (oid: string) => GitObject | null): Pack {
  const path = `${base}.pack`;
  const index = openPackIndex(readFileSync(`${base}.idx`), `${base}.idx`);
  const file = openSync(path, 'r');
  try {
    return packOf(path, file, index, external);
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function packOf(
  path: string,
  file: number,
  index: PackIndex,
  external: (oid: string) => GitObject | null,
): Pack {
  const length = fstatSync(file).size;
  const window = createWindow(file, length);
  const header = window(0, Math.min(12, length));
  if (length < 32 || header.toString('latin1', 0, 4) !== 'PACK' || header.readUInt32BE(8) !== index.count) {
    throw corrupt(`${path} is damaged: its header does not match its index`);
  }
  const bases = new Map<number, GitObject>();
  let basesBytes = 0;

  const remember = (offset: number, object: GitObject): void => {
    if (object.bytes.length > limits.git.deltaBaseCacheMaxBytes / 8) return;
    bases.set(offset, object);
    basesBytes += object.bytes.length;
    for (const [oldest, { bytes }] of bases) {
      if (basesBytes <= limits.git.deltaBaseCacheMaxBytes) break;
      bases.delete(oldest);
      basesBytes -= bytes.length;
    }
  };

  const read = (offset: number, depth = 0, spent = { bytes: 0 }): GitObject => {
    const known = bases.get(offset);
    if (known !== undefined) return known;
    if (depth > limits.git.deltaDepthMax) throw corrupt(`${path} has a chain of deltas over the bound`);
    if (offset < 12 || offset > length - 20) throw corrupt(`${path} has no object at ${offset}`);
    const raw = window(offset, index.end(offset, length));
    const { kind, size, at } = entryHeader(raw, path);
    if (size > limits.git.objectMaxBytes) throw malformed(`${path} has an object over the bound`);
    const type = types[kind];
    if (type !== undefined) {
      const object = { type, bytes: inflate(raw, at, size, path) };
      if (depth > 0) remember(offset, object);
      return object;
    }
    let base: GitObject | null;
    let body: number;
    if (kind === ofsDelta) {
      const [distance, next] = ofsDistance(raw, at, path);
      body = next;
      base = read(offset - distance, depth + 1, spent);
    } else if (kind === refDelta) {
      const oid = raw.toString('hex', at, at + 20);
      body = at + 20;
      const inside = index.find(oid);
      base = inside === null ? external(oid) : read(inside, depth + 1, spent);
      if (base === null) throw corrupt(`${path} needs ${oid}, which is missing`);
    } else {
      throw corrupt(`${path} has an object of unknown type ${kind}`);
    }
    const object = { type: base.type, bytes: applyDelta(base.bytes, inflate(raw, body, size, path)) };
    spent.bytes += object.bytes.length;
    if (spent.bytes > limits.git.deltaChainMaxBytes) throw malformed(`${path} has deltas over the bound`);
    if (depth > 0) remember(offset, object);
    return object;
  };
  const begin = (offset: number): GitObject => {
    const end = Math.min(index.end(offset, length), offset + 2 * limits.git.commitMaxBytes);
    const raw = window(offset, end);
    const { kind, size, at } = entryHeader(raw, path);
    const type = types[kind];
    if (type === undefined || size <= limits.git.objectMaxBytes) return read(offset);
    return { type, bytes: inflateBeginning(raw.subarray(at)) };
  };
  return {
    path,
    length,
    index,
    read: (offset) => read(offset),
    begin,
    close: () => {
      closeSync(file);
    },
  };
}

/** Reads [from, to) of a file through one remembered window: neighbours cost one system call. */
function createWindow(file: number, length: number): (from: number, to: number) => Buffer {
  let start = 0;
  let held = Buffer.alloc(0);
  return (from, to) => {
    if (from >= start && to <= start + held.length) return held.subarray(from - start, to - start);
    const wanted = Math.max(to - from, Math.min(limits.git.packWindowBytes, length - from));
    const bytes = Buffer.allocUnsafe(wanted);
    let filled = 0;
    while (filled < wanted) {
      const got = readSync(file, bytes, filled, wanted - filled, from + filled);
      if (got === 0) throw corrupt('a pack is shorter than it was');
      filled += got;
    }
    start = from;
    held = bytes;
    return bytes.subarray(0, to - from);
  };
}

/** Type and inflated size before each object, and where its data begins. @throws OperationError `git-corrupt` */
export function entryHeader(raw: Buffer, path: string): { kind: number; size: number; at: number } {
  let byte = raw[0] ?? 0;
  const kind = (byte >> 4) & 7;
  let size = byte & 15;
  let factor = 16;
  let at = 1;
  while (byte >= 0x80) {
    if (at > 8 || at >= raw.length) throw corrupt(`${path} has an object header that does not end`);
    byte = raw[at++] ?? 0;
    size += (byte & 0x7f) * factor;
    factor *= 128;
  }
  return { kind, size, at };
}

/** How far back the base of an ofs-delta is, and where the delta begins. @throws OperationError `git-corrupt` */
export function ofsDistance(
  raw: Buffer,
  from: number,
  path: string,
): readonly [distance: number, next: number] {
  let at = from;
  let byte = raw[at++] ?? 0;
  let distance = byte & 0x7f;
  while (byte >= 0x80) {
    if (at - from > 8) throw corrupt(`${path} has a delta whose base offset does not end`);
    byte = raw[at++] ?? 0;
    distance = (distance + 1) * 128 + (byte & 0x7f);
  }
  if (distance === 0) throw corrupt(`${path} has a delta against itself`);
  return [distance, at];
}

function inflate(raw: Buffer, at: number, size: number, path: string): Buffer {
  try {
    const bytes = inflateSync(raw.subarray(at), {
      maxOutputLength: Math.max(size, 1),
      chunkSize: chunk(size),
    });
    if (bytes.length === size) return bytes;
  } catch (cause) {
    throw corrupt(`${path} has an object that cannot be inflated`, cause);
  }
  throw corrupt(`${path} has an object of another size than it says`);
}

/** What the beginning of a stream of zlib inflates to, at least `limits.git.commitMaxBytes` where it has so much. However small, no part of it is inflated far beyond that. */
export function inflateBeginning(packed: Buffer): Buffer {
  try {
    // Deflate makes at most 1,032 bytes of one: a part of 1 KiB makes no more than a MiB.
    for (let part = 1024; ; part *= 2) {
      const bytes = inflateSync(packed.subarray(0, part), { finishFlush: constants.Z_SYNC_FLUSH });
      if (bytes.length >= limits.git.commitMaxBytes || part >= packed.length) return bytes;
    }
  } catch (cause) {
    throw corrupt('the beginning of an object cannot be inflated', cause);
  }
}

/** Small objects are the rule: a chunk of their own size saves allocating 16 KiB for each. */
function chunk(size: number): number {
  return Math.min(Math.max(size + 1, 64), 65_536);
}

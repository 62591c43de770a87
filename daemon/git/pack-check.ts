/**
 * Makes the index of a received pack, and checks it whole: checksum, every object, every delta. What a server sends is bounded in total, and is worked on in slices that
 * leave the event loop free: 4 MB of a pack can claim to be 4 GiB.
 */
import { counted } from '../core/count.ts';
import { createHash, type Hash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32, createInflate, inflateSync } from 'node:zlib';
import { limits } from '../limits.ts';
import { applyDelta, deltaResultSize } from './delta.ts';
import { corrupt, malformed, type ObjectType } from './object.ts';
import { entryHeader, ofsDistance } from './pack.ts';
import { writePackIndex, type IndexEntry } from './pack-index.ts';
import type { BuiltPack } from './pack-write.ts';

/** What the work has cost so far. */
export interface PackWork {
  /** Bytes inflated or made by deltas, every one counted each time. */
  readonly bytes: number;
  /** How often other work was let in. */
  readonly yields: number;
  /** The most bytes between two of those. */
  readonly sliceMaxBytes: number;
}

interface Entry {
  readonly offset: number;
  readonly kind: number;
  readonly size: number;
  /** Where the deflated data begins. */
  readonly body: number;
  /** Offset of the base, or its id; null for a whole object. */
  readonly base: number | string | null;
  end: number;
  oid: string;
}

const types: Readonly<Record<number, ObjectType>> = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' };

/**
 * Indexes a pack. `told` hears what it cost, for tests and benches. CPU only, in slices.
 * @throws OperationError `git-corrupt` for a pack that is damaged, `git-malformed` for one over a bound: the same would come again
 */
export async function indexPack(
  pack: Buffer,
  place: string,
  told: (work: PackWork) => void = () => undefined,
): Promise<BuiltPack> {
  const name = `the pack from ${place}`;
  if (pack.length < 32 || pack.toString('latin1', 0, 4) !== 'PACK') throw corrupt(`${name} is no pack`);
  const count = pack.readUInt32BE(8);
  if (count > limits.git.packObjectsMax)
    throw malformed(`${name} has ${counted(count, 'object')}, over the bound`);
  const pace = createPace(name, pack.length);
  try {
    const checksum = createHash('sha1');
    await inSlices(pack.subarray(0, -20), pace, (part) => checksum.update(part));
    const trailer = checksum.digest();
    if (!trailer.equals(pack.subarray(-20))) throw corrupt(`${name} does not have the checksum it says`);
    const entries = await readEntries(pack, count, name, pace);
    await resolveDeltas(pack, entries, name, pace);
    const index: IndexEntry[] = [];
    for (const { oid, offset, end } of entries) {
      if (oid === '') throw corrupt(`${name} has a delta whose base is missing`);
      index.push({ oid, offset, crc: crc32(pack.subarray(offset, end)) });
      await pace.did(end - offset);
    }
    return { checksum: trailer.toString('hex'), pack, index: writePackIndex(index, trailer), count };
  } finally {
    told(pace.work());
  }
}

interface Pace {
  /** Counts bytes of work; lets other work in when a slice is full. */
  readonly did: (bytes: number) => Promise<void>;
  /** As `did`, for bytes that were made: they count against the bound of the whole. */
  readonly made: (bytes: number) => Promise<void>;
  readonly work: () => PackWork;
}

function createPace(name: string, packLength: number): Pace {
  const { packInflatedFloorBytes, packInflatedRatioMax, packInflatedMaxBytes, sliceBytes } = limits.git;
  const most = Math.min(
    packInflatedMaxBytes,
    Math.max(packInflatedFloorBytes, packLength * packInflatedRatioMax),
  );
  let [bytes, yields, slice, sliceMaxBytes, calls] = [0, 0, 0, 0, 0];
  const did = async (more: number): Promise<void> => {
    slice += more;
    sliceMaxBytes = Math.max(sliceMaxBytes, slice);
    if (slice < sliceBytes && ++calls < limits.git.readsPerSlice) return;
    slice = 0;
    calls = 0;
    yields++;
    await nextTurn();
  };
  return {
    did,
    made: async (more) => {
      bytes += more;
      if (bytes > most)
        throw malformed(
          `${name} inflates to more than ${String(most)} bytes; find the commit that brought it (git verify-pack -v) and take it out of the branch`,
        );
      await did(more);
    },
    work: () => ({ bytes, yields, sliceMaxBytes }),
  };
}

async function inSlices(bytes: Buffer, pace: Pace, use: (part: Buffer) => void): Promise<void> {
  for (let at = 0; at < bytes.length; at += limits.git.sliceBytes) {
    const part = bytes.subarray(at, at + limits.git.sliceBytes);
    use(part);
    await pace.did(part.length);
  }
}

/** Every object in the order of the pack; whole ones have their id. */
async function readEntries(pack: Buffer, count: number, name: string, pace: Pace): Promise<Entry[]> {
  const end = pack.length - 20;
  const entries: Entry[] = [];
  let at = 12;
  for (let read = 0; read < count; read++) {
    const offset = at;
    const { kind, size, at: header } = entryHeader(pack.subarray(at, Math.min(at + 16, end)), name);
    at += header;
    let base: Entry['base'] = null;
    if (kind === 6) {
      const [distance, next] = ofsDistance(pack, at, name);
      base = offset - distance;
      at = next;
    } else if (kind === 7) {
      base = pack.toString('hex', at, at + 20);
      at += 20;
    } else if (types[kind] === undefined) throw corrupt(`${name} has an object of unknown type`);
    if (at >= end) throw corrupt(`${name} is cut short`);
    const hash = base === null ? hashOf(types[kind] ?? 'blob', size) : null;
    const body = at;
    at += await inflateParts(pack.subarray(at, end), size, name, pace, (part) => hash?.update(part));
    entries.push({ offset, kind, size, body, base, end: at, oid: hash?.digest('hex') ?? '' });
  }
  if (at !== end) throw corrupt(`${name} has bytes after its last object`);
  return entries;
}

function hashOf(type: ObjectType, size: number): Hash {
  return createHash('sha1').update(`${type} ${String(size)}\0`);
}

/** Inflates one object, handing on its parts; returns how many bytes its data took in the pack, which packs do not say. */
async function inflateParts(
  raw: Buffer,
  size: number,
  name: string,
  pace: Pace,
  use: (part: Buffer) => void,
): Promise<number> {
  // Small ones at once: a stream costs a hundred times what they do.
  if (size <= limits.git.inflateAtOnceBytes) {
    const { bytes, consumed } = inflateAtOnce(raw, size, name);
    use(bytes);
    await pace.made(Math.max(size, 1));
    return consumed;
  }
  const stream = createInflate();
  let given = 0;
  let got = 0;
  const feed = (): void => {
    while (given < raw.length) {
      const part = raw.subarray(given, given + 65_536);
      given += part.length;
      if (!stream.write(part)) {
        stream.once('drain', feed);
        return;
      }
    }
    stream.end();
  };
  feed();
  try {
    for await (const part of stream as AsyncIterable<Buffer>) {
      got += part.length;
      if (got > size) throw corrupt(`${name} has an object of another size than it says`);
      use(part);
      await pace.made(part.length);
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'OperationError') throw error;
    throw corrupt(`${name} has an object that cannot be inflated`, error);
  } finally {
    stream.destroy();
  }
  if (got !== size) throw corrupt(`${name} has an object of another size than it says`);
  return stream.bytesWritten;
}

function inflateAtOnce(raw: Buffer, size: number, name: string): { bytes: Buffer; consumed: number } {
  let result: { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
  try {
    // With `info` the result also tells how many bytes the stream took.
    result = inflateSync(raw, {
      maxOutputLength: Math.max(size, 1),
      chunkSize: Math.min(Math.max(size + 1, 64), 65_536),
      info: true,
    }) as unknown as typeof result;
  } catch (cause) {
    throw corrupt(`${name} has an object that cannot be inflated`, cause);
  }
  if (result.buffer.length !== size) throw corrupt(`${name} has an object of another size than it says`);
  return { bytes: result.buffer, consumed: result.engine.bytesWritten };
}

/** Gives every delta its id: from each whole object down to what is made of it, one base at a time in memory along the way. */
async function resolveDeltas(
  pack: Buffer,
  entries: readonly Entry[],
  name: string,
  pace: Pace,
): Promise<void> {
  const below = new Map<number | string, Entry[]>();
  for (const entry of entries) {
    if (entry.base === null) continue;
    const there = below.get(entry.base);
    if (there === undefined) below.set(entry.base, [entry]);
    else there.push(entry);
  }
  if (below.size === 0) return;
  const childrenOf = ({ offset, oid }: Entry): Entry[] => {
    const children = [...(below.get(offset) ?? []), ...(below.get(oid) ?? [])];
    below.delete(offset);
    below.delete(oid);
    return children;
  };
  const bytesOf = async ({ size, body, end }: Entry): Promise<Buffer> => {
    if (size > limits.git.objectMaxBytes)
      throw malformed(
        `${name} has a delta on an object over the bound of ${String(limits.git.objectMaxBytes)} bytes`,
      );
    const parts: Buffer[] = [];
    await inflateParts(pack.subarray(body, end), size, name, pace, (part) => parts.push(part));
    return parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
  };
  for (const root of entries) {
    const type = types[root.kind];
    if (type === undefined) continue;
    const first = childrenOf(root);
    if (first.length === 0) continue;
    const open = [{ bytes: await bytesOf(root), children: first, chain: root.size }];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const child = top.children.pop();
      if (child === undefined) {
        open.pop();
        continue;
      }
      const delta = await bytesOf(child);
      const size = deltaResultSize(delta);
      const chain = top.chain + size;
      // Reading the object later makes all of its chain at once.
      if (
        size > limits.git.objectMaxBytes ||
        chain > limits.git.deltaChainMaxBytes ||
        open.length > limits.git.deltaDepthMax
      )
        throw malformed(`${name} has a delta that makes an object, or a chain of them, over the bound`);
      const bytes = applyDelta(top.bytes, delta);
      child.oid = hashOf(type, bytes.length).update(bytes).digest('hex');
      await pace.made(bytes.length);
      const children = childrenOf(child);
      if (children.length > 0) open.push({ bytes, children, chain });
    }
  }
}

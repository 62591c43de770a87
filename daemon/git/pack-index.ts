/** The index of a pack, version 2 (gitformat-pack): where in the pack each object begins. Read in place, never expanded. */
import { createHash } from 'node:crypto';
import { corrupt } from './object.ts';

const magic = 0xff744f63;
const headerLength = 8 + 1024;

export interface PackIndex {
  readonly count: number;
  /** Offset of the object in the pack; null when the pack does not hold it. */
  readonly find: (oid: string) => number | null;
  /** Offset of what begins after the object at `offset`: the next object, or the pack's trailer. */
  readonly end: (offset: number, packLength: number) => number;
  /** Ids in order, for merging packs. */
  readonly entries: () => IterableIterator<IndexEntry>;
}

export interface IndexEntry {
  readonly oid: string;
  readonly offset: number;
  readonly crc: number;
}

/**
 * Opens the bytes of an `.idx` file. Pure; checks its shape, not its checksum (each object is verified when read).
 * @throws OperationError `git-corrupt`
 */
export function openPackIndex(bytes: Buffer, path: string): PackIndex {
  if (bytes.length < headerLength + 40 || bytes.readUInt32BE(0) !== magic || bytes.readUInt32BE(4) !== 2) {
    throw corrupt(`${path} is not a version 2 pack index`);
  }
  const count = bytes.readUInt32BE(8 + 255 * 4);
  const names = headerLength;
  const crcs = names + count * 20;
  const offsets = crcs + count * 4;
  const large = offsets + count * 4;
  if (bytes.length < large + 40) throw corrupt(`${path} is cut short`);

  const offsetAt = (position: number): number => {
    const short = bytes.readUInt32BE(offsets + position * 4);
    if (short < 0x80000000) return short;
    const at = large + (short - 0x80000000) * 8;
    if (at + 8 > bytes.length - 40) throw corrupt(`${path} points outside itself`);
    return Number(bytes.readBigUInt64BE(at));
  };
  const find = (oid: string): number | null => {
    const wanted = Buffer.from(oid, 'hex');
    const first = wanted[0] ?? 0;
    let low = first === 0 ? 0 : bytes.readUInt32BE(8 + (first - 1) * 4);
    let high = bytes.readUInt32BE(8 + first * 4);
    if (high > count) throw corrupt(`${path} has a wrong fan-out table`);
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = bytes.compare(wanted, 0, 20, names + middle * 20, names + middle * 20 + 20);
      if (order === 0) return offsetAt(middle);
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return null;
  };
  let sorted: Float64Array | null = null;
  const end = (offset: number, packLength: number): number => {
    sorted ??= Float64Array.from({ length: count }, (_, position) => offsetAt(position)).sort();
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low < count ? (sorted[low] ?? 0) : packLength - 20;
  };
  function* entries(): IterableIterator<IndexEntry> {
    for (let position = 0; position < count; position++) {
      const at = names + position * 20;
      yield {
        oid: bytes.toString('hex', at, at + 20),
        offset: offsetAt(position),
        crc: bytes.readUInt32BE(crcs + position * 4),
      };
    }
  }
  return { count, find, end, entries };
}

/** Writes an `.idx` for a pack with these entries and this trailer (20 bytes). Pure. */
export function writePackIndex(entries: readonly IndexEntry[], packChecksum: Buffer): Buffer {
  const sorted = [...entries].sort((a, b) => (a.oid < b.oid ? -1 : a.oid > b.oid ? 1 : 0));
  const count = sorted.length;
  const wide = sorted.filter((entry) => entry.offset >= 0x80000000).length;
  const bytes = Buffer.alloc(headerLength + count * 28 + wide * 8 + 40);
  bytes.writeUInt32BE(magic, 0);
  bytes.writeUInt32BE(2, 4);
  const fan = new Uint32Array(256);
  const crcs = headerLength + count * 20;
  const offsets = crcs + count * 4;
  let large = offsets + count * 4;
  let nextLarge = 0;
  for (const [position, entry] of sorted.entries()) {
    bytes.write(entry.oid, headerLength + position * 20, 'hex');
    bytes.writeUInt32BE(entry.crc, crcs + position * 4);
    const first = Number.parseInt(entry.oid.slice(0, 2), 16);
    fan[first] = (fan[first] ?? 0) + 1;
    if (entry.offset < 0x80000000) {
      bytes.writeUInt32BE(entry.offset, offsets + position * 4);
    } else {
      bytes.writeUInt32BE(0x80000000 + nextLarge++, offsets + position * 4);
      bytes.writeBigUInt64BE(BigInt(entry.offset), large);
      large += 8;
    }
  }
  let total = 0;
  for (let first = 0; first < 256; first++) {
    total += fan[first] ?? 0;
    bytes.writeUInt32BE(total, 8 + first * 4);
  }
  packChecksum.copy(bytes, bytes.length - 40);
  createHash('sha1')
    .update(bytes.subarray(0, -20))
    .digest()
    .copy(bytes, bytes.length - 20);
  return bytes;
}

/** Builds one pack of whole objects with its index: what a publish sends. Deltas are left to the server's own repacking. */
import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import { objectOid, type ObjectType } from './object.ts';
import { writePackIndex, type IndexEntry } from './pack-index.ts';

export interface BuiltPack {
  /** Hex of the trailer: names the files. */
  readonly checksum: string;
  readonly pack: Buffer;
  readonly index: Buffer;
  readonly count: number;
}

export interface PackWriter {
  /** Adds an object once and returns its id. */
  readonly add: (type: ObjectType, bytes: Uint8Array) => string;
  /** Adds unless its id is `known`: the repository holds that one already. Returns its id. */
  readonly addUnless: (type: ObjectType, bytes: Uint8Array, known: string | null) => string;
  /** The finished pack; null when nothing was added. */
  readonly build: () => BuiltPack | null;
}

const typeBits: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 };

/** A writer for one pack, in memory. Pure but for that. */
export function createPackWriter(): PackWriter {
  const known = new Map<string, IndexEntry>();
  const parts: Buffer[] = [];
  let offset = 12;

  const addUnless = (type: ObjectType, bytes: Uint8Array, there: string | null): string => {
    const oid = objectOid(type, bytes);
    if (oid === there || known.has(oid)) return oid;
    // Level 1: records are small, and the server compresses again when it repacks.
    const entry = Buffer.concat([
      entryHeader(typeBits[type], bytes.length),
      deflateSync(bytes, { level: 1 }),
    ]);
    known.set(oid, { oid, offset, crc: crc32(entry) });
    parts.push(entry);
    offset += entry.length;
    return oid;
  };
  const build = (): BuiltPack | null => {
    if (known.size === 0) return null;
    const header = packHeader(known.size);
    const body = Buffer.concat([header, ...parts], offset);
    const trailer = createHash('sha1').update(body).digest();
    return {
      checksum: trailer.toString('hex'),
      pack: Buffer.concat([body, trailer]),
      index: writePackIndex([...known.values()], trailer),
      count: known.size,
    };
  };
  return { add: (type, bytes) => addUnless(type, bytes, null), addUnless, build };
}

/** The first twelve bytes of a version 2 pack. */
export function packHeader(count: number): Buffer {
  const header = Buffer.alloc(12);
  header.write('PACK', 'latin1');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(count, 8);
  return header;
}

function entryHeader(kind: number, size: number): Buffer {
  const bytes: number[] = [];
  let byte = (kind << 4) | (size & 15);
  let rest = Math.floor(size / 16);
  while (rest > 0) {
    bytes.push(byte | 0x80);
    byte = rest & 0x7f;
    rest = Math.floor(rest / 128);
  }
  bytes.push(byte);
  return Buffer.from(bytes);
}

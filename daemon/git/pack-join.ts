/** Keeps the mirror's packs sound and few: checks each new pack whole, and joins many into one without unpacking anything. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { corrupt } from './object.ts';
import { openPackIndex, writePackIndex, type IndexEntry } from './pack-index.ts';
import { storePack } from './pack-file.ts';
import { packHeader } from './pack-write.ts';

const verified = new Set<string>();

/** Verifies checksum and count of packs not verified yet by this process: what an interrupted write left must not be believed. IO. @throws OperationError `git-corrupt` */
export async function verifyNewPacks(objectsDirectory: string): Promise<void> {
  const directory = join(objectsDirectory, 'pack');
  for (const name of await packNames(directory)) {
    const base = join(directory, name);
    if (verified.has(base)) continue;
    const pack = readFileSync(`${base}.pack`);
    const index = openPackIndex(readFileSync(`${base}.idx`), `${base}.idx`);
    const checksum = createHash('sha1').update(pack.subarray(0, -20)).digest();
    if (pack.length < 32 || !checksum.equals(pack.subarray(-20))) {
      throw corrupt(`${base}.pack does not have the checksum it says`);
    }
    if (pack.readUInt32BE(8) !== index.count) throw corrupt(`${base}.idx leaves objects out`);
    verified.add(base);
  }
}

/**
 * Joins all packs into one: bodies one after another, offsets moved. Deltas by offset are relative, so they still hold; an object
 * in two packs stays twice and is indexed once. IO; the old packs go after the new one stands. Only for a mirror.
 */
export async function joinPacks(objectsDirectory: string): Promise<void> {
  const directory = join(objectsDirectory, 'pack');
  const names = await packNames(directory);
  const bodies: Buffer[] = [];
  const entries = new Map<string, IndexEntry>();
  let offset = 12;
  let count = 0;
  for (const name of names) {
    const pack = readFileSync(join(directory, `${name}.pack`));
    const index = openPackIndex(readFileSync(join(directory, `${name}.idx`)), name);
    const moved = offset - 12;
    for (const entry of index.entries()) entries.set(entry.oid, { ...entry, offset: entry.offset + moved });
    const body = pack.subarray(12, -20);
    bodies.push(body);
    offset += body.length;
    count += index.count;
  }
  const body = Buffer.concat([packHeader(count), ...bodies]);
  const trailer = createHash('sha1').update(body).digest();
  const checksum = trailer.toString('hex');
  await storePack(
    objectsDirectory,
    {
      checksum,
      pack: Buffer.concat([body, trailer]),
      index: writePackIndex([...entries.values()], trailer),
      count,
    },
    false,
  );
  for (const name of names) {
    if (name === `pack-${checksum}`) continue;
    // The index first: git and we look for packs by it.
    await rm(join(directory, `${name}.idx`), { force: true });
    await rm(join(directory, `${name}.pack`), { force: true });
    verified.delete(join(directory, name));
  }
}

async function packNames(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return names.filter((name) => name.endsWith('.idx')).map((name) => name.slice(0, -4));
}

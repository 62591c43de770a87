/** Puts a finished pack into a repository: temporary names, data before index, one rename each; a reader never sees half of one. */
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuiltPack } from './pack-write.ts';
import { makeDirectory } from '../make-directory.ts';

/**
 * Writes `pack-<checksum>.pack` and `.idx` into `<objects>/pack`. With `durable` both are on disk before it returns. IO; safe to repeat.
 * The index comes last: Git looks for packs by their index.
 */
export async function storePack(objectsDirectory: string, built: BuiltPack, durable: boolean): Promise<void> {
  const directory = join(objectsDirectory, 'pack');
  makeDirectory(directory);
  for (const [extension, bytes] of [
    ['pack', built.pack],
    ['idx', built.index],
  ] as const) {
    await writeWhole(directory, `pack-${built.checksum}.${extension}`, bytes, durable);
  }
  if (durable) await syncDirectory(directory);
}

async function writeWhole(directory: string, name: string, bytes: Buffer, durable: boolean): Promise<void> {
  // `tmp_` is the prefix git's own gc sweeps when a crash leaves one.
  const temporary = join(directory, `tmp_${randomUUID()}`);
  try {
    const file = await open(temporary, 'wx', 0o444);
    try {
      await file.writeFile(bytes);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(directory, name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

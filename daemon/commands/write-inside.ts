/**
 * Files that a command writes into a directory that holds what others wrote: a clone, a checkout of a pull request. Git keeps symbolic links, so any
 * name on the way may lead elsewhere. Nothing is followed here: each folder on the way is looked at, and a file is made or replaced, never opened.
 */
import { closeSync, constants, lstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { UsageError } from './command.ts';
import { makeDirectory } from '../make-directory.ts';

/** `create`: a file that is there is an error. `replace`: it is replaced as a whole, by rename; a link in its place goes, what it led to stays. */
export type WriteMode = 'create' | 'replace';

/**
 * Writes one file below a directory and makes the folders on the way. IO. Safe to repeat with `replace`.
 * It guards against links that stand there, not against somebody who changes folders at the same moment.
 * @throws UsageError when a folder on the way is a link or no folder, when the path leaves the directory, or when `create` finds something there
 */
export function writeInside(
  directory: string,
  path: string,
  text: string,
  mode: WriteMode,
  permissions = 0o666,
): void {
  refuseLinksOnTheWay(directory, path);
  const full = join(directory, path);
  makeDirectory(dirname(full));
  const there = lstatSync(full, { throwIfNoEntry: false });
  if (there !== undefined && (mode === 'create' || there.isDirectory()))
    throw new UsageError(`${full} is there already; nothing was written. Move it away, or choose another.`);
  if (mode === 'create') {
    writeNew(full, text, permissions);
    return;
  }
  const temporary = `${full}.${String(process.pid)}.new`;
  rmSync(temporary, { force: true });
  writeNew(temporary, text, permissions);
  renameSync(temporary, full);
}

/**
 * Sees that no folder between a directory and a path below it is a symbolic link. The directory itself may be one: whoever calls named it. IO: looks.
 * @throws UsageError that names the first one
 */
export function refuseLinksOnTheWay(directory: string, path: string): void {
  const parts = path.split(sep).filter((part) => part !== '' && part !== '.');
  if (path.startsWith(sep) || parts.includes('..'))
    throw new UsageError(`${JSON.stringify(path)} leads out of ${directory}`);
  let current = directory;
  for (const part of parts.slice(0, -1)) {
    current = join(current, part);
    const there = lstatSync(current, { throwIfNoEntry: false });
    if (there === undefined) return;
    if (there.isDirectory()) continue;
    throw new UsageError(
      `${current} is ${there.isSymbolicLink() ? 'a symbolic link' : 'no folder'}; nothing was written. Replace it by a folder, so that what is written stays below ${directory}.`,
    );
  }
}

/** Exclusive creation follows no link at the last name (POSIX open, O_EXCL). */
function writeNew(path: string, text: string, permissions: number): void {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const file = openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, permissions);
  try {
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
  } finally {
    closeSync(file);
  }
}

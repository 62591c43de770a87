/**
 * The one way to make directories. Node's own `recursive` never returns below a directory in which nothing can be made although it is there (`/proc`, some
 * mounts): it takes "no such file" for "the parent is missing" and makes the parent again, in native code that no signal ends (nodejs/node#31481).
 */
import { mkdirSync, mkdtempSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Makes `path` and what is missing above it, each with `mode` less the process's umask. IO. Safe to repeat: what is there already stays as it is.
 * Tries each name at most twice, so it ends whatever the file system answers.
 * @throws Error of the system, with `code`: EACCES, ENOENT where nothing can be made, ENOTDIR where something else stands there, ENOSPC, ...
 */
export function makeDirectory(path: string, mode = 0o777): void {
  if (made(path, mode)) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectory(parent, mode);
  if (!made(path, mode)) throw notMade(path, 'ENOENT', 'nothing can be made there');
}

/**
 * Whether a directory can be used, or made: makes an empty folder in it, or in the nearest one above that is there, and takes it away again. IO.
 * Says which of the two. @throws Error of the system as `makeDirectory`
 */
export function tryDirectory(path: string): string {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !there.isDirectory())
    throw notMade(path, 'ENOTDIR', 'something else stands there');
  const parent = dirname(path);
  if (there === undefined && parent !== path) {
    tryDirectory(parent);
    return 'can be made';
  }
  rmdirSync(mkdtempSync(join(path, '.renewd-doctor-')));
  return 'can be written';
}

/** False: the directory above is not there. */
function made(path: string, mode: number): boolean {
  try {
    mkdirSync(path, { mode });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    // Some file systems say that they are read-only before they say that it is there (EROFS), or refuse the root itself (EISDIR).
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory() === true) return true;
    if (there !== undefined) throw notMade(path, 'ENOTDIR', 'something else stands there');
    throw error;
  }
}

function notMade(path: string, code: string, why: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${why}, mkdir '${path}'`), { code, syscall: 'mkdir', path });
}

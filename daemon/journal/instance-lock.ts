/**
 * One daemon per data directory. The lock is SQLite's own file lock, held by an open transaction: the kernel frees it when the
 * process dies, so it never goes stale (a lock file with a timestamp can).
 */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeDirectory } from '../make-directory.ts';

/**
 * Takes the lock, or returns null when another live process holds it. IO. `release` is safe to repeat.
 * It guards one host's data directory only; two daemons with different directories are kept apart by the push's compare-and-swap.
 */
export function takeInstanceLock(directory: string): { readonly release: () => void } | null {
  makeDirectory(directory, 0o700);
  const path = join(directory, 'lock.db');
  const database = new DatabaseSync(path);
  chmodSync(path, 0o600);
  try {
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE;');
  } catch {
    database.close();
    return null;
  }
  return {
    release: () => {
      if (database.isOpen) database.close();
    },
  };
}

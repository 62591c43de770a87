/** What was worked out of the history, kept in a file between two builds. It is a cache: whatever is wrong with the file, the history is read anew. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeDirectory } from '../../daemon/make-directory.ts';
import type { KnownHistory } from './history.ts';

/** Goes up whenever what is kept, or what it means, changes. */
const version = 3;

/** What was kept; null when there is nothing that this version can use. IO: reads one file. */
export function readKnownHistory(path: string): KnownHistory | null {
  try {
    const kept: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isFields(kept) && kept['version'] === version && isKnownHistory(kept['history'])
      ? kept['history']
      : null;
  } catch {
    // Not there yet, or no JSON.
    return null;
  }
}

/** Keeps it, all or nothing. IO: writes beside the file, then renames. Safe to repeat. @throws errors of the file system */
export function keepKnownHistory(path: string, history: KnownHistory): void {
  makeDirectory(dirname(path), 0o700);
  const temporary = `${path}.${String(process.pid)}.tmp`;
  writeFileSync(temporary, JSON.stringify({ version, history }), { mode: 0o600 });
  renameSync(temporary, path);
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isKnownHistory(value: unknown): value is KnownHistory {
  if (!isFields(value)) return false;
  const { tip, since, knownSince, begun, commits, transitions } = value;
  return (
    typeof tip === 'string' &&
    typeof since === 'string' &&
    [knownSince, begun].every((each) => each === null || typeof each === 'string') &&
    isListOf(commits, { texts: ['oid', 'at'], lists: [] }) &&
    isListOf(transitions, {
      texts: ['at', 'commit', 'phrase'],
      lists: ['issued', 'proved', 'opened', 'closed'],
    })
  );
}

function isListOf(
  value: unknown,
  fields: { readonly texts: readonly string[]; readonly lists: readonly string[] },
): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (each) =>
        isFields(each) &&
        fields.texts.every((name) => typeof each[name] === 'string') &&
        fields.lists.every((name) => Array.isArray(each[name])),
    )
  );
}

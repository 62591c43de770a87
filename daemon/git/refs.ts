/** References of a repository on this machine: loose files and packed-refs; changed only by compare-and-swap under git's own lock file. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { appendFile, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { corrupt, isOid } from './object.ts';
import { isMissing } from './object-store.ts';
import { makeDirectory } from '../make-directory.ts';

/**
 * All references below `refs/`, loose ones over packed ones, but for those that this user may not read: whoever may push could else make one that stops all others.
 * Who asks for such a one by its name is told (`resolveRef`). IO, read-only. `directory`: the common git directory.
 */
export function readRefs(directory: string): Map<string, string> {
  const refs = readPackedRefs(directory);
  const walk = (name: string, depth: number): void => {
    if (depth > limits.git.treeDepthMax) return;
    for (const entry of readable(() => entriesOf(join(directory, name))) ?? []) {
      const child = `${name}/${entry.name}`;
      if (entry.isDirectory()) walk(child, depth + 1);
      else if (!entry.name.endsWith('.lock')) {
        const oid = readable(() => resolveRef(directory, child));
        if (oid !== null) refs.set(child, oid);
        // What was packed of it is older than what may not be read.
        else refs.delete(child);
      }
    }
  };
  walk('refs', 0);
  if (refs.size > limits.git.refsMax) throw corrupt(`${directory} has more references than the bound`);
  return refs;
}

/** What `read` returns; null where this user has no right to it. */
function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EACCES' || code === 'EPERM') return null;
    throw error;
  }
}

function entriesOf(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function readPackedRefs(directory: string): Map<string, string> {
  const refs = new Map<string, string>();
  const path = join(directory, 'packed-refs');
  if (!existsSync(path)) return refs;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const match = /^([0-9a-f]{40}) (\S+)$/.exec(line);
    if (match !== null) refs.set(match[2] ?? '', match[1] ?? '');
  }
  return refs;
}

/**
 * The id a reference (or `HEAD`) leads to; null when it is unborn, not there, or no name of a reference: a name becomes a path, so nothing else is opened.
 * IO, read-only.
 */
export function resolveRef(directory: string, name: string): string | null {
  if (!isRefName(name)) return null;
  let current = name;
  // Git follows five symbolic references, then gives up.
  for (let hop = 0; hop < 5; hop++) {
    const text = readLoose(join(directory, current));
    if (text === null) return readPackedRefs(directory).get(current) ?? null;
    if (isOid(text)) return text;
    const target = /^ref: (\S+)$/.exec(text)?.[1];
    if (target === undefined || !isRefName(target)) throw corrupt(`${join(directory, current)} is damaged`);
    current = target;
  }
  throw corrupt(`${join(directory, name)} leads in a circle`);
}

function readLoose(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (isMissing(error) || (error instanceof Error && 'code' in error && error.code === 'EISDIR'))
      return null;
    throw error;
  }
}

/** git-check-ref-format, for full names. Pure. */
export function isRefName(name: string): boolean {
  return (
    /^(HEAD|refs\/.+)$/.test(name) &&
    !/[\p{Cc} ~^:?*[\\]|\.\.|@\{|\/\/|\/$|\.$/u.test(name) &&
    name.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'))
  );
}

/**
 * Moves a reference from `old` to `next` (null: it must not exist), under `<ref>.lock` as git does; durable when it returns. IO.
 * @throws OperationError `git-push-race` when it is elsewhere or locked, `git-push-denied` when a name is in the way
 */
export async function swapRef(
  directory: string,
  name: string,
  old: string | null,
  next: string,
): Promise<void> {
  if (!isRefName(name)) throw new Error(`${name} is no reference name`);
  refuseNameInTheWay(directory, name);
  const path = join(directory, name);
  makeDirectory(dirname(path));
  const lock = `${path}.lock`;
  let file;
  try {
    file = await open(lock, 'wx', 0o644);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause;
    throw new OperationError(
      'git-push-race',
      `${name} is locked by another process; when none runs, remove ${lock}`,
      { disposition: 'retry', cause },
    );
  }
  try {
    const now = resolveRef(directory, name);
    if (now !== old) {
      throw new OperationError('git-push-race', `${name} moved to ${now ?? 'nothing'} meanwhile`, {
        disposition: 'retry',
      });
    }
    await file.writeFile(`${next}\n`);
    await file.sync();
    await file.close();
    await rename(lock, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(lock, { force: true });
    throw error;
  }
}

/** `refs/heads/renewd` and `refs/heads/renewd/state` cannot both exist: one would be file and folder. */
function refuseNameInTheWay(directory: string, name: string): void {
  const inTheWay = [...readRefs(directory).keys()].find(
    (other) => name.startsWith(`${other}/`) || other.startsWith(`${name}/`),
  );
  if (inTheWay === undefined) return;
  throw new OperationError(
    'git-push-denied',
    `${name} cannot be made beside ${inTheWay}; rename that branch or set state.branch`,
    { disposition: 'stall', endsWhen: ['repository'] },
  );
}

/** Adds a line to the reflog where the repository keeps one, as git does for others who read it. IO. */
export async function appendReflog(
  directory: string,
  name: string,
  line: { readonly old: string | null; readonly next: string; readonly who: string; readonly why: string },
): Promise<void> {
  const path = join(directory, 'logs', name);
  if (!existsSync(path)) return;
  await appendFile(path, `${line.old ?? '0'.repeat(40)} ${line.next} ${line.who}\t${line.why}\n`);
}

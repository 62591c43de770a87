/** References of a repository on this machine: loose files and packed-refs; changed only by compare-and-swap under git's own lock file. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { appendFile, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { corrupt, isOid } from './object.ts';
import { isMissing } from './object-store.ts';
import { makeDirectory } from '../make-directory.ts';

/**
 * References below `refs/`, loose ones over packed ones, at most `limits.git.refsMax`, but for those that this user may not read: whoever may push could else make one that
 * stops all others. Which is there of a name is said by `resolveRef`, however many there are. Who asks for such a one by its name is told (`resolveRef`). IO, read-only. `directory`: the common git directory.
 */
export function readRefs(directory: string): Map<string, string> {
  const refs = readPackedRefs(directory);
  const walk = (name: string, depth: number): void => {
    if (depth > limits.git.treeDepthMax) return;
    for (const entry of readable(() => entriesOf(join(directory, name))) ?? []) {
      const child = `${name}/${entry.name}`;
      if (refs.size >= limits.git.refsMax) return;
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

/** The file of packed references; null: there is none. @throws OperationError `git-corrupt` over the bound */
function packedRefs(directory: string): Buffer | null {
  const path = join(directory, 'packed-refs');
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (found.size > limits.git.packedRefsMaxBytes)
    throw corrupt(`${path} is larger than ${String(limits.git.packedRefsMaxBytes)} bytes`);
  return readFileSync(path);
}

/** Lines of packed references, one after the other: there may be more than anybody keeps. */
function* packedLines(bytes: Buffer): Generator<readonly [name: string, oid: string], void, undefined> {
  for (let at = 0; at < bytes.length;) {
    const newline = bytes.indexOf(10, at);
    const end = newline === -1 ? bytes.length : newline;
    const match = /^([0-9a-f]{40}) (\S+)$/.exec(bytes.toString('utf8', at, end));
    if (match !== null) yield [match[2] ?? '', match[1] ?? ''];
    at = end + 1;
  }
}

function readPackedRefs(directory: string): Map<string, string> {
  const refs = new Map<string, string>();
  for (const [name, oid] of packedLines(packedRefs(directory) ?? Buffer.alloc(0))) {
    if (refs.size >= limits.git.refsMax) break;
    refs.set(name, oid);
  }
  return refs;
}

/** One packed reference by its name, without making a text of all the others; `/` at the end: the first below it. */
function packedRef(directory: string, name: string): readonly [name: string, oid: string] | null {
  const bytes = packedRefs(directory);
  if (bytes === null) return null;
  const wanted = Buffer.from(` ${name}`);
  for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + 1)) {
    const start = bytes.lastIndexOf(10, at) + 1;
    const newline = bytes.indexOf(10, at);
    const [found] = packedLines(bytes.subarray(start, newline === -1 ? bytes.length : newline));
    if (found?.[0] === name || (name.endsWith('/') && found?.[0].startsWith(name) === true)) return found;
  }
  return null;
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
    if (text === null) return packedRef(directory, current)?.[1] ?? null;
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
  const parts = name.split('/');
  const above = parts.slice(2).map((_, at) => parts.slice(0, at + 2).join('/'));
  const inTheWay =
    above.find((other) => readable(() => resolveRef(directory, other)) !== null) ??
    firstBelow(directory, name, 0) ??
    packedRef(directory, `${name}/`)?.[0];
  if (inTheWay === undefined) return;
  throw new OperationError(
    'git-push-denied',
    `${name} cannot be made beside ${inTheWay}; rename that branch or set state.branch`,
    { disposition: 'stall', endsWhen: ['repository'] },
  );
}

/** A loose reference below a name that can be read; undefined: there is none. */
function firstBelow(directory: string, name: string, depth: number): string | undefined {
  if (depth > limits.git.treeDepthMax || !isDirectory(join(directory, name))) return undefined;
  for (const entry of readable(() => entriesOf(join(directory, name))) ?? []) {
    const child = `${name}/${entry.name}`;
    if (entry.isDirectory()) {
      const found = firstBelow(directory, child, depth + 1);
      if (found !== undefined) return found;
    } else if (!entry.name.endsWith('.lock') && readable(() => resolveRef(directory, child)) !== null)
      return child;
  }
  return undefined;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
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

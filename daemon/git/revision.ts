/**
 * Revisions as people write them: a full reference name, an id or its beginning, with ^ and ~ behind (gitrevisions(7), the part that CI uses).
 * A short name is taken only where one thing has it. Git prefers a tag to a branch in silence; whoever may push a tag `origin/main` would choose the base.
 */
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Backend } from './backend.ts';
import { readCommit, walkHistory } from './history.ts';
import { isOid } from './object.ts';
import { isRefName } from './refs.ts';

/**
 * The commit a revision names; null when nothing is called so, or a beginning of an id fits none or several of the commits that branches lead to.
 * IO, read-only. @throws OperationError `unsupported` for a short name that several things have, with their full names
 */
export async function resolveRevision(
  backend: Backend,
  text: string,
  signal: AbortSignal,
): Promise<string | null> {
  const match = /^([^~^]+)((?:\^[0-9]?|~[0-9]{0,5})*)$/.exec(text);
  if (match === null) return null;
  let oid = await resolveName(backend, match[1] ?? '', signal);
  for (const [, sign, digits] of (match[2] ?? '').matchAll(/([\^~])([0-9]*)/g)) {
    const count = digits === '' || digits === undefined ? 1 : Number(digits);
    const steps = sign === '~' ? count : count === 0 ? 0 : 1;
    for (let step = 0; step < steps && oid !== null; step++) {
      const parent: string | undefined = readCommit(backend.store(), oid).parents[
        sign === '^' ? count - 1 : 0
      ];
      oid = parent ?? null;
    }
  }
  return oid === null ? null : readCommit(backend.store(), oid).oid;
}

async function resolveName(backend: Backend, name: string, signal: AbortSignal): Promise<string | null> {
  if (isOid(name)) return backend.store().has(name) ? name : null;
  // Who asks for a beginning of an id asks in all of them.
  const refs = await backend.advertise(signal, isBeginning(name) ? [] : fullNames(name));
  const found = fullNames(name).flatMap((ref) => {
    const oid = isRefName(ref) ? (refs.get(ref) ?? backend.resolve(ref)) : null;
    return oid === null ? [] : [{ ref, oid }];
  });
  const commit = isBeginning(name) ? abbreviated(backend, refs.values(), name) : null;
  if (commit !== null) found.push({ ref: commit, oid: commit });
  if (found.length <= 1) return found[0]?.oid ?? null;
  throw new OperationError(
    'unsupported',
    `${JSON.stringify(name)} can mean ${found.map(({ ref }) => ref).join(' or ')}; write one of these in full`,
    { disposition: 'stall', endsWhen: ['configuration'] },
  );
}

/** What a name can stand for: itself where it is whole, else a tag, a branch or a branch of a remote. Pure. */
function fullNames(name: string): readonly string[] {
  if (name === 'HEAD' || name.startsWith('refs/')) return [name];
  return ['refs/', 'refs/tags/', 'refs/heads/', 'refs/remotes/'].map((prefix) => prefix + name);
}

function isBeginning(name: string): boolean {
  return /^[0-9a-f]{7,39}$/.test(name);
}

function abbreviated(backend: Backend, tips: Iterable<string>, beginning: string): string | null {
  const all = [...tips];
  if (all.length >= limits.git.refsMax) {
    throw new OperationError(
      'unsupported',
      `${JSON.stringify(beginning)} may be the beginning of several ids, among more references than are read; write the whole id`,
      { disposition: 'stall', endsWhen: ['configuration'] },
    );
  }
  const found = new Set<string>();
  for (const tip of new Set(all)) {
    const history = { store: backend.store(), shallow: () => backend.shallow() };
    for (const oid of walkHistory(history, tip)) {
      if (oid.startsWith(beginning)) found.add(oid);
    }
  }
  const [only] = found;
  return found.size === 1 ? (only ?? null) : null;
}

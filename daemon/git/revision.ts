/** Revisions as people write them: a branch, a tag, an id or its beginning, with ^ and ~ behind (gitrevisions(7), the part that CI uses). */
import type { Backend } from './backend.ts';
import { readCommit, walkHistory } from './history.ts';
import { isOid } from './object.ts';

/** The commit a revision names; null when nothing is called so, or a beginning of an id fits none or several of the commits that branches lead to. IO, read-only. */
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
  const refs = await backend.advertise(signal);
  for (const prefix of ['', 'refs/', 'refs/tags/', 'refs/heads/', 'refs/remotes/']) {
    const found = refs.get(prefix + name) ?? backend.resolve(prefix + name);
    if (found != null) return found;
  }
  return /^[0-9a-f]{7,39}$/.test(name) ? abbreviated(backend, refs.values(), name) : null;
}

function abbreviated(backend: Backend, tips: Iterable<string>, beginning: string): string | null {
  const found = new Set<string>();
  for (const tip of new Set(tips)) {
    for (const { oid } of walkHistory(backend.store(), tip, backend.shallow())) {
      if (oid.startsWith(beginning)) found.add(oid);
    }
  }
  const [only] = found;
  return found.size === 1 ? (only ?? null) : null;
}

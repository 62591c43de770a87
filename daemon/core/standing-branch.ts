/** Where a branch stands in what a repository shows: here, or as a clone last fetched it from a remote. Pure. */

/** A branch that is there. */
export interface StandingBranch {
  /** Full name of the reference that was taken. */
  readonly ref: string;
  readonly tip: string;
  /** null for a branch of the repository itself; else whose branch of that name it is. */
  readonly remote: string | null;
}

const remotes = 'refs/remotes/';

/**
 * The branch of that name here; where there is none, the one of `origin`, else of the first other remote by name. null only where neither is there: nobody
 * may say that a branch is missing who looked in one of these places alone.
 */
export function standingBranch(refs: ReadonlyMap<string, string>, name: string): StandingBranch | null {
  const own = refs.get(`refs/heads/${name}`);
  if (own !== undefined) return { ref: `refs/heads/${name}`, tip: own, remote: null };
  const theirs = fetchedBranches(refs, name).filter(({ remote }) => !remote.includes('/'));
  return theirs.find(({ remote }) => remote === 'origin') ?? theirs[0] ?? null;
}

/** Every branch of that name that was fetched from a remote, by the name of the remote. A remote's name may hold slashes: for a name with one, what could be a remote counts. */
export function fetchedBranches(
  refs: ReadonlyMap<string, string>,
  name: string,
): readonly (StandingBranch & { readonly remote: string })[] {
  const end = `/${name}`;
  return [...refs]
    .filter(
      ([ref]) => ref.startsWith(remotes) && ref.endsWith(end) && ref.length > remotes.length + end.length,
    )
    .map(([ref, tip]) => ({ ref, tip, remote: ref.slice(remotes.length, -end.length) }))
    .filter(({ remote }) => name.includes('/') || !remote.includes('/'))
    .sort((left, right) => (left.remote < right.remote ? -1 : 1));
}

/** Whether a repository has fetched branches of another. */
export function isClone(refs: ReadonlyMap<string, string>): boolean {
  return [...refs.keys()].some((ref) => ref.startsWith(remotes));
}

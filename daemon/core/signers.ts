/** Who stands behind the names that change control uses. Pure. */
import type { NewCommit } from './change.ts';
import type { ChangeControl, Team } from './model.ts';

/** Principals behind names in a ChangeControl: `team:x`, `owner`, `forge`, or a principal itself. Pure. */
export function signersOf(
  names: readonly string[],
  context: {
    readonly teams: ReadonlyMap<string, Team>;
    readonly owner: string | null;
    readonly forges: readonly string[];
  },
): ReadonlySet<string> {
  const signers = new Set<string>();
  const addTeam = (team: string | null): void => {
    for (const each of (team === null ? undefined : context.teams.get(team))?.signers ?? [])
      signers.add(each);
  };
  for (const name of names) {
    if (name === 'forge') for (const each of context.forges) signers.add(each);
    else if (name === 'owner') addTeam(context.owner);
    else if (name.startsWith('team:')) addTeam(name.slice('team:'.length));
    else signers.add(name);
  }
  return signers;
}

/**
 * Whether a forge made this commit by merging: signed by one of its principals, with more than one parent, and holding what Git merges by itself. What a
 * forge signs otherwise (an edit in a browser, a squash, a conflict solved in a form) is somebody's own work. Pure.
 */
export function isForgeMerge(
  control: Pick<ChangeControl, 'forges'>,
  { merge, automatic, signature }: NewCommit,
): boolean {
  return (
    merge &&
    automatic &&
    signature.verdict === 'good' &&
    signature.principals.some((each) => control.forges.includes(each))
  );
}

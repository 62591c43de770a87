/** Who stands behind the names that change control uses. Pure. */
import type { NewCommit, SignatureFinding } from './change.ts';
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

type Forges = Pick<ChangeControl, 'forges'>;

/** Whether the key is a forge's: it signs what anybody does in a browser. The one function that says so. Pure. */
export function isForges({ forges }: Forges, { principals }: Pick<SignatureFinding, 'principals'>): boolean {
  return principals.some((each) => forges.includes(each));
}

/**
 * The known person who signed a commit; null: nobody known did. What a forge signed was written by nobody known, as what is not signed: who makes a change, vouches
 * for it, approves it, lets it in as an emergency or takes its place is asked here and nowhere else. Pure.
 */
export function personBehind(
  control: Forges,
  { signature }: Pick<NewCommit, 'signature'>,
): SignatureFinding | null {
  return signature.verdict === 'good' && !isForges(control, signature) ? signature : null;
}

/**
 * Whose word a commit is about what it brings: a known person's, or that of a forge for a merge Git makes by itself. null: nobody's. Pure.
 */
export function standingOf(control: Forges, commit: NewCommit): SignatureFinding | null {
  return isForgeMerge(control, commit) ? commit.signature : personBehind(control, commit);
}

/**
 * Whether a forge made this commit by merging: signed by one of its principals, with more than one parent, and holding what Git merges by itself. What a
 * forge signs otherwise (an edit in a browser, a squash, a conflict solved in a form) is somebody's own work. Pure.
 */
export function isForgeMerge(control: Forges, { merge, automatic, signature }: NewCommit): boolean {
  return merge && automatic && signature.verdict === 'good' && isForges(control, signature);
}

/** Who may change a path: the rules of change control by what was in force, and who owns a file. Pure. */
import type { ChangeControl, Desired, SourcePosition } from './model.ts';
import { matchPath } from './path-pattern.ts';
import { signersOf } from './signers.ts';

/** Principals that may change a path; null: every known signer. Pure. */
export function permittedFor(
  control: ChangeControl,
  desired: Desired,
  path: string,
): ReadonlySet<string> | null {
  return ruleFor(control, desired, path).permitted;
}

/** The rule for a path: the last one that matches, as in CODEOWNERS. `permitted` null: every known signer. Pure. */
export function ruleFor(
  control: ChangeControl,
  before: Desired,
  path: string,
): { readonly permitted: ReadonlySet<string> | null; readonly source: SourcePosition } {
  for (const rule of control.paths.toReversed()) {
    for (const pattern of rule.paths) {
      const match = matchPath(pattern, path);
      if (match === null) continue;
      const owners = match.team === null ? ownersIn([before], path) : [match.team];
      const signers = (owner: string | null): ReadonlySet<string> =>
        signersOf(rule.signers, { teams: before.teams, owner, forges: control.forges });
      const [first = signers(null), ...others] = owners.map(signers);
      // What several teams own takes somebody who is of all of them.
      const permitted = others.reduce((left, each) => left.intersection(each), first);
      return { permitted, source: rule.source };
    }
  }
  return { permitted: null, source: control.source };
}

/** The teams that a file belongs to in any of these states: by folder for certificates, by its own word for an endpoint. Pure. */
export function ownersIn(states: readonly Desired[], path: string): readonly string[] {
  const folder = /^inventory\/certificates\/([^/]+)\//.exec(path)?.[1];
  if (folder !== undefined) return [folder];
  return [...new Set(states.flatMap(({ endpoints }) => endpointOwners(endpoints).get(path) ?? []))];
}

/** Made once a state: every file of a change is asked about. */
const ownersOf = new WeakMap<Desired['endpoints'], ReadonlyMap<string, readonly string[]>>();

function endpointOwners(endpoints: Desired['endpoints']): ReadonlyMap<string, readonly string[]> {
  const known = ownersOf.get(endpoints);
  if (known !== undefined) return known;
  const made = new Map<string, string[]>();
  for (const { team, source } of endpoints.values()) {
    if (team === null) continue;
    const there = made.get(source.file);
    if (there === undefined) made.set(source.file, [team]);
    else there.push(team);
  }
  ownersOf.set(endpoints, made);
  return made;
}

/**
 * Who may do what a change does: change its files, bring what decides for everybody, set labels that are reserved. Judged by what was in force before it. Pure.
 */
import { putThere, standingBehind } from './change-standing.ts';
import type { DocumentChange } from './change-plan.ts';
import { approving } from './change-time.ts';
import type { ChangeInput, ChangeReason } from './change.ts';
import type { ChangeControl, Desired, SourcePosition } from './model.ts';
import { matchPath } from './path-pattern.ts';
import { anyPolicyFile, policyNewcomers } from './policy-places.ts';
import { isForges, signersOf, standingOf } from './signers.ts';

/** What is done without the right to do it. An emergency needs none: `judgeChange` does not ask. Pure. */
export function rightsReasons(control: ChangeControl, input: ChangeInput): ChangeReason[] {
  return [
    ...pathReasons(control, input),
    ...teamReasons(control, input),
    ...placeReasons(control, input),
    ...labelReasons(control, input),
  ];
}

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

/** Whatever says in `metadata.team` whose it is, of every kind that can. Pure. */
export function* statedTeams(desired: Desired): Generator<{
  readonly name: string;
  readonly team: string;
  readonly source: SourcePosition;
}> {
  for (const all of [desired.certificates, desired.endpoints]) {
    for (const [name, { team, source }] of all) if (team !== null) yield { name, team, source };
  }
}

/** The team that the folder of a file belongs to: by the rule that counts for it, or because the folder has the name of a team; null: it belongs to none. */
function teamOfFolder(control: ChangeControl, { before, after }: ChangeInput, path: string): string | null {
  for (const { paths } of control.paths.toReversed()) {
    const match = paths.map((pattern) => matchPath(pattern, path)).find((each) => each !== null);
    if (match === undefined) continue;
    if (match.team !== null) return match.team;
    break;
  }
  const folder = /^inventory\/[^/]+\/([^/]+)\//.exec(path)?.[1];
  return folder !== undefined && (before.teams.has(folder) || after.teams.has(folder)) ? folder : null;
}

/**
 * What says that it is of a team does not stand in the folder of another: rights go by the folder, and who may write there would speak for a team that is not theirs. This
 * holds whoever makes the change, since the folder stays in those hands.
 */
function teamReasons(control: ChangeControl, input: ChangeInput): ChangeReason[] {
  const changed = new Set(input.plan.documents.map((each) => each.path));
  return [...statedTeams(input.after)].flatMap(({ name, team, source }): ChangeReason[] => {
    if (!changed.has(source.file)) return [];
    const folder = teamOfFolder(control, input, source.file);
    if (folder === null || folder === team) return [];
    return [
      {
        code: 'path-not-permitted',
        message: `${name} says that it is of team ${team} and stands in the folder of team ${folder} (${source.file}:${String(source.line)}), whose people may change it`,
        fix: `Move the file into the folder of team ${team}, with somebody who may change that, or write metadata.team: ${folder}.`,
        commit: input.tip.oid,
        source,
      },
    ];
  });
}

const forgeWords =
  '. A forge counts only for a merge commit that holds what Git merges by itself: no squash, no edit in the browser, no conflict solved in it';

function pathReasons(control: ChangeControl, input: ChangeInput): ChangeReason[] {
  return input.plan.documents.flatMap((document) => {
    const { permitted, source } = ruleFor(control, input.before, document.path);
    const against = notBehind(control, input, document, permitted);
    if (against === null) return [];
    return [
      {
        code: 'path-not-permitted',
        message: `${document.path} was changed by ${against.who}; ${against.may} may change it (${source.file}:${String(source.line)})${against.forged ? forgeWords : ''}`,
        fix: `Have one of them make the change, sign the merge, or vouch for exactly this plan: git commit --allow-empty -S -m "Vouch" --trailer "Renewd-Approve: ${input.hash}"`,
        commit: input.tip.oid,
        source: { file: document.path, line: 1, column: 1 },
      },
    ];
  });
}

/** Who stands behind a file in vain, and who could, in words; null: one of `permitted` (null: anybody) stands behind it. */
function notBehind(
  control: ChangeControl,
  input: ChangeInput,
  document: DocumentChange,
  permitted: ReadonlySet<string> | null,
): { readonly who: string; readonly may: string; readonly forged: boolean } | null {
  if (permitted === null) return null;
  const behind = authorsOf(control, input, document);
  if (behind.some((each) => permitted.has(each))) return null;
  const forged = forgesThatPut(control, input, document);
  const tried = [...new Set([...behind, ...forged])].sort();
  return {
    who: tried.length === 0 ? 'nobody who is known' : tried.join(', '),
    may: permitted.size === 0 ? 'nobody' : [...permitted].sort().join(', '),
    forged: forged.length > 0,
  };
}

/** A forge signs every edit in a browser too; only a merge that Git makes by itself says that its rules of review were kept. So these stand behind nothing. */
function forgesThatPut(control: ChangeControl, input: ChangeInput, document: DocumentChange): string[] {
  return input.commits.flatMap((each) =>
    isForges(control, each.signature) &&
    standingOf(control, each) === null &&
    putThere(each, input.tip, document)
      ? each.signature.principals
      : [],
  );
}

/** A folder below policies/ that is given into other hands hands over no more than its name says: what else decides for everybody takes those who may change all of it. */
function placeReasons(control: ChangeControl, input: ChangeInput): ChangeReason[] {
  const { before, after, plan } = input;
  const governors = [anyPolicyFile, control.source.file].map((path) => permittedFor(control, before, path));
  if (governors.includes(null)) return [];
  const permitted = new Set(governors.flatMap((each) => [...(each ?? [])]));
  return policyNewcomers(before, after, plan.documents).flatMap(({ kind, name, folder, document }) => {
    const against = notBehind(control, input, document, permitted);
    if (against === null) return [];
    const { path } = document;
    const place = folder === null ? 'and is given into no other hands' : `outside of ${folder}`;
    return [
      {
        code: 'path-not-permitted',
        message: `${path} was changed by ${against.who} and brings ${kind} ${name}, which decides for everybody, ${place}; ${against.may} may bring one, who may change policies/ as a whole (${control.source.file}:${String(control.source.line)})${against.forged ? forgeWords : ''}`,
        fix: `${folder === null ? 'Have' : `Put it below ${folder}, if you may change that, or have`} one of them make the change, sign the merge, or vouch for exactly this plan: git commit --allow-empty -S -m "Vouch" --trailer "Renewd-Approve: ${input.hash}"`,
        commit: input.tip.oid,
        source: { file: path, line: 1, column: 1 },
      },
    ];
  });
}

/**
 * A label that means something to whoever governs is set, changed and taken away by those it is reserved for. A certificate that goes takes its labels along, so it goes
 * with them too: it could come back without. Retired, it keeps them.
 */
function labelReasons(control: ChangeControl, input: ChangeInput): ChangeReason[] {
  const { before, after, plan } = input;
  return plan.certificates.flatMap(({ certificate: id }) => {
    // What was accepted counts, also while it cannot be used and an older declaration is in force.
    const old = before.unusable?.get(id) ?? before.certificates.get(id);
    const next = after.certificates.get(id);
    const shown = next ?? old;
    if (shown === undefined) return [];
    return control.reservedLabels.flatMap(({ name, signers, source }): ChangeReason[] => {
      const [was, will] = [old, next].map((each) =>
        each !== undefined && Object.hasOwn(each.labels, name) ? each.labels[name] : undefined,
      );
      if (was === will) return [];
      const owner = shown.team;
      const permitted = signersOf(signers, { teams: before.teams, owner, forges: control.forges });
      const document = plan.documents.find((each) => each.path === shown.source.file);
      if (document !== undefined && authorsOf(control, input, document).some((each) => permitted.has(each)))
        return [];
      const done =
        next === undefined ? 'goes along' : will === undefined ? 'is taken away' : `is set to ${will}`;
      const instead =
        next === undefined
          ? 'Retire the certificate instead (state: retired), which keeps the label'
          : `Leave label ${name} as it is`;
      return [
        {
          code: 'label-reserved',
          message: `${id}: label ${name} ${done}; only ${[...permitted].sort().join(', ') || 'nobody'} may (${source.file}:${String(source.line)})`,
          fix: `${instead}, or have one of them vouch for exactly this plan: git commit --allow-empty -S -m "Vouch" --trailer "Renewd-Approve: ${input.hash}"`,
          commit: input.tip.oid,
          source: shown.source,
        },
      ];
    });
  });
}

/**
 * Who stands behind the content a file has now: who signed the commit on the branch that put it there, who signed the commit that wrote this content and that nothing
 * replaced since, and who signed an approval of exactly this plan. Pure.
 */
export function authorsOf(control: ChangeControl, input: ChangeInput, document: DocumentChange): string[] {
  const vouching = approving(control, input).map((each) => each.signature);
  const behind = [...standingBehind(control, input, document), ...vouching];
  return [...new Set(behind.flatMap((each) => each.principals))].sort();
}

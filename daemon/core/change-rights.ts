/**
 * Who may do what a change does: change its files, bring what decides for everybody, set labels that are reserved. Judged by what was in force before it. Pure.
 */
import { addPerson, isOneOf, noPeople } from './change-people.ts';
import { leftOutOf, mayDecide, putThere, standingBehind } from './change-standing.ts';
import type { DocumentChange } from './change-plan.ts';
import { approving } from './change-time.ts';
import { writersIn } from './change-writers.ts';
import type { ChangeInput, ChangeReason, NewCommit } from './change.ts';
import { endpointReasons } from './endpoint-rights.ts';
import { resourceLabelReasons } from './label-rights.ts';
import type { ChangeControl, Desired, SourcePosition } from './model.ts';
import { matchPath } from './path-pattern.ts';
import { permittedFor, ruleFor } from './path-rule.ts';
import { anyPolicyFile, policyNewcomers } from './policy-places.ts';
import { isForges, personBehind, signersOf, standingOf } from './signers.ts';

/** What is done without the right to do it. An emergency needs none: `judgeChange` does not ask. Pure. */
export function rightsReasons(control: ChangeControl, input: ChangeInput): ChangeReason[] {
  return [
    ...pathReasons(control, input),
    ...mergeReasons(control, input),
    ...teamReasons(control, input),
    ...placeReasons(control, input),
    ...labelReasons(control, input),
    ...resourceLabelReasons(control, input, (document) => authorsOf(control, input, document)),
    ...endpointReasons(input, (document, path) =>
      notBehind(control, input, document, permittedFor(control, input.before, path)),
    ),
  ];
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
        message: `${document.path} was changed by ${against.who}; ${against.may} may change it (${source.file}:${String(source.line)})${against.words}`,
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
): { readonly who: string; readonly may: string; readonly words: string } | null {
  if (permitted === null) return null;
  const behind = authorsOf(control, input, document);
  if (behind.some((each) => permitted.has(each))) return null;
  const forged = forgesThatPut(control, input, document);
  const tried = [...new Set([...behind, ...forged])].sort();
  return {
    who: tried.length === 0 ? 'nobody who is known' : tried.join(', '),
    may: inWords(permitted),
    words: (forged.length > 0 ? forgeWords : '') + halvesOf(control, input, document),
  };
}

function inWords(permitted: ReadonlySet<string>): string {
  return permitted.size === 0 ? 'nobody' : [...permitted].sort().join(', ');
}

/** Whose commits brought the content and came in by half only, in words; empty where there are none. */
function halvesOf(control: ChangeControl, input: ChangeInput, document: DocumentChange): string {
  const halves = input.commits.flatMap((each) => {
    const left = putThere(each, input.tip, document) ? leftOutOf(control, input, each) : null;
    return left === null || standingOf(control, each) === null
      ? []
      : `. ${each.signature.principals.join(', ')} signed it together with ${left}, which is left out here by somebody who may not decide that`;
  });
  return [...new Set(halves)].slice(0, 3).join('');
}

/**
 * What a merge decided of a file that somebody else wrote within the change takes the right to change it, also where the file stays as it was in force: whoever
 * leaves out half of a change says that the other half may go alone.
 */
function mergeReasons(control: ChangeControl, input: ChangeInput): ChangeReason[] {
  const asked = new Set(input.plan.documents.map((each) => each.path));
  return input.commits.flatMap((merge) => {
    if (!merge.merge) return [];
    return merge.brought.flatMap(({ path }): ChangeReason[] => {
      if (asked.has(path) || !isOthers(control, input, merge, path)) return [];
      const { permitted, source } = ruleFor(control, input.before, path);
      if (permitted === null || mayDecide(control, input, merge, path)) return [];
      asked.add(path);
      const who = merge.signature.principals.join(', ') || 'nobody who is known';
      return [
        {
          code: 'path-not-permitted',
          message: `${path} is left out of what merge ${merge.oid.slice(0, 10)} merges, by ${who}; ${inWords(permitted)} may change it (${source.file}:${String(source.line)})`,
          fix: `Merge what was signed as a whole, or have one of them sign the merge or vouch for exactly this plan: git commit --allow-empty -S -m "Vouch" --trailer "Renewd-Approve: ${input.hash}"`,
          commit: merge.oid,
          source: { file: path, line: 1, column: 1 },
        },
      ];
    });
  });
}

/** Whether anybody but who signed the merge wrote the file within the change. */
function isOthers(control: ChangeControl, input: ChangeInput, merge: NewCommit, path: string): boolean {
  const maker = noPeople();
  const person = personBehind(control, merge);
  if (person !== null) addPerson(maker, person);
  return writersIn(input.commits, path).some((each) => {
    if (each === merge) return false;
    const writer = personBehind(control, each);
    return writer === null || !isOneOf(maker, writer);
  });
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
        message: `${path} was changed by ${against.who} and brings ${kind} ${name}, which decides for everybody, ${place}; ${against.may} may bring one, who may change policies/ as a whole (${control.source.file}:${String(control.source.line)})${against.words}`,
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

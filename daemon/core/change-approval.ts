/** Approvals: which rules ask for them, who has given them for exactly this plan, and whether that is enough. Pure. */
import type { ChangeInput } from './change.ts';
import { addPerson, isOneOf, noPeople, peopleWhoMade, type People } from './change-people.ts';
import { standingBehind } from './change-standing.ts';
import { approving, isTimely, untimely } from './change-time.ts';
import { decidersIn, replacedOf } from './change-writers.ts';
import type { ApprovalRule } from './governance.ts';
import type { Certificate, ChangeControl, Desired, SourcePosition } from './model.ts';
import { matchPath } from './path-pattern.ts';
import { ownersIn } from './path-rule.ts';
import { placesOf } from './policy-places.ts';
import { selectionOf, surroundingsOf } from './policy-selection.ts';
import { isForgeMerge, isForges, personBehind, signersOf } from './signers.ts';

export interface ApprovalState {
  readonly rule: string;
  readonly needed: number;
  /** As the rule writes them. */
  readonly from: readonly string[];
  readonly by: readonly { readonly principal: string; readonly commit: string }[];
  /** What in the change asks for it. */
  readonly why: string;
  readonly satisfied: boolean;
  readonly source: SourcePosition;
}

/**
 * Every approval this change needs, with what was given. Where owners are asked, each of them is: of whatever it touches, so that nobody's own file lets in another's. A person counts once, whoever made the change not at all. Where it is not signed who made it, and nobody who
 * may change the files stands behind them, anybody who approves may be the maker: one approval of each rule then counts as the maker's.
 */
export function approvalsOf(
  control: ChangeControl,
  input: ChangeInput,
  /** Who may change a path; null: every known signer. */
  permittedFor: (path: string) => ReadonlySet<string> | null,
): ApprovalState[] {
  const makers = makersOf(control, input, permittedFor);
  const late = untimely(control, input);
  return control.approvals.flatMap((rule) => {
    return reasonsFor(rule, input).map(({ text, owner }) => {
      const permitted = signersOf(rule.from, { teams: input.before.teams, owner, forges: control.forges });
      const given = givenBy(control, input, makers, permitted);
      const [maker] = given;
      const unknown = makers.unknown === null ? null : `nobody signed ${makers.unknown}`;
      const by = unknown === null ? given : given.slice(1);
      const { signature } = input.tip;
      const merged =
        rule.forgeMerge && isForgeMerge(control, input.tip) && isTimely(control, input.tip, input.now);
      if (merged) by.push(...signature.principals.map((principal) => ({ principal, commit: input.tip.oid })));
      const more =
        unknown === null
          ? ''
          : `; ${unknown}, so ${maker?.principal ?? 'the first of them'} counts as its maker`;
      return {
        rule: rule.name,
        needed: rule.count,
        from: rule.from,
        by,
        why: text + more + (late === '' ? '' : `; ${late}`),
        satisfied: merged || by.length >= rule.count,
        source: rule.source,
      };
    });
  });
}

/** Approvals of exactly this plan by people who may give them and did not make it, one a person. */
function givenBy(
  control: ChangeControl,
  input: ChangeInput,
  makers: Makers,
  permitted: ReadonlySet<string>,
): { principal: string; commit: string }[] {
  const given: { principal: string; commit: string }[] = [];
  const counted = noPeople();
  for (const { signature, oid } of approving(control, input)) {
    // One signature is one person, whatever else the key is called, and whoever made the change is none of them.
    if (isOneOf(makers.people, signature) || isOneOf(counted, signature)) continue;
    const may = signature.principals.filter((each) => permitted.has(each));
    const [principal] = may;
    if (principal === undefined) continue;
    given.push({ principal, commit: oid });
    addPerson(counted, { principals: may, key: signature.key });
  }
  return given;
}

interface Makers {
  readonly people: People;
  /** A file that somebody wrote without a signature of theirs, or no commit says it wrote, and that nobody who may change it stands behind; null: there is none. */
  readonly unknown: string | null;
}

/**
 * Who made the change: every signer of a commit that wrote a file of it, replaced since or not. A merge makes what is not merged by itself. Of what somebody wrote
 * without a signature that counts, or in a browser, where the forge signs for everybody, whoever put it on the branch makes it, where they may change the file. What no commit says it wrote, somebody wrote all the same.
 */
function makersOf(
  control: ChangeControl,
  input: ChangeInput,
  permittedFor: (path: string) => ReadonlySet<string> | null,
): Makers {
  const people = peopleWhoMade(control, input.commits, input.plan.documents);
  const unsigned = new Set(
    input.commits.flatMap((commit) =>
      personBehind(control, commit) !== null ? [] : commit.paths.map((each) => each.path),
    ),
  );
  const written = new Set(input.commits.flatMap(({ paths }) => paths.map((each) => each.path)));
  let unknown: string | null = null;
  for (const document of input.plan.documents) {
    if (written.has(document.path) && !unsigned.has(document.path)) continue;
    const permitted = permittedFor(document.path);
    const behind = standingBehind(control, input, document).filter(
      (each) =>
        !isForges(control, each) &&
        (permitted === null || each.principals.some((principal) => permitted.has(principal))),
    );
    for (const each of behind) addPerson(people, each);
    if (behind.length === 0) unknown ??= document.path;
  }
  return { people, unknown: unknown ?? dividedByNobody(control, input) };
}

/** A file of which nobody known decided that it is left out of a signed commit that wrote files of the change; null: there is none. */
function dividedByNobody(control: ChangeControl, { commits, plan }: ChangeInput): string | null {
  const files = new Set(plan.documents.map((each) => each.path));
  for (const commit of commits) {
    if (personBehind(control, commit) === null || !commit.paths.some(({ path }) => files.has(path))) continue;
    const isNobodys = (path: string): boolean =>
      decidersIn(commits, path).every((each) => personBehind(control, each) === null);
    const path = replacedOf(commit).find(isNobodys);
    if (path !== undefined) return path;
  }
  return null;
}

/** What in a change asks for approval, and whose it is; null: nobody's. */
interface Reason {
  readonly text: string;
  readonly owner: string | null;
}

/** Why a rule asks: once, or where it asks owners once of each of them. */
function reasonsFor(rule: ApprovalRule, input: ChangeInput): readonly Reason[] {
  const asksOwners = rule.from.includes('owner');
  const found = new Map<string | null, Reason>();
  for (const each of reasonsIn(rule, input)) {
    if (!asksOwners) return [each];
    const { text, owner } = each;
    if (!found.has(owner))
      found.set(owner, { text: owner === null ? text : `${text}, of team ${owner}`, owner });
  }
  return [...found.values()];
}

/** Everything a rule asks for: files first. */
function* reasonsIn(rule: ApprovalRule, input: ChangeInput): Generator<Reason, void, undefined> {
  const { before, after, plan } = input;
  for (const { path } of plan.documents) {
    for (const place of placesOf([before, after], path)) {
      for (const pattern of rule.paths) {
        const match = matchPath(pattern, place);
        if (match === null) continue;
        const owners = match.team === null ? ownersIn([before, after], path) : [match.team];
        if (owners.length === 0) yield { text: path, owner: null };
        for (const owner of owners) yield { text: path, owner };
      }
    }
  }
  if (rule.certificates !== null) yield* certificateReasons(rule.certificates, input);
}

/** What is in force of it, what was accepted and cannot be used yet, and what it will be. */
function versionsOf(id: string, before: Desired, after: Desired): (Certificate | undefined)[] {
  return [before.certificates.get(id), before.unusable?.get(id), after.certificates.get(id)];
}

/** A certificate counts by what it was and by what it will be: taking the label away does not take the approval away. */
function* certificateReasons(
  { selector, wildcard }: NonNullable<ApprovalRule['certificates']>,
  { before, after, plan }: ChangeInput,
): Generator<Reason, void, undefined> {
  // Of an endpoint or a team that is new the change itself says what it is; of those in force what was in force.
  const around = surroundingsOf({
    changeControl: before.changeControl,
    teams: new Map([...after.teams, ...before.teams]),
    endpoints: new Map([...after.endpoints, ...before.endpoints]),
  });
  for (const { certificate } of plan.certificates) {
    for (const each of versionsOf(certificate, before, after)) {
      if (each === undefined || selectionOf(selector, each, around) === 'no') continue;
      const star = each.dnsNames.find((name) => name.startsWith('*.'));
      if (wildcard && star === undefined) continue;
      yield {
        text: `${certificate} asks for ${star ?? each.dnsNames[0] ?? each.ipAddresses[0] ?? 'a name'}`,
        owner: each.team,
      };
    }
  }
}

/**
 * Changes that are not in force: how many are kept, for how long they may still take effect, and what pushes one out. Nothing of it is decided by a date that an
 * author writes, and nobody who is not known takes the place of somebody who is.
 */
import type { ChangeReason, NewCommit } from '../core/change-judgement.ts';
import { addPerson, isOneOf, noPeople } from '../core/change-people.ts';
import { permittedFor } from '../core/change-judgement.ts';
import type { ChangeControl, Desired, Instant } from '../core/model.ts';
import { timestamp } from '../core/timestamp.ts';
import { keyOf } from '../core/same.ts';
import { isForges, personBehind, standingOf } from '../core/signers.ts';
import type { TreeEntryChange } from '../git/repository.ts';
import { limits } from '../limits.ts';
import type { HeldChange, Memory } from './memory.ts';

/** Whose a change is: the first name of a key this repository knows, or nobody's. All of nobody share one place. */
function signerOf({ signature }: NewCommit): string | null {
  return signature.verdict === 'good' ? (signature.principals[0] ?? null) : null;
}

/** Without change control no key is a forge's. */
export const noForges: Pick<ChangeControl, 'forges'> = { forges: [] };

/** Whose place a held change takes. What a forge merged is of who signed it before; where nobody did, of the folder it is for, so that one team does not fill the forge's. */
function whose({ tip, commits, changes }: HeldChange, desired: Desired | null): string | null {
  const signer = signerOf(tip);
  const forges = desired?.changeControl ?? noForges;
  if (signer === null || !isForges(forges, tip.signature)) return signer;
  for (const each of commits) {
    const [maker] = each.paths.length > 0 ? (personBehind(forges, each)?.principals ?? []) : [];
    if (maker !== undefined) return maker;
  }
  return keyOf(signer, changes[0]?.path.split('/').slice(0, 3).join('/') ?? null);
}

/**
 * Keeps a change that is not in force, within bounds: so many of each signer, so many of nobody, so many in all, and so much text in all. Where there are too many, what comes from nobody
 * goes first; then the team with most held gives up, of it the signer with most, of theirs what is refused before what waits, and the newest first. So nobody's
 * request goes because others ask for much. What is not kept is counted in `memory.notKept`. Changes `memory`.
 */
export function keepHeld(memory: Pick<Memory, 'held' | 'notKept' | 'desired'>, change: HeldChange): void {
  memory.held.set(change.commit, change);
  for (;;) {
    const out = tooMany(memory, whose(change, memory.desired));
    if (out === null) return;
    memory.held.delete(out.commit);
    memory.notKept.count++;
    memory.notKept.commits = [out.commit, ...memory.notKept.commits].slice(0, limits.governance.notKeptNamed);
  }
}

/** What a held change takes in the journal, about: its files, and those of each of its commits. Never less than what it writes of paths. */
function textOf({ changes, commits, approvals = [], tip }: HeldChange): number {
  const files = [changes, tip.paths, tip.brought, tip.changed ?? []];
  for (const each of [...commits, ...approvals]) files.push(each.paths, each.brought, each.changed ?? []);
  let text = 0;
  // In JSON a character may take six.
  for (const list of files) for (const { path } of list) text += 100 + JSON.stringify(path).length;
  return text;
}

/** Counted once each. */
const texts = new WeakMap<HeldChange, number>();

function textHeld(held: Memory['held']): number {
  let sum = 0;
  for (const each of held.values()) {
    let text = texts.get(each);
    if (text === undefined) texts.set(each, (text = textOf(each)));
    sum += text;
  }
  return sum;
}

/** The one that has to go; null while all find a place. */
function tooMany(
  { held, desired }: Pick<Memory, 'held' | 'desired'>,
  signer: string | null,
): HeldChange | null {
  const bySigner = new Map<string | null, HeldChange[]>();
  for (const each of held.values()) {
    const who = whose(each, desired);
    const theirs = bySigner.get(who);
    if (theirs === undefined) bySigner.set(who, [each]);
    else theirs.push(each);
  }
  const mine = bySigner.get(signer) ?? [];
  const most = signer === null ? limits.governance.heldUnknownMax : limits.governance.heldPerSignerMax;
  if (mine.length > most) return leastWanted(mine);
  if (held.size <= limits.governance.heldMax && textHeld(held) <= limits.governance.heldTextMaxChars)
    return null;
  return leastWanted(bySigner.get(null) ?? bySigner.get(heaviest(bySigner, desired)) ?? []);
}

/** The signer with most held of the team with most held. Who is of several teams counts for the one with fewest, who is of none stands alone. */
function heaviest(
  bySigner: ReadonlyMap<string | null, readonly HeldChange[]>,
  desired: Desired | null,
): string | null {
  const own = (signer: string): number => bySigner.get(signer)?.length ?? 0;
  const teamsOf = new Map<string, number[]>();
  for (const { signers } of desired?.teams.values() ?? []) {
    const members = [...new Set(signers)];
    let sum = 0;
    for (const each of members) sum += own(each);
    for (const each of members) teamsOf.set(each, [...(teamsOf.get(each) ?? []), sum]);
  }
  let found: { readonly signer: string; readonly team: number; readonly own: number } | null = null;
  for (const signer of bySigner.keys()) {
    if (signer === null) continue;
    const here = { signer, team: Math.min(...(teamsOf.get(signer) ?? [own(signer)])), own: own(signer) };
    const more = found === null ? 1 : here.team - found.team || here.own - found.own;
    // Of those alike the one whose requests came last.
    if (more >= 0) found = here;
  }
  return found?.signer ?? null;
}

/** What is refused before what waits; of those alike the newest, so that a flood pushes out itself. */
function leastWanted(changes: readonly HeldChange[]): HeldChange | null {
  let least: HeldChange | null = null;
  for (const each of changes) if (least?.outcome !== 'refused' || each.outcome === 'refused') least = each;
  return least;
}

/**
 * The approvals a held change has, with those of new commits that name exactly its hash. A commit joins only by a good signature of a person; one signer takes one place, and one
 * more for an emergency: the newest of theirs. What else such a commit changes is judged where it was made, and nobody makes a change by approving it. Pure.
 */
export function joinApprovals(
  known: readonly NewCommit[],
  commits: readonly NewCommit[],
  hash: string,
  control: Pick<ChangeControl, 'forges'>,
): readonly NewCommit[] {
  const who = ({ breakGlass, signature: { key, principals } }: NewCommit): string =>
    JSON.stringify([key, principals, breakGlass !== null]);
  const joined = new Map(known.map((each) => [who(each), each]));
  let added = false;
  for (const each of commits) {
    if (personBehind(control, each) === null || each.malformed !== null || !each.approves.includes(hash))
      continue;
    const place = who(each);
    const old = joined.get(place);
    // Whose time is over sign again.
    if (old?.approves.includes(hash) === true && old.committedAt >= each.committedAt) continue;
    if (old === undefined && joined.size >= limits.governance.approvalsKeptMax) continue;
    joined.set(place, { ...each, paths: [], brought: [], changed: [] });
    added = true;
  }
  return added ? [...joined.values()] : known;
}

/** As many reasons as anybody reads, of every code the first; the last says how many more there are. Pure. */
export function fewReasons(reasons: readonly ChangeReason[]): readonly ChangeReason[] {
  const max = limits.governance.reasonsPerChangeMax;
  if (reasons.length <= max) return reasons;
  const codes = new Set<string>();
  const [firsts, others]: [ChangeReason[], ChangeReason[]] = [[], []];
  for (const each of reasons) {
    (codes.has(each.code) ? others : firsts).push(each);
    codes.add(each.code);
  }
  const shown = [...firsts, ...others].slice(0, max);
  const rest = ` (and ${String(reasons.length - max)} more reasons)`;
  return shown.map((each, at) => (at === max - 1 ? { ...each, message: each.message + rest } : each));
}

/** When a request can no longer take effect by itself; null where nobody says who must agree. Pure. */
export function lapsesAt(
  control: ChangeControl | null,
  { seenAt }: Pick<HeldChange, 'seenAt'>,
): Instant | null {
  return control === null ? null : seenAt + control.approvalsLapseMs;
}

/** Why it no longer takes effect, whoever approves it now; null while it may. The time counts from when the daemon first saw it. Pure. */
export function lapsed(control: ChangeControl | null, held: HeldChange, now: Instant): ChangeReason | null {
  const at = lapsesAt(control, held);
  if (at === null || now < at) return null;
  return {
    code: 'approval-lapsed',
    message: `it was not agreed to by ${timestamp(at)}, so no approval lets it in any more`,
    fix: 'Revert it, or ask anew: change the file again (a comment is enough) and push.',
    commit: held.commit,
    source: control?.source ?? null,
  };
}

/** A change that brings other contents. */
export interface Newer {
  readonly tip: NewCommit;
  readonly accepted: boolean;
  readonly before: Desired;
}

/**
 * A newer content of a file takes the place of one that is held, where it may: it took effect, or it comes from who wrote that file, or from somebody who may change it.
 * Who asked for a change takes it back as a whole; what nobody known asked for makes way for anything. So nobody else chooses which half of it waits on, and an edit in
 * a browser, which anybody may have made, takes the place of nobody's work. Changes `memory`.
 */
export function supersede(
  memory: Pick<Memory, 'held'>,
  changes: readonly TreeEntryChange[],
  newer: Newer,
): void {
  const paths = new Set(changes.map((each) => each.path));
  for (const [commit, held] of memory.held) {
    // Where no file is known nothing can take its place.
    if (commit === newer.tip.oid || held.changes.length === 0) continue;
    const whole = held.changes.every(({ path }) => paths.has(path)) && maySupersedeWhole(held, newer);
    const left = whole
      ? []
      : held.changes.filter(({ path }) => !paths.has(path) || !mayReplace(held, path, newer));
    if (left.length === 0) memory.held.delete(commit);
    else if (left.length < held.changes.length)
      memory.held.set(commit, newer.tip.merge ? divided(held, left, newer.tip) : { ...held, changes: left });
  }
}

/** A merge that leaves out a part of what it merges decides about the rest as well: its maker is a maker of that, as where both are one change. */
function divided(held: HeldChange, changes: HeldChange['changes'], merge: NewCommit): HeldChange {
  const paths = new Set(changes.map((each) => each.path));
  const rest = (each: NewCommit): NewCommit => ({
    ...each,
    brought: each.brought.filter(({ path }) => paths.has(path)),
  });
  const commits = held.commits.filter(({ oid }) => oid !== merge.oid).map(rest);
  return { ...held, changes, tip: rest(held.tip), commits: [...commits, { ...merge, brought: [] }] };
}

/** Whether a commit is by one of those who brought a held change, or the change is as much nobody's as the commit. */
function maySupersedeWhole(held: HeldChange, { tip, before }: Newer): boolean {
  const control = before.changeControl;
  if (control === null || signerOf(held.tip) === null) return true;
  const asked = [held.tip, ...held.commits.filter(({ paths }) => paths.length > 0)];
  return isByOneOf(control, asked, tip) || isBrowsers(control, asked, tip);
}

/** Whether a file of a held change may be replaced alone. */
function mayReplace(held: HeldChange, path: string, { tip, accepted, before }: Newer): boolean {
  const control = before.changeControl;
  if (accepted || control === null) return true;
  const wrote = held.commits.filter(({ paths }) => paths.some((each) => each.path === path));
  if (!held.tip.merge) wrote.push(held.tip);
  if (signerOf(held.tip) === null && wrote.every((each) => signerOf(each) === null)) return true;
  if (isByOneOf(control, wrote, tip)) return true;
  const permitted = permittedFor(control, before, path);
  const standing = standingOf(control, tip);
  if (standing === null) return false;
  return permitted === null || standing.principals.some((each) => permitted.has(each));
}

function isByOneOf(control: ChangeControl, commits: readonly NewCommit[], tip: NewCommit): boolean {
  const people = noPeople();
  for (const each of commits) {
    const person = standingOf(control, each);
    if (person !== null) addPerson(people, person);
  }
  const newer = standingOf(control, tip);
  return newer !== null && isOneOf(people, newer);
}

/** Edits in a browser alone, replaced by one: anybody may have made either. */
function isBrowsers(control: ChangeControl, commits: readonly NewCommit[], tip: NewCommit): boolean {
  return [...commits, tip].every(
    (each) =>
      each.signature.verdict === 'good' &&
      isForges(control, each.signature) &&
      standingOf(control, each) === null,
  );
}

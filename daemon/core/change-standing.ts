/**
 * Who stands behind the content of a file by having signed a commit that put it there. A commit is signed as a whole: where somebody who may not decide that left out a
 * part of it, its signer stands behind nothing of it. Pure.
 */
import { addPerson, isOneOf, noPeople } from './change-people.ts';
import type { DocumentChange } from './change-plan.ts';
import { approving } from './change-time.ts';
import type { ChangeInput, NewCommit, SignatureFinding } from './change.ts';
import type { ChangeControl } from './model.ts';
import { permittedFor } from './path-rule.ts';
import { decidersIn, replacedOf } from './change-writers.ts';
import { personBehind, standingOf } from './signers.ts';

/**
 * Good signatures behind the content a file has now: of the commit on the branch that put it there, and of the commit that wrote this content and that nothing replaced
 * since. Approvals are not among them. Pure.
 */
export function standingBehind(
  control: ChangeControl,
  input: ChangeInput,
  document: DocumentChange,
): SignatureFinding[] {
  return input.commits
    .filter((each) => standsBehind(control, input, each, document))
    .map((each) => each.signature);
}

/** Whether this very commit put the content there that the file has now, is the word of somebody known, and came in as a whole. Pure. */
export function standsBehind(
  control: ChangeControl,
  input: ChangeInput,
  commit: NewCommit,
  document: Pick<DocumentChange, 'path' | 'after'>,
): boolean {
  return (
    standingOf(control, commit) !== null &&
    putThere(commit, input.tip, document) &&
    leftOutOf(control, input, commit) === null
  );
}

/** Whether a commit put the content there that the file has now, whoever signed it. Pure. */
export function putThere(
  commit: NewCommit,
  tip: Pick<NewCommit, 'oid'>,
  document: Pick<DocumentChange, 'path' | 'after'>,
): boolean {
  const standing = commit.oid === tip.oid ? [...commit.brought, ...(commit.changed ?? [])] : commit.brought;
  return standing.some((each) => each.path === document.path && each.after === document.after);
}

/** Asked once a change and commit: a change has many files. */
const leftOut = new WeakMap<ChangeInput, Map<NewCommit, string | null>>();

/**
 * A file that the commit wrote, that stands otherwise at the end of the change, and of which nobody decided so who may: neither who may change it nor the signer of the
 * commit. null: there is none, the commit came in as a whole. Pure.
 */
export function leftOutOf(control: ChangeControl, input: ChangeInput, commit: NewCommit): string | null {
  let known = leftOut.get(input);
  if (known === undefined) leftOut.set(input, (known = new Map()));
  let found = known.get(commit);
  if (found === undefined) known.set(commit, (found = firstLeftOut(control, input, commit)));
  return found;
}

function firstLeftOut(control: ChangeControl, input: ChangeInput, commit: NewCommit): string | null {
  const decided = (path: string): boolean =>
    decidersIn(input.commits, path).some(
      (each) => isSameSigner(control, commit, each) || mayDecide(control, input, each, path),
    );
  return replacedOf(commit).find((path) => !decided(path)) ?? null;
}

/** Whether nobody but its own signer decided what stands otherwise than the commit wrote it: what takes no right to be let in is nobody else's to divide. Pure. */
export function isUndivided(control: ChangeControl, { commits }: ChangeInput, commit: NewCommit): boolean {
  return replacedOf(commit).every((path) =>
    decidersIn(commits, path).some((each) => isSameSigner(control, commit, each)),
  );
}

function isSameSigner(control: ChangeControl, one: NewCommit, other: NewCommit): boolean {
  const [person, another] = [personBehind(control, one), personBehind(control, other)];
  if (person === null || another === null) return false;
  const people = noPeople();
  addPerson(people, person);
  return isOneOf(people, another);
}

/** Whether a commit is the word of somebody who may change the file, or such a one vouched for exactly this plan. Pure. */
export function mayDecide(
  control: ChangeControl,
  input: ChangeInput,
  commit: NewCommit,
  path: string,
): boolean {
  const permitted = permittedFor(control, input.before, path);
  const standing = standingOf(control, commit);
  const words = [
    ...(standing === null ? [] : [standing]),
    ...approving(control, input).map((each) => each.signature),
  ];
  return words.some(({ principals }) => permitted === null || principals.some((each) => permitted.has(each)));
}

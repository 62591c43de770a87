/** Who stands behind the content of a file by having signed a commit that put it there. Pure. */
import type { DocumentChange } from './change-plan.ts';
import type { ChangeInput, NewCommit, SignatureFinding } from './change.ts';
import type { ChangeControl } from './model.ts';
import { standingOf } from './signers.ts';

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

/** Whether this very commit put the content there that the file has now, and is the word of somebody known. Pure. */
export function standsBehind(
  control: ChangeControl,
  { tip }: ChangeInput,
  commit: NewCommit,
  document: Pick<DocumentChange, 'path' | 'after'>,
): boolean {
  return standingOf(control, commit) !== null && putThere(commit, tip, document);
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

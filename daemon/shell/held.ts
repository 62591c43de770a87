/**
 * Changes that are not in force: how many are kept, for how long they may still take effect, and what pushes one out. Nothing of it is decided by a date that an
 * author writes, and nobody who is not known takes the place of somebody who is.
 */
import type { ChangeReason, NewCommit } from '../core/change-judgement.ts';
import { permittedFor } from '../core/change-judgement.ts';
import type { ChangeControl, Desired, Instant } from '../core/model.ts';
import { timestamp } from '../core/timestamp.ts';
import type { TreeEntryChange } from '../git/repository.ts';
import { limits } from '../limits.ts';
import type { HeldChange, Memory } from './memory.ts';

/** Whose a change is: the first name of a key this repository knows, or nobody's. All of nobody share one place. */
function signerOf({ signature }: NewCommit): string | null {
  return signature.verdict === 'good' ? (signature.principals[0] ?? null) : null;
}

/**
 * Keeps a change that is not in force, within bounds: so many of each signer, so many of nobody, so many in all. What comes from nobody makes room for what a
 * known key signed, and what is refused or lapsed for what waits. What is not kept is counted in `memory.notKept`. Changes `memory`.
 */
export function keepHeld(memory: Pick<Memory, 'held' | 'notKept'>, change: HeldChange): void {
  memory.held.set(change.commit, change);
  const signer = signerOf(change.tip);
  const alike = [...memory.held.values()].filter((each) => signerOf(each.tip) === signer);
  const mine = signer === null ? limits.governance.heldUnknownMax : limits.governance.heldPerSignerMax;
  const out =
    alike.length > mine
      ? leastWanted(alike)
      : memory.held.size > limits.governance.heldMax
        ? leastWanted([...memory.held.values()])
        : null;
  if (out === null) return;
  memory.held.delete(out.commit);
  memory.notKept.count++;
  memory.notKept.commits = [out.commit, ...memory.notKept.commits].slice(0, limits.governance.notKeptNamed);
}

/** Nobody's first, then what is refused; of those alike the newest, so that a flood pushes out itself. */
function leastWanted(changes: readonly HeldChange[]): HeldChange | null {
  const rank = (each: HeldChange): number =>
    (signerOf(each.tip) === null ? 0 : 2) + (each.outcome === 'refused' ? 0 : 1);
  let least: HeldChange | null = null;
  for (const each of changes) if (least === null || rank(each) <= rank(least)) least = each;
  return least;
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

/**
 * A newer content of a file takes the place of one that is held, where it may: it took effect, or it comes from who asked, or from somebody who may change the file.
 * What nobody known asked for makes way for anything. Changes `memory`.
 */
export function supersede(
  memory: Pick<Memory, 'held'>,
  changes: readonly TreeEntryChange[],
  newer: { readonly tip: NewCommit; readonly accepted: boolean; readonly before: Desired },
): void {
  const paths = new Set(changes.map((each) => each.path));
  for (const [commit, held] of memory.held) {
    if (commit === newer.tip.oid) continue;
    const left = held.changes.filter(({ path }) => !paths.has(path) || !mayReplace(held, path, newer));
    if (left.length === 0) memory.held.delete(commit);
    else if (left.length < held.changes.length) memory.held.set(commit, { ...held, changes: left });
  }
}

function mayReplace(
  held: HeldChange,
  path: string,
  {
    tip,
    accepted,
    before,
  }: { readonly tip: NewCommit; readonly accepted: boolean; readonly before: Desired },
): boolean {
  const control = before.changeControl;
  if (accepted || control === null || signerOf(held.tip) === null) return true;
  if (tip.signature.verdict !== 'good') return false;
  const permitted = permittedFor(control, before, path);
  const askers = new Set(
    held.commits.flatMap(({ signature, paths }) =>
      signature.verdict === 'good' && paths.length > 0 ? signature.principals : [],
    ),
  );
  for (const each of held.tip.signature.principals) askers.add(each);
  return tip.signature.principals.some(
    (each) => permitted === null || permitted.has(each) || askers.has(each),
  );
}

/**
 * Whether governance can go on: whether somebody who can sign could make a change of a file and get it approved. Asked by trying it: commits that could be made are
 * judged as real ones are, so that there is no second opinion about who may. The emergency key does not count: what only it can do is an emergency for good. Pure.
 */
import type { ApprovalState } from './change-approval.ts';
import { judgeChange, permittedFor, ruleFor, type ChangeVerdict } from './change-judgement.ts';
import type { ChangeInput, NewCommit, SignatureFinding } from './change.ts';
import type { Desired, SourcePosition } from './model.ts';
import { isForges, signersOf } from './signers.ts';

/** What stands in the way of every change of a file. */
export type Obstacle =
  | {
      readonly missing: 'signer';
      /** Who may change it; null: whoever can sign. */
      readonly permitted: ReadonlySet<string> | null;
      readonly source: SourcePosition;
    }
  | { readonly missing: 'approvals'; readonly approval: ApprovalState; readonly from: ReadonlySet<string> };

/** Every name that decides something about changes of these files: who may make them, who approves, which forge merges. Sorted. Pure. */
export function governingNames(desired: Desired, paths: readonly string[]): string[] {
  const control = desired.changeControl;
  if (control === null) return [];
  const names = new Set(control.forges);
  for (const path of paths) for (const each of permittedFor(control, desired, path) ?? []) names.add(each);
  for (const each of approversOf(desired)) names.add(each);
  return [...names].sort();
}

/** All who may approve anything, but owners of what belongs to a team. */
function approversOf({ changeControl: control, teams }: Desired): ReadonlySet<string> {
  const from = control?.approvals.flatMap((each) => each.from) ?? [];
  return signersOf(from, { teams, owner: null, forges: control?.forges ?? [] });
}

/** Hash of the plan of the change that is tried. */
const hash = '0'.repeat(64);
const content = 'f'.repeat(40);

/** How a change is tried. */
export interface Trial {
  /** Tried as makers at most, those first whose approval is not needed. */
  readonly makersMax: number;
  /** From the first signature to the judgement: what counts for less than that, people cannot give. */
  readonly takesMs: number;
}

/** What keeps all of `signers` (good signatures that could be made, one a key) from changing `path` in this state; null: one of them can. */
export function obstacleTo(
  desired: Desired,
  path: string,
  signers: readonly SignatureFinding[],
  { makersMax, takesMs }: Trial,
): Obstacle | null {
  const control = desired.changeControl;
  if (control === null) return null;
  const { permitted, source } = ruleFor(control, desired, path);
  const approvers = approversOf(desired);
  const approves = ({ principals }: SignatureFinding): boolean =>
    principals.some((each) => approvers.has(each));
  const approvals = signers.filter(approves).map((signature) => commit({ signature, approves: [hash] }));
  const makers = [...signers.filter((each) => !approves(each)), ...signers.filter(approves)].filter(
    ({ principals }) => permitted === null || principals.some((each) => permitted.has(each)),
  );
  const forges = signers.filter((each) => isForges(control, each));
  const tried: ChangeVerdict[] = [];
  for (const maker of [...makers.slice(0, makersMax), unsigned]) {
    for (const forge of [null, ...forges]) {
      const verdict = judgeChange({ ...attempt(desired, path, maker, forge, approvals), now: takesMs });
      if (verdict.outcome === 'accepted') return null;
      tried.push(verdict);
    }
  }
  const [nearest] = tried
    .flatMap(({ outcome, approvals: states }) =>
      outcome === 'waiting' ? [states.filter((each) => !each.satisfied)] : [],
    )
    .sort((left, right) => lacking(left) - lacking(right));
  const [approval] = nearest ?? [];
  if (approval !== undefined) {
    const from = signersOf(approval.from, { teams: desired.teams, owner: null, forges: control.forges });
    return { missing: 'approvals', approval, from };
  }
  return { missing: 'signer', permitted, source };
}

function lacking(states: readonly ApprovalState[]): number {
  return states.reduce((sum, { needed, by }) => sum + needed - by.length, 0);
}

const unsigned: SignatureFinding = { verdict: 'unsigned', principals: [], key: null, reason: '' };

/** A change of one file: pushed by its maker, or merged by a forge, with every approval that could be given. */
function attempt(
  desired: Desired,
  path: string,
  maker: SignatureFinding,
  forge: SignatureFinding | null,
  approvals: readonly NewCommit[],
): Omit<ChangeInput, 'now'> {
  const file = [{ path, after: content }];
  const made = commit({ signature: maker, paths: file, brought: file, changed: file });
  const tip =
    forge === null ? made : commit({ signature: forge, merge: true, automatic: true, changed: file });
  return {
    before: desired,
    after: desired,
    plan: {
      apiVersion: 'renewd/v1',
      kind: 'ChangePlan',
      documents: [{ path, before: null, after: content }],
      certificates: [],
      resources: [],
      orders: [],
    },
    hash,
    tip,
    commits: [...(forge === null ? [tip] : [tip, made]), ...approvals],
    unread: 0,
  };
}

function commit(parts: Partial<NewCommit> & Pick<NewCommit, 'signature'>): NewCommit {
  return {
    oid: parts.merge === true ? 'merge' : parts.approves === undefined ? 'change' : 'approval',
    malformed: null,
    merge: false,
    automatic: false,
    subject: '',
    author: '',
    committedAt: 0,
    paths: [],
    brought: [],
    approves: [],
    reviews: [],
    breakGlass: null,
    ...parts,
  };
}

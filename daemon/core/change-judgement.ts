/**
 * Whether a change of declarations takes effect: who made it, whether they may, who approved exactly this plan. Judged by what was in force before
 * the change (DESIGN promise 5): a change cannot let itself in. Pure.
 */
import { counted } from './count.ts';
import { approvalsOf, type ApprovalState } from './change-approval.ts';
import { rightsReasons } from './change-rights.ts';
import { isTimely } from './change-time.ts';
import { isUndivided, standsBehind } from './change-standing.ts';
import type { DocumentChange } from './change-plan.ts';
import type { ChangeInput, ChangeReason, NewCommit } from './change.ts';
import type { Certificate, ChangeControl } from './model.ts';
import { permittedFor } from './path-rule.ts';
import { isForgeMerge, personBehind, signersOf } from './signers.ts';

export type { ChangeInput, ChangeReason, NewCommit, SignatureFinding } from './change.ts';
export { permittedFor, ruleFor } from './path-rule.ts';

export interface ChangeVerdict {
  /** `refused`: something is wrong with it. `waiting`: it is right and lacks approval. */
  readonly outcome: 'accepted' | 'waiting' | 'refused';
  readonly reasons: readonly ChangeReason[];
  readonly approvals: readonly ApprovalState[];
  readonly breakGlass: { readonly principal: string; readonly reason: string } | null;
}

/** Judges. The same input gives the same verdict, whenever and by whomever it is asked. */
export function judgeChange(input: ChangeInput): ChangeVerdict {
  const control = input.before.changeControl;
  if (control === null) return { outcome: 'accepted', reasons: [], approvals: [], breakGlass: null };
  const breakGlass = breakGlassOf(control, input);
  const reasons = [
    ...malformedReasons(input),
    ...rangeReasons(input),
    ...signatureReasons(control, input),
    ...(breakGlass === null ? rightsReasons(control, input) : []),
  ];
  const approvals = approvalsOf(control, input, (path) => permittedFor(control, input.before, path));
  const missing = breakGlass === null ? approvals.filter((each) => !each.satisfied) : [];
  if (reasons.length > 0) return { outcome: 'refused', reasons, approvals, breakGlass };
  return {
    outcome: missing.length > 0 ? 'waiting' : 'accepted',
    reasons: missing.map((each) => approvalReason(each, input)),
    approvals,
    breakGlass,
  };
}

/**
 * The emergency key, where commits of its holder that say it is one stand behind every file of the change: merged together with somebody else's work, or with what the same
 * person wrote for another day, it lets in neither. Nothing is so urgent that change control must be taken off by one person.
 */
function breakGlassOf(control: ChangeControl, input: ChangeInput): ChangeVerdict['breakGlass'] {
  if (control.breakGlass === null || input.after.changeControl === null) return null;
  const holders = signersOf(control.breakGlass.signers, {
    teams: input.before.teams,
    owner: null,
    forges: [],
  });
  const emergencies = input.commits.filter(
    (each) =>
      each.breakGlass !== null && personBehind(control, each) !== null && isTimely(control, each, input.now),
  );
  for (const { breakGlass: reason, signature } of emergencies) {
    const principal = signature.principals.find((each) => holders.has(each));
    if (principal === undefined || reason === null) continue;
    const theirs = emergencies.filter((each) => each.signature.principals.includes(principal));
    const covers = (commit: NewCommit, document: DocumentChange): boolean =>
      commit.approves.includes(input.hash) ||
      (standsBehind(control, input, commit, document) && isUndivided(control, input, commit));
    if (input.plan.documents.every((document) => theirs.some((each) => covers(each, document))))
      return { principal, reason };
  }
  return null;
}

/** A commit that cannot be read vouches for nothing, and nobody can say what it was made for: a range that holds one is refused. */
function malformedReasons({ commits }: ChangeInput): ChangeReason[] {
  return commits.flatMap(({ oid, malformed }) =>
    malformed === null
      ? []
      : [
          {
            code: 'commit-malformed',
            message: `commit ${oid.slice(0, 10)} cannot be read: ${malformed}`,
            fix: 'Find out who pushed it (git fsck --strict names what is wrong). Push what of it is wanted again, in commits of its own.',
            commit: oid,
            source: null,
          },
        ],
  );
}

/** What nobody looked at must not pass as looked at, whether signatures are required or not. */
function rangeReasons({ unread, commits, tip }: ChangeInput): ChangeReason[] {
  if (unread === 0) return [];
  return [
    {
      code: 'range-too-long',
      message: `${tip.oid.slice(0, 10)} brings ${counted(commits.length + unread, 'commit')} at once, more than are judged together`,
      fix: `Merge in parts: at most ${String(commits.length)} new commits a merge or push.`,
      commit: tip.oid,
      source: null,
    },
  ];
}

const words = {
  unsigned: ['commit-unsigned', 'is not signed'],
  bad: ['signature-bad', 'carries a signature that does not hold'],
  'unknown-key': ['signer-unknown', 'is signed with a key that this repository does not know'],
  revoked: ['signer-revoked', 'is signed with a key that was revoked'],
  expired: ['signer-expired', 'is signed with a key whose time is over'],
} as const;

const signatureFix =
  'Sign it with a key of policies/allowed_signers (docs/signatures.md): git rebase --exec "git commit --amend --no-edit -S" <base>, then push again.';

function signatureReasons(control: ChangeControl, { tip, commits }: ChangeInput): ChangeReason[] {
  if (control.signatures !== 'required') return [];
  // What a forge merged under its own rules it vouches for; the path rules say where that is enough.
  const byForge = isForgeMerge(control, tip);
  return commits.flatMap((commit) => {
    const { verdict, reason } = commit.signature;
    if (commit.malformed !== null) return [];
    if (verdict === 'good' || (byForge && verdict === 'unsigned' && commit.oid !== tip.oid)) return [];
    const [code, said] = words[verdict];
    const why = reason === '' ? '' : `: ${reason}`;
    return [
      {
        code,
        message: `commit ${commit.oid.slice(0, 10)} (${commit.subject}) ${said}${why}; it says it is by ${commit.author}`,
        fix: signatureFix,
        commit: commit.oid,
        source: null,
      },
    ];
  });
}

function approvalReason(state: ApprovalState, { hash, tip }: ChangeInput): ChangeReason {
  const have = state.by.length === 0 ? 'none' : state.by.map((each) => each.principal).join(', ');
  return {
    code: 'approval-missing',
    message: `${state.rule} needs ${String(state.needed)} of ${state.from.join(', ')} to approve plan ${hash.slice(0, 16)} (${state.why}); so far: ${have}`,
    fix: `Approve exactly this plan: git commit --allow-empty -S -m "Approve ${tip.subject.replaceAll(/["\\$`]/g, "'")}" --trailer "Renewd-Approve: ${hash}"`,
    commit: null,
    source: state.source,
  };
}

/** Certificates that this change asks for or alters, as they were and as they will be: what either says may call for approval. Pure. */
export function touchedCertificates({
  before,
  after,
  plan,
}: Pick<ChangeInput, 'before' | 'after' | 'plan'>): Certificate[] {
  return plan.certificates.flatMap(({ certificate }) =>
    [before.certificates.get(certificate), after.certificates.get(certificate)].filter(
      (each) => each !== undefined,
    ),
  );
}

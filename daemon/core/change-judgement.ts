/**
 * Whether a change of declarations takes effect: who made it, whether they may, who approved exactly this plan. Judged by what was in force before
 * the change (DESIGN promise 5): a change cannot let itself in. Pure.
 */
import { approvalsOf, type ApprovalState } from './change-approval.ts';
import { standingBehind } from './change-people.ts';
import type { DocumentChange } from './change-plan.ts';
import { approving, isTimely } from './change-time.ts';
import type { ChangeInput, ChangeReason } from './change.ts';
import type { Certificate, ChangeControl, Desired, SourcePosition } from './model.ts';
import { matchPath } from './path-pattern.ts';
import { isForgeMerge, signersOf } from './signers.ts';

export type { ChangeInput, ChangeReason, NewCommit, SignatureFinding } from './change.ts';

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
    ...pathReasons(control, input, breakGlass !== null),
    ...labelReasons(control, input, breakGlass !== null),
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
      const owner = match.team ?? ownerOf(before, path);
      const context = { teams: before.teams, owner, forges: control.forges };
      return { permitted: signersOf(rule.signers, context), source: rule.source };
    }
  }
  return { permitted: null, source: control.source };
}

/** The team a declaration belongs to: by folder for certificates, by its own word for an endpoint that is in force. */
function ownerOf(before: Desired, path: string): string | null {
  const folder = /^inventory\/certificates\/([^/]+)\//.exec(path)?.[1];
  if (folder !== undefined) return folder;
  for (const endpoint of before.endpoints.values()) if (endpoint.source.file === path) return endpoint.team;
  return null;
}

/**
 * The emergency key, where its holder stands behind every file of the change: merged together with somebody else's work it lets in neither.
 */
function breakGlassOf(control: ChangeControl, input: ChangeInput): ChangeVerdict['breakGlass'] {
  if (control.breakGlass === null) return null;
  const holders = signersOf(control.breakGlass.signers, {
    teams: input.before.teams,
    owner: null,
    forges: [],
  });
  for (const commit of input.commits) {
    const { breakGlass: reason, signature } = commit;
    if (reason === null || signature.verdict !== 'good' || !isTimely(control, commit, input.now)) continue;
    const principal = signature.principals.find((each) => holders.has(each));
    if (principal === undefined) continue;
    if (input.plan.documents.every((each) => authorsOf(control, input, each).includes(principal))) {
      return { principal, reason };
    }
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
      message: `${tip.oid.slice(0, 10)} brings ${String(commits.length + unread)} commits at once, more than are judged together`,
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

const forgeWords =
  '. A forge counts only for a merge commit that holds what Git merges by itself: no squash, no edit in the browser, no conflict solved in it';

function pathReasons(control: ChangeControl, input: ChangeInput, emergency: boolean): ChangeReason[] {
  if (emergency) return [];
  return input.plan.documents.flatMap((document) => {
    const { permitted, source } = ruleFor(control, input.before, document.path);
    if (permitted === null) return [];
    const tried = authorsOf(control, input, document);
    // A forge signs every edit in a browser too; only a merge that Git makes by itself says that its rules of review were kept.
    const forged = isForgeMerge(control, input.tip)
      ? []
      : tried.filter((each) => control.forges.includes(each));
    if (tried.some((each) => permitted.has(each) && !forged.includes(each))) return [];
    const who = tried.length === 0 ? 'nobody who is known' : tried.join(', ');
    const may = permitted.size === 0 ? 'nobody' : [...permitted].sort().join(', ');
    return [
      {
        code: 'path-not-permitted',
        message: `${document.path} was changed by ${who}; ${may} may change it (${source.file}:${String(source.line)})${forged.length === 0 ? '' : forgeWords}`,
        fix: `Have one of them make the change, sign the merge, or vouch for exactly this plan: git commit --allow-empty -S -m "Vouch" --trailer "Renewd-Approve: ${input.hash}"`,
        commit: input.tip.oid,
        source: { file: document.path, line: 1, column: 1 },
      },
    ];
  });
}

/** A label that means something to whoever governs is set, changed and taken away by those it is reserved for. A certificate that goes takes its labels along. */
function labelReasons(control: ChangeControl, input: ChangeInput, emergency: boolean): ChangeReason[] {
  if (emergency) return [];
  const { before, after, plan } = input;
  return plan.certificates.flatMap(({ certificate: id }) => {
    const next = after.certificates.get(id);
    if (next === undefined) return [];
    const old = before.certificates.get(id);
    return control.reservedLabels.flatMap(({ name, signers, source }): ChangeReason[] => {
      const [was, will] = [old, next].map((each) =>
        each !== undefined && Object.hasOwn(each.labels, name) ? each.labels[name] : undefined,
      );
      if (was === will) return [];
      const owner = next.team;
      const permitted = signersOf(signers, { teams: before.teams, owner, forges: control.forges });
      const document = plan.documents.find((each) => each.path === next.source.file);
      if (document !== undefined && authorsOf(control, input, document).some((each) => permitted.has(each)))
        return [];
      return [
        {
          code: 'label-reserved',
          message: `${id}: label ${name} ${will === undefined ? 'is taken away' : `is set to ${will}`}; only ${[...permitted].sort().join(', ') || 'nobody'} may (${source.file}:${String(source.line)})`,
          fix: `Leave label ${name} as it is, or have one of them vouch for exactly this plan: git commit --allow-empty -S -m "Vouch" --trailer "Renewd-Approve: ${input.hash}"`,
          commit: input.tip.oid,
          source: next.source,
        },
      ];
    });
  });
}

/**
 * Who stands behind the content a file has now: who signed the commit on the branch that put it there, who signed the commit that wrote this content and that nothing
 * replaced since, and who signed an approval of exactly this plan.
 */
function authorsOf(control: ChangeControl, input: ChangeInput, document: DocumentChange): string[] {
  const vouching = approving(control, input).map((each) => each.signature);
  const behind = [...standingBehind(input, document), ...vouching];
  return [...new Set(behind.flatMap((each) => each.principals))].sort();
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

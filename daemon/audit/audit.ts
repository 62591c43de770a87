/** The whole audit of one clone, offline: the history of the declarations, the history of the records, each certificate. Needs no service of ours and no network. */
import type { Repository } from '../git/repository.ts';
import { OperationError } from '../ports/failure.ts';
import type { Log } from '../ports/plugin.ts';
import { isUnreadable } from '../shell/new-commits.ts';
import { auditCertificate } from './certificates.ts';
import { auditChanges } from './changes.ts';
import { auditIssuance } from './issuance.ts';
import { collectClaims, type Claim, type ClaimVerdict } from './claim.ts';
import { auditIssued, sourcesOf } from './issued.ts';
import { firstNamed, stoodAt } from '../shell/retrace.ts';
import { replay } from './replay.ts';
import { provenRecords } from './proven-records.ts';
import { readStateHistory } from './state-history.ts';

export interface AuditQuestion {
  readonly intent: string;
  readonly state: string;
  /** `` where records have a branch of their own, `status/` on the intent branch. */
  readonly prefix: string;
  /** The commit to begin with; null: the one the records call trusted. */
  readonly trusted: string | null;
  /** allowed_signers text for the key that signs records; null: `policies/allowed_signers` where it lists one for it, otherwise on trust. */
  readonly recordSigners: string | null;
  /** When it is asked, UTC epoch ms: a key of the daemon that does not count any more is believed only for what others stand behind. */
  readonly now: number;
  /** Tips that somebody else kept: this history must contain them. Empty where nobody did. */
  readonly anchors: readonly {
    readonly what: 'declarations' | 'records';
    readonly commit: string;
    readonly keptAt: string;
  }[];
}

export interface AuditReport {
  readonly apiVersion: 'renewd/v1';
  readonly kind: 'AuditReport';
  readonly intent: string;
  readonly state: string;
  readonly trusted: string;
  readonly counts: Readonly<Record<ClaimVerdict, number>>;
  /** Nothing failed and nothing that is claimed lacks its evidence. */
  readonly verified: boolean;
  readonly claims: readonly Claim[];
}

/** Audits. IO: reads Git. @throws OperationError for a clone that lacks what an audit needs */
export async function auditRepository(
  repository: Repository,
  question: AuditQuestion,
  log: Log,
): Promise<AuditReport> {
  const claims = collectClaims();
  const signers = question.recordSigners ?? (await listedSigners(repository, question, log));
  const state = await readStateHistory(
    repository,
    question.state,
    question.prefix,
    signers,
    claims,
    question.now,
  );
  const named = [...state.changes.values()].filter((each) => each.outcome === 'trusted');
  const trusted =
    question.trusted ??
    (await firstNamed(
      repository,
      named.map((each) => each.commit),
      question.intent,
    )) ??
    named[0]?.commit;
  if (trusted === undefined) {
    throw new OperationError(
      'unsupported',
      'the records do not say which commit was taken on trust; name it with --trust',
      { disposition: 'stall', endsWhen: ['repository'] },
    );
  }
  await auditAnchors(repository, question, claims);
  await auditIssuance(repository, state, question.prefix, claims);
  const seen = (commit: string): number | null => {
    const at = state.changes.get(commit)?.seenAt;
    return at === undefined ? (state.seenBy.get(commit) ?? null) : Date.parse(at);
  };
  if (!(await repository.isAncestor(trusted, question.intent))) {
    claims.add(
      'declarations',
      'their history goes back to the trusted commit',
      'failed',
      `${trusted} is not in the history of ${question.intent}`,
    );
  } else {
    claims.add(
      'declarations',
      'their history goes back to the trusted commit',
      'proved',
      `${trusted.slice(0, 10)} to ${question.intent.slice(0, 10)}`,
    );
    const replayed = await replay({
      repository,
      trusted,
      head: question.intent,
      recorded: stoodAt(state.changes.values()),
      seenAt: seen,
      now: question.now,
      log,
      asked: sourcesOf(state),
    });
    auditChanges(replayed, state.changes, claims);
    auditIssued(replayed, state, claims);
    for (const [id, record] of [...state.certificates].sort(([left], [right]) => (left < right ? -1 : 1))) {
      await auditCertificate({ repository, replayed, state, claims }, id, record);
    }
  }
  const all = claims.all();
  const counts: Record<ClaimVerdict, number> = { proved: 0, attested: 0, assumed: 0, unproven: 0, failed: 0 };
  for (const { verdict } of all) counts[verdict]++;
  return {
    apiVersion: 'renewd/v1',
    kind: 'AuditReport',
    intent: question.intent,
    state: question.state,
    trusted,
    counts,
    verified: counts.failed === 0 && counts.unproven === 0,
    claims: all,
  };
}

/** A copy that somebody else keeps (a second remote, a mirror) makes a rewritten history visible: what it holds must be in the past of what is here. */
async function auditAnchors(
  repository: Repository,
  { anchors, intent, state }: AuditQuestion,
  claims: ReturnType<typeof collectClaims>,
): Promise<void> {
  for (const { what, commit, keptAt } of anchors) {
    const tip = what === 'declarations' ? intent : state;
    const holds = await repository.isAncestor(commit, tip);
    claims.prove(
      what,
      `nothing was rewritten since the copy in ${keptAt} was made`,
      holds,
      holds
        ? `${commit.slice(0, 10)} is in the past of ${tip.slice(0, 10)}`
        : `${commit} is not in the past of ${tip}`,
    );
  }
}

/**
 * The repository's own list, when it names a signer of records (`principal namespaces="git" ...` of a principal called renewd@...): as it was in force where the believed records end
 * (`proven-records.ts`), never as the head merely says. IO: reads Git; takes as long as an audit. null: no list is in force.
 */
async function listedSigners(
  repository: Repository,
  { intent, state, prefix, trusted, now }: AuditQuestion,
  log: Log,
): Promise<string | null> {
  try {
    const proven = await provenRecords(repository, { intent, state, prefix, trusted, own: [], now }, log);
    return proven?.listed ?? null;
  } catch (error) {
    // A clone that is cut before the first commit cannot say what is in force there; the key is then taken on trust, and the audit says so.
    if (isUnreadable(error)) return null;
    throw error;
  }
}

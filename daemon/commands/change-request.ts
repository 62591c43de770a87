/** A pull request as the daemon would judge it: both states read from Git, the change on top of the base, policy and change control of the base. Reads only. */
import { builtIns, documentReader } from '../reader.ts';
import {
  orderProblems,
  type ChangeReport,
  type OrderCost,
  type ReportedProblem,
} from '../core/change-report.ts';
import { buildDesired } from '../core/desired.ts';
import type { Certificate, Desired, DocumentProblem, Instant, Issuer } from '../core/model.ts';
import { policyEffect, type PolicyEffect } from '../core/policy-effect.ts';
import { evaluate, stops, type Evaluation } from '../core/policy.ts';
import type { CertificateRecord } from '../core/record-format.ts';
import { factsOfRecord } from '../core/record.ts';
import { timestamp } from '../core/timestamp.ts';
import type { Repository, TreeEntryChange } from '../git/repository.ts';
import { OperationError } from '../ports/failure.ts';
import { readForChange } from './change-scope.ts';
import { applyChange, declaredPrefixes, isDeclared, type FilesInForce } from '../shell/in-force.ts';
import { judgeByBefore, judgeOnTop, type JudgedChange } from '../shell/judge-change.ts';
import { readNewCommits, signatureJudge } from '../shell/new-commits.ts';
import { recordsAt } from '../shell/past.ts';
import { judgeRequest, policiesOf, subjectOf } from '../shell/policies.ts';

export interface ChangeRequest {
  readonly base: string;
  readonly head: string;
}

/**
 * Judges `head` on top of `base` (revisions). IO: reads Git. @throws OperationError `unsupported` for a revision that is not there, `git-*` for a repository that cannot be read
 */
export async function judgeChangeRequest(
  repository: Repository,
  revisions: ChangeRequest,
  now: Instant,
  signal: AbortSignal,
  /** `all` reads the whole estate; the verdict is the same. */
  scope: 'needed' | 'all' = 'needed',
): Promise<ChangeReport> {
  const base = await commitOf(repository, 'base', revisions.base, signal);
  const head = await commitOf(repository, 'head', revisions.head, signal);
  const fork = await repository.mergeBase(base, head);
  if (fork === null) throw unreadable(`${revisions.base} and ${revisions.head} have no history in common`);
  const reader = documentReader();
  const changes = await declaredChanges(repository, fork, head);
  const entries = await declaredChanges(repository, null, base);
  const before =
    scope === 'all'
      ? await applyChange(repository, reader, nothing, entries)
      : await readForChange(repository, reader, entries, changes);
  const conflicts = fork === base ? [] : await conflictsOf(repository, fork, base, changes);
  const after = await applyChange(repository, reader, before, changes);
  const brought = builtIns(reader, packsNamed([before, after]));
  const desiredBefore = buildDesired(base, [...before.files.values()], brought);
  const desiredAfter = buildDesired(head, [...after.files.values()], brought);
  const commits = await readNewCommits(repository, [base], head, signatureJudge(before.trust), now);
  const tip =
    commits[0] ??
    (
      await readNewCommits(
        repository,
        (await repository.commit(head)).parents,
        head,
        signatureJudge(before.trust),
        now,
      )
    )[0];
  if (tip === undefined) throw unreadable(`${revisions.head} is no commit`);
  const judged = judgeOnTop({
    before: desiredBefore,
    trust: before.trust,
    after: desiredAfter,
    trustAfter: after.trust,
    documents: after.documents,
    tip,
    commits,
    now,
  });
  const problems = orderProblems([
    ...conflicts,
    ...documentProblems(desiredBefore, desiredAfter, new Set(changes.map((each) => each.path))),
    ...policyProblems(desiredBefore, desiredAfter, judged, now),
    ...controlProblems(judged),
  ]);
  return {
    apiVersion: 'renewd/v1',
    kind: 'ChangeReport',
    base,
    head,
    verdict: problems.some((each) => each.severity === 'error') ? 'denied' : 'allowed',
    waiting: judged.verdict.approvals.some((each) => !each.satisfied) && judged.verdict.breakGlass === null,
    hash: judged.hash,
    plan: judged.plan,
    problems,
    cost: costOf(judged, desiredAfter.issuers),
    approvals: judged.verdict.approvals.map(({ rule, needed, from, by, why, satisfied }) => ({
      rule,
      needed,
      from,
      by,
      why,
      satisfied,
    })),
    signatures: commits.map(({ oid, subject, signature }) => ({
      commit: oid,
      subject,
      verdict: signature.verdict,
      principals: signature.principals,
    })),
    policyEffect: touchesPolicy(judged)
      ? await effectOf(repository, desiredBefore, desiredAfter, now, signal)
      : null,
  };
}

/** Packs that the policies of either state take. */
function packsNamed(states: readonly FilesInForce[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { files } of states) {
    for (const { documents } of files.values()) {
      for (const each of documents)
        if (each.kind === 'Policy') for (const { pack } of each.packs) names.add(pack);
    }
  }
  return names;
}

const nothing: FilesInForce = { files: new Map(), trust: new Map() };

function unreadable(message: string): OperationError {
  return new OperationError(
    'unsupported',
    `${message}. Fetch it first: a CI job often has only one commit (fetch-depth: 0)`,
    { disposition: 'stall' },
  );
}

async function commitOf(
  repository: Repository,
  which: string,
  revision: string,
  signal: AbortSignal,
): Promise<string> {
  const commit = await repository.resolve(revision, signal);
  if (commit === null)
    throw unreadable(`--${which} ${JSON.stringify(revision)} is nothing in this repository`);
  return commit;
}

async function declaredChanges(
  repository: Repository,
  from: string | null,
  to: string,
): Promise<readonly TreeEntryChange[]> {
  const changes = await repository.changes(from, to, declaredPrefixes);
  return changes.filter((each) => isDeclared(each.path));
}

/** Files that both sides changed since they parted, to something else: only a person can say what is meant. */
async function conflictsOf(
  repository: Repository,
  fork: string,
  base: string,
  changes: readonly TreeEntryChange[],
): Promise<ReportedProblem[]> {
  const theirs = new Map(
    (await declaredChanges(repository, fork, base)).map((each) => [each.path, each.oid]),
  );
  return changes
    .filter((each) => theirs.has(each.path) && theirs.get(each.path) !== each.oid)
    .map(({ path }) => ({
      ...atStart(path),
      severity: 'error',
      code: 'conflict',
      message: `${path} was changed on the base too`,
      fix: 'Rebase on the base, or merge it, and push again.',
      rule: null,
    }));
}

const atStart = (file: string): Pick<ReportedProblem, 'file' | 'line' | 'column'> => ({
  file,
  line: 1,
  column: 1,
});

/** Mistakes that this change brings, or that stand in files it touches: those of others deny nobody. */
function documentProblems(before: Desired, after: Desired, touched: ReadonlySet<string>): ReportedProblem[] {
  const key = ({ source, message }: DocumentProblem): string => `${source.file} ${message}`;
  const known = new Set(before.problems.map(key));
  return after.problems
    .filter((each) => touched.has(each.source.file) || !known.has(key(each)))
    .map(({ source, severity, code, message }) => ({
      ...source,
      severity,
      code,
      message,
      fix: '',
      rule: null,
    }));
}

function policyProblems(
  before: Desired,
  after: Desired,
  judged: JudgedChange,
  now: Instant,
): ReportedProblem[] {
  return judged.plan.certificates.flatMap(({ certificate: id }) => {
    const certificate = after.certificates.get(id);
    if (certificate === undefined || certificate.state === 'retired') return [];
    return judgeByBefore(before, after, certificate, now).flatMap((each) => {
      const severity = severityOf(each);
      if (severity === null) return [];
      return [
        {
          ...(each.id === 'allowed-names' ? certificate.sourceOf.dnsNames : certificate.source),
          severity,
          code: `policy/${each.id}`,
          message: `${each.message}${noteOf(each)}`,
          fix: each.fix,
          rule: {
            id: each.id,
            policy: each.pack === null ? each.policy : `${each.policy}/${each.pack}`,
            citation: each.citation,
            explanation: each.explanation,
            at: `${each.source.file}:${String(each.source.line)}`,
          },
        },
      ];
    });
  });
}

function severityOf(each: Evaluation): ReportedProblem['severity'] | null {
  if (each.verdict === 'fail') return stops(each) ? 'error' : 'warning';
  if (each.verdict === 'waived') return 'note';
  return each.verdict === 'not-yet-effective' && each.message !== '' ? 'note' : null;
}

function noteOf({ verdict, waiver, effectiveAt }: Evaluation): string {
  if (verdict === 'waived' && waiver !== null)
    return ` (excepted until ${timestamp(waiver.expiresAt).slice(0, 10)} by waiver ${waiver.name})`;
  if (verdict === 'fail' && waiver?.ended === true)
    return ` (waiver ${waiver.name} ended on ${timestamp(waiver.expiresAt).slice(0, 10)})`;
  return effectiveAt === null ? '' : ` (from ${timestamp(effectiveAt).slice(0, 10)} on)`;
}

/** What change control says. Missing approvals are no mistake of whoever asks: they are listed, not denied. */
function controlProblems({ verdict, widened, plan }: JudgedChange): ReportedProblem[] {
  const first = plan.documents[0]?.path ?? 'inventory';
  return [...verdict.reasons, ...widened]
    .filter((each) => each.code !== 'approval-missing')
    .map(({ code, message, fix, source }) => ({
      ...(source ?? atStart(first)),
      severity: 'error',
      code,
      message,
      fix,
      rule: null,
    }));
}

function touchesPolicy({ plan }: JudgedChange): boolean {
  return plan.resources.some(({ kind }) => ['Policy', 'PolicyPack', 'Rule', 'Waiver', 'Team'].includes(kind));
}

/** Over everything declared, and over what the records say is installed, where the clone has the branch of records. IO: reads Git. */
async function effectOf(
  repository: Repository,
  before: Desired,
  after: Desired,
  now: Instant,
  signal: AbortSignal,
): Promise<PolicyEffect> {
  const records = await installedRecords(repository, signal);
  const known = [...after.certificates.values()].filter(
    (each) => before.certificates.has(each.id) && each.state === 'present',
  );
  const judge = (desired: Desired, id: string, otherwise: Certificate): readonly Evaluation[] => {
    const certificate = desired.certificates.get(id) ?? otherwise;
    const issued = (records.get(id)?.installations ?? []).flatMap((each) => each.issued ?? []);
    const ofInstalled = issued.flatMap((each) =>
      evaluate(
        policiesOf(desired),
        subjectOf(desired, certificate, { stage: 'issued', facts: factsOfRecord(each, certificate.usages) }),
        now,
      ),
    );
    return [...judgeRequest(desired, certificate, now), ...ofInstalled];
  };
  return policyEffect(
    known.map((certificate) => ({
      certificate,
      before: judge(before, certificate.id, certificate),
      after: judge(after, certificate.id, certificate),
    })),
  );
}

/** What is installed, by the newest records the clone has; empty where it has none. */
async function installedRecords(
  repository: Repository,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, CertificateRecord>> {
  const name = 'renewd/state';
  const tip =
    (await repository.resolve(name, signal)) ?? (await repository.resolve(`origin/${name}`, signal));
  return (await recordsAt(repository, tip, '')).certificates;
}

/** Limits of the one public CA whose limits are published and fixed; read 2026-11. */
const letsEncryptLimit =
  "Let's Encrypt: 300 new orders an account in 3 hours, 50 certificates a registered domain in 7 days, 5 for exactly the same names in 7 days";

function costOf({ plan }: JudgedChange, issuers: ReadonlyMap<string, Issuer>): OrderCost[] {
  return plan.orders.map(({ issuer, certificates }) => {
    const directory = issuers.get(issuer)?.config['directory'];
    const known =
      typeof directory === 'string' && /^https:\/\/[^/]*\.api\.letsencrypt\.org\//.test(directory);
    return { issuer, certificates, limit: known ? letsEncryptLimit : null };
  });
}

/** A pull request as the daemon would judge it: both states read from Git, the change on top of the base, policy and change control of the base. Reads only. */
import { builtIns, documentReader } from '../reader.ts';
import { orderProblems, type ChangeReport, type ReportedProblem } from '../core/change-report.ts';
import type { Desired, Instant } from '../core/model.ts';
import type { Repository, TreeEntryChange } from '../git/repository.ts';
import { OperationError } from '../ports/failure.ts';
import { costOf, effectOf, touchesPolicy } from './change-effect.ts';
import { atStart, controlProblems, documentProblems, policyProblems } from './change-problems.ts';
import { baseInForce, desiredOf, type BaseRequest } from './base-in-force.ts';
import { isNarrow } from './change-scope.ts';
import { declaredChanges } from '../shell/declared-changes.ts';
import { applyChange, declaredPrefixes, type AppliedChange, type FilesInForce } from '../shell/in-force.ts';
import { unreadableCode } from '../shell/broken.ts';
import { policyIsUncertain } from '../shell/intent.ts';
import { judgeOnTop } from '../shell/judge-change.ts';
import { readNewCommits, signatureJudge } from '../shell/new-commits.ts';

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
  const between = { base, head, fork, scope, now, signal };
  const states = await readStates(repository, between);
  const { before, after, desiredBefore, desiredAfter, changes, conflicts } = states;
  refuseBlindness(desiredBefore, desiredAfter);
  const by = { inForce: before, judge: signatureJudge(before.trust), at: now };
  const range = await readNewCommits(repository, [base], head, by);
  const { parents } = await repository.commit(head);
  const commits = range?.commits ?? [];
  const tip = (range ?? (await readNewCommits(repository, parents, head, by)))?.tip;
  if (tip === undefined) throw unreadable(`${revisions.head} is no commit`);
  const judged = await judgeOnTop({
    before: desiredBefore,
    trust: before.trust,
    after: desiredAfter,
    trustAfter: after.trust,
    documents: after.documents,
    tip,
    commits,
    unread: range?.unread ?? 0,
    now,
  });
  const problems = orderProblems([
    ...conflicts,
    ...(states.isAssumed ? [assumedProblem(desiredBefore)] : []),
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

interface States {
  readonly before: FilesInForce;
  readonly after: AppliedChange;
  readonly desiredBefore: Desired;
  readonly desiredAfter: Desired;
  readonly changes: readonly TreeEntryChange[];
  readonly conflicts: readonly ReportedProblem[];
  readonly isAssumed: boolean;
}

interface Between extends Pick<BaseRequest, 'base' | 'scope' | 'now' | 'signal'> {
  readonly head: string;
  readonly fork: string;
}

/** What is in force at the base, and what the head makes of it: by the functions of the daemon. IO: reads Git. */
async function readStates(repository: Repository, between: Between): Promise<States> {
  const { base, head, fork } = between;
  const reader = documentReader();
  const entries = await repository.changes(fork, head, declaredPrefixes, 'judged');
  const narrow = isNarrow(entries);
  const request: BaseRequest = {
    ...between,
    repository,
    reader,
    changes: entries,
    // A change of certificates alone brings no pack that was not named before.
    builtInsFor: (files) => builtIns(reader, narrow ? packsNamed(files) : null),
  };
  const { state: before, desired: desiredBefore, brought, isAssumed } = await baseInForce(request);
  const changes = declaredChanges(before, entries);
  const after = await applyChange(repository, reader, before, changes);
  const conflicts = fork === base ? [] : await conflictsOf(repository, fork, base, changes);
  const desiredAfter = desiredOf(brought, head, after, desiredBefore);
  return { before, after, desiredBefore, desiredAfter, changes, conflicts, isAssumed };
}

/** Policies that nobody could ever read judge nobody: that is no verdict. */
function refuseBlindness(before: Desired, after: Desired): void {
  if (!policyIsUncertain(before) || !policyIsUncertain(after)) return;
  const broken = before.problems.find((each) => each.code === unreadableCode);
  throw new OperationError(
    'unsupported',
    `the policies of the base cannot be read, so nothing can be judged by them: ${broken === undefined ? '' : `${broken.source.file}:${String(broken.source.line)}: ${broken.message}. `}Correct them first.`,
    { disposition: 'stall', endsWhen: ['configuration'] },
  );
}

/** Approvals and keys count for a while, and nothing here says when the daemon saw what they let in. */
function assumedProblem({ changeControl }: Desired): ReportedProblem {
  return {
    ...atStart(changeControl?.source.file ?? 'policies'),
    severity: 'warning',
    code: 'base-assumed',
    message:
      'what is in force at the base depends on when its commits came in, and no record says when: it was worked out by their own dates, and the daemon may judge otherwise',
    fix: 'Fetch the branch of records too: git fetch origin renewd/state:refs/remotes/origin/renewd/state.',
    rule: null,
  };
}

/** Packs that policies take. */
function packsNamed(files: FilesInForce['files']): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { documents } of files.values()) {
    for (const each of documents)
      if (each.kind === 'Policy') for (const { pack } of each.packs) names.add(pack);
  }
  return names;
}

function unreadable(message: string): OperationError {
  return new OperationError(
    'unsupported',
    `${message}. Fetch it first: a CI job often has only one commit (fetch-depth: 0)`,
    { disposition: 'stall', endsWhen: ['configuration'] },
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

/** Files that both sides changed since they parted, to something else: only a person can say what is meant. */
async function conflictsOf(
  repository: Repository,
  fork: string,
  base: string,
  changes: readonly TreeEntryChange[],
): Promise<ReportedProblem[]> {
  const theirs = new Map(
    (await repository.changes(fork, base, declaredPrefixes)).map((each) => [each.path, each.oid]),
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

/**
 * Reads what is wanted: the newest commit of the intent branch, judged against the last accepted one. History that does not descend
 * from the accepted commit is refused (changes freeze, renewals go on); a broken document never takes a certificate out of service.
 */
import { dirname } from 'node:path/posix';
import { buildDesired } from '../core/desired.ts';
import type { Certificate, Declared, Desired, DocumentProblem } from '../core/model.ts';
import type { DocumentReader, ParsedFile } from '../documents/read.ts';
import type { Repository } from '../git/repository.ts';
import { OperationError } from '../ports/failure.ts';
import { advance, saveHeld, type Build, type Take } from './advance.ts';
import { brokenPrefix, type TrustFile } from './in-force.ts';
import type { Memory } from './memory.ts';
import type { World } from './world.ts';

export interface IntentSource {
  readonly repository: Repository;
  readonly reader: DocumentReader;
  readonly builtIns: readonly ParsedFile[];
  /** Branch name, without `refs/heads/`. */
  readonly branch: string;
  /** The first commit that counts; null: the newest at the first start. */
  readonly trustedCommit: string | null;
  /** What is in force, by path: kept between turns. */
  files: ReadonlyMap<string, ParsedFile>;
  trust: ReadonlyMap<string, TrustFile>;
}

/**
 * Brings `memory.desired` up to the head of the intent branch. IO: Git and the journal. Safe to repeat.
 * Trouble with the remote is remembered in `memory.repositoryTrouble`; what was accepted stays in force.
 */
export async function readIntent(
  world: World,
  intent: IntentSource,
  memory: Memory,
  refs: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<void> {
  if (memory.desired === null && memory.accepted !== null) restoreAccepted(world, intent, memory);
  const head = refs.get(`refs/heads/${intent.branch}`);
  if (head === undefined) {
    throw new OperationError(
      'git-unavailable',
      `the repository has no branch ${intent.branch}; push one or set --branch`,
      {
        disposition: 'retry',
      },
    );
  }
  if (head === memory.accepted && memory.desired !== null) {
    memory.frozen = null;
    return;
  }
  await intent.repository.fetch([`refs/heads/${intent.branch}`], signal);
  if (memory.accepted !== null && !(await intent.repository.isAncestor(memory.accepted, head))) {
    if (memory.frozen?.head !== head) {
      world.journal.append(
        world.now(),
        'repository',
        'history rewritten',
        `${memory.accepted} is not in ${head}`,
      );
      world.log.error(
        { accepted: memory.accepted, head },
        'the history of the intent branch was rewritten: changes are frozen',
      );
    }
    memory.frozen = { head };
    return;
  }
  memory.frozen = null;
  const build: Build = (commit, files) =>
    keepWhatBroke(
      buildDesired(commit, [...files.values()], intent.builtIns, certificatesInForce(memory)),
      memory.desired,
      memory,
    );
  const take: Take = (applied, desired, commit) => {
    world.crashPoint('before accept');
    world.journal.atomically(() => {
      world.journal.append(world.now(), 'repository', 'accepted', commit);
      world.journal.saveSource(commit, applied.rows, applied.removed);
      saveHeld(world, memory);
    });
    world.crashPoint('after accept');
    intent.files = applied.files;
    intent.trust = applied.trust;
    memory.accepted = commit;
    replaceDesired(memory, desired, new Set(applied.documents.map((each) => each.path)));
  };
  const context = { world, intent, memory, build, take };
  if (memory.accepted === null && intent.trustedCommit !== null) {
    await advance(context, await trustedCommit(intent, intent.trustedCommit, head));
  }
  await advance(context, head);
}

/** The commit the operator trusts, if it is in the history of the head. @throws OperationError `git-unavailable` when it is not: nothing is then taken on trust in its place */
async function trustedCommit(
  { repository, branch }: IntentSource,
  commit: string,
  head: string,
): Promise<string> {
  if (await repository.isAncestor(commit, head)) return commit;
  throw new OperationError(
    'git-unavailable',
    `the trusted commit ${commit} is not in the history of ${branch}; correct trust.commit in the configuration, or find out who rewrote the branch`,
    { disposition: 'retry' },
  );
}

/**
 * After a start: the accepted commit's files come from the journal, so that a remote that is away or rewritten stops nothing. First what was in force
 * before something broke, then what broke it: the second keeps of the first what cannot be read.
 */
function restoreAccepted(world: World, intent: IntentSource, memory: Memory): void {
  const rows = world.journal.source();
  const commit = memory.accepted ?? '';
  const files = new Map<string, ParsedFile>();
  const trust = new Map<string, TrustFile>();
  for (const row of rows) {
    if (/\.ya?ml$/.test(row.path)) {
      if (!row.path.startsWith(brokenPrefix)) files.set(row.path, intent.reader.parseFile(row));
    } else trust.set(row.path, { oid: row.oid, bytes: row.bytes });
  }
  intent.files = files;
  intent.trust = trust;
  const rebuild = (): void => {
    const built = buildDesired(commit, [...files.values()], intent.builtIns, certificatesInForce(memory));
    replaceDesired(memory, keepWhatBroke(built, memory.desired, memory), null);
  };
  rebuild();
  const broken = rows.filter((row) => row.path.startsWith(brokenPrefix));
  for (const row of broken) {
    const path = row.path.slice(brokenPrefix.length);
    files.set(path, intent.reader.parseFile({ ...row, path }));
  }
  if (broken.length > 0) rebuild();
}

/** Whose claims count first: what is in force, and after a start what is installed. */
export function certificatesInForce({
  desired,
  installations,
}: Pick<Memory, 'desired' | 'installations'>): ReadonlyMap<string, Certificate> {
  if (desired !== null) return desired.certificates;
  const known = new Map<string, Certificate>();
  for (const { certificate, installed } of installations.values())
    if (certificate !== null && installed !== null) known.set(certificate.id, certificate);
  return known;
}

/** Puts a state in force and works out which certificates must be judged again. `changed` null: all. */
function replaceDesired(memory: Memory, desired: Desired, changed: ReadonlySet<string> | null): void {
  const before = memory.desired;
  memory.desired = desired;
  const narrow =
    changed !== null &&
    before !== null &&
    [...changed].every((path) => path.startsWith('inventory/certificates/')) &&
    desired.problems.length === 0 &&
    before.problems.length === 0;
  for (const certificate of desired.certificates.values()) {
    if (
      !narrow ||
      changed.has(certificate.source.file) ||
      before.certificates.get(certificate.id) === undefined
    ) {
      memory.dirty.add(certificate.id);
    }
    memory.withdrawn.delete(certificate.id);
  }
  for (const gone of withdrawnCertificates(desired, before, memory)) {
    memory.withdrawn.set(gone.id, gone);
    memory.dirty.add(gone.id);
  }
  memory.byEndpoint.clear();
  for (const certificate of [...desired.certificates.values(), ...memory.withdrawn.values()]) {
    for (const { endpoint } of certificate.installations) {
      const there = memory.byEndpoint.get(endpoint);
      if (there === undefined) memory.byEndpoint.set(endpoint, new Set([certificate.id]));
      else there.add(certificate.id);
    }
  }
}

/**
 * A certificate whose document broke keeps its last good declaration; broken policies keep the last good ones in force. Nothing
 * that cannot be read loosens or removes anything (DESIGN promise 3).
 */
export function keepWhatBroke(
  built: Desired,
  before: Desired | null,
  memory: Pick<Memory, 'withdrawn' | 'installations'>,
): Desired {
  const broken = brokenScopes(built.problems);
  if (broken.size === 0) return built;
  const certificates = new Map(built.certificates);
  for (const [id, old] of lastKnown(before, memory)) {
    if (!certificates.has(id) && broken.has(dirname(old.source.file))) certificates.set(id, old);
  }
  if (before === null) return { ...built, certificates };
  const policiesBroke = [...broken].some((scope) => scope === 'policies' || scope.startsWith('policies/'));
  return {
    ...built,
    certificates,
    teams: withBroken(built.teams, before.teams, broken),
    issuers: withBroken(built.issuers, before.issuers, broken),
    endpoints: withBroken(built.endpoints, before.endpoints, broken),
    profiles: withBroken(built.profiles, before.profiles, broken),
    policies: policiesBroke ? before.policies : built.policies,
  };
}

/** What stood in a folder that is broken now and is no longer there stays as it was. */
function withBroken<T extends Declared>(
  built: ReadonlyMap<string, T>,
  before: ReadonlyMap<string, T>,
  broken: ReadonlySet<string>,
): ReadonlyMap<string, T> {
  const kept = [...before].filter(([name, old]) => !built.has(name) && broken.has(dirname(old.source.file)));
  return kept.length === 0 ? built : new Map([...built, ...kept]);
}

function brokenScopes(problems: readonly DocumentProblem[]): Set<string> {
  return new Set(problems.filter((problem) => problem.severity === 'error').map((problem) => problem.scope));
}

function withdrawnCertificates(desired: Desired, before: Desired | null, memory: Memory): Certificate[] {
  const gone: Certificate[] = [];
  for (const [id, old] of lastKnown(before, memory)) if (!desired.certificates.has(id)) gone.push(old);
  return gone;
}

/** Every certificate that was in force before or that the journal knows to be installed. */
function lastKnown(
  before: Desired | null,
  memory: Pick<Memory, 'withdrawn' | 'installations'>,
): Map<string, Certificate> {
  const known = new Map<string, Certificate>(memory.withdrawn);
  for (const { certificate, installed } of memory.installations.values()) {
    if (certificate !== null && installed !== null) known.set(certificate.id, certificate);
  }
  for (const [id, certificate] of before?.certificates ?? []) known.set(id, certificate);
  return known;
}

/** Policies could not be read and none was in force before: nothing new may be issued. */
export function policyIsUncertain(desired: Desired): boolean {
  return (
    desired.policies.length === 0 &&
    desired.problems.some((problem) => problem.severity === 'error' && problem.scope.startsWith('policies'))
  );
}

/**
 * Reads what is wanted: the newest commit of the intent branch, judged against the last accepted one. History that does not descend
 * from the accepted commit is refused (changes freeze, renewals go on); an older commit is waited out (`lagging.ts`); a broken document
 * never takes a certificate out of service.
 */
import { buildDesired, type InForce } from '../core/desired.ts';
import { missingBranch } from '../core/missing-branch.ts';
import type { Certificate, Desired } from '../core/model.ts';
import { allKinds, keyOf } from '../documents/kinds/index.ts';
import type { DocumentReader, ParsedFile } from '../documents/read.ts';
import type { Repository } from '../git/repository.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { advance, type UnreadCommit } from './advance.ts';
import { saveHeld } from './hold.ts';
import { inOneWrite } from './kept-lists.ts';
import type { Build, Judging, Take } from './judging.ts';
import { brokenPrefix, mistakesOf, readBrokenRow, unknownFile, unreadableCode } from './broken.ts';
import { isYaml, type TrustFile } from './in-force.ts';
import { isBehind, noteBehind, noteCaughtUp, noteNotRewritten, noteRewritten } from './lagging.ts';
import { leftOf } from './left.ts';
import type { Memory } from './memory.ts';
import { isRepositoryTrouble, noteRead, noteUnread, refusedCommit } from './unread.ts';
import { rememberedWay, type RecordsPlace } from './remembered.ts';
import { retrace, timesOf } from './retrace.ts';
import { judgeSleepers } from './sleeping.ts';
import type { World } from './world.ts';

export interface IntentSource {
  readonly repository: Repository;
  readonly reader: DocumentReader;
  readonly builtIns: readonly ParsedFile[];
  /** Branch name, without `refs/heads/`. */
  readonly branch: string;
  /** The first commit that counts; null: the newest at the first start. */
  readonly trustedCommit: string | null;
  /** Where the records of earlier turns stand: asked when the journal knows nothing. null or absent: nowhere. */
  readonly records?: RecordsPlace | null;
  /** What is in force, by path: kept between turns. */
  files: ReadonlyMap<string, ParsedFile>;
  trust: ReadonlyMap<string, TrustFile>;
}

/** The part of the world that reading needs. */
export type IntentWorld = Pick<World, 'now' | 'log' | 'journal' | 'crashPoint'>;

/**
 * Brings `memory.desired` up to the head of the intent branch. IO: Git and the journal. Safe to repeat. Whatever cannot be read is remembered in `memory.unread`
 * with since when (`shell/unread.ts`), and what was accepted stays in force, also after a start. While the clock is in doubt nothing new is judged.
 * @throws OperationError `git-*` and others for trouble with the repository, `git-malformed` naming the commit that is not in force
 */
export async function readIntent(
  world: IntentWorld,
  intent: IntentSource,
  memory: Memory,
  refs: () => Promise<ReadonlyMap<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  if (memory.desired === null && memory.accepted !== null) restoreAccepted(world, intent, memory);
  let head: string | null = null;
  try {
    const advertised = await refs();
    // What lapsed, who may still sign and what is due are questions of time.
    if (memory.clock.doubt !== null || memory.clock.settling) return;
    head = advertised.get(`refs/heads/${intent.branch}`) ?? null;
    if (head === null)
      throw new OperationError(
        'git-unavailable',
        missingBranch(intent.branch, advertised.keys(), 'declarations'),
        { disposition: 'retry' },
      );
    const unread = await readHead(world, intent, memory, head, signal);
    if (unread !== null) throw refusedCommit(intent.branch, unread, memory);
    noteRead(world, memory);
  } catch (error) {
    if (isRepositoryTrouble(error)) noteUnread(world, memory, head, error);
    throw error;
  }
}

/** Set once everything that sleeps in force was judged: in a new journal at once. */
const sleepersFact = 'sleepers-judged';

/** Returns the commit that could not be read and that no later one mended; null when everything up to the head was read. */
async function readHead(
  world: IntentWorld,
  intent: IntentSource,
  memory: Memory,
  head: string,
  signal: AbortSignal,
): Promise<UnreadCommit | null> {
  if (head === memory.accepted && memory.desired !== null) {
    noteCaughtUp(world, memory);
    noteNotRewritten(world, memory);
    return null;
  }
  await intent.repository.fetch([`refs/heads/${intent.branch}`], signal);
  if (memory.accepted !== null && (await isBehind(intent.repository, memory.accepted, head))) {
    noteBehind(world, memory, head);
    noteNotRewritten(world, memory);
    return null;
  }
  noteCaughtUp(world, memory);
  if (memory.accepted !== null && !(await intent.repository.isAncestor(memory.accepted, head))) {
    noteRewritten(world, memory, head);
    return null;
  }
  noteNotRewritten(world, memory);
  const build: Build = (commit, files) =>
    keepWhatBroke(
      buildDesired(commit, [...files.values()], intent.builtIns, inForceBefore(memory)),
      files,
      memory.desired,
      memory,
    );
  const take: Take = (applied, desired, commit) => {
    world.crashPoint('before accept');
    inOneWrite(world.journal, () => {
      world.journal.append(world.now(), 'repository', 'accepted', commit);
      world.journal.saveSource(commit, applied.rows, applied.removed);
      savePathless(world, desired);
      saveHeld(world, memory);
    });
    world.crashPoint('after accept');
    intent.files = applied.files;
    intent.trust = applied.trust;
    memory.accepted = commit;
    replaceDesired(memory, desired, new Set(applied.documents.map((each) => each.path)));
  };
  const context = { world, intent, memory, build, take };
  if (world.journal.fact(sleepersFact) !== 'yes') {
    await judgeSleepers(context);
    world.journal.setFact(sleepersFact, 'yes');
  }
  const unread = await recollect(context, intent, head, signal);
  if (unread !== null) return unread;
  return advance(context, head, {
    judgedAgainMax: limits.governance.judgedAgainPerTurnMax,
    timeMaxMs: limits.governance.judgingPerTurnMaxMs,
  });
}

/** `no` while a new journal goes the way of the one before: a crash in between must not make it go on otherwise. */
const recollectedFact = 'recollected';

/**
 * With a new journal: judges again what the records say was judged, from the commit the operator trusts or they name, at the times they say it was seen. Does nothing where
 * the journal knows what is in force. Returns the first commit where that cannot be read: nothing else is then taken on trust in its place.
 */
async function recollect(
  context: Judging & { readonly world: IntentWorld },
  intent: IntentSource,
  head: string,
  signal: AbortSignal,
): Promise<UnreadCommit | null> {
  const { memory, world } = context;
  if (memory.accepted !== null && world.journal.fact(recollectedFact) !== 'no') return null;
  const { repository, records = null, trustedCommit: named } = intent;
  const start = memory.accepted ?? (named === null ? null : await trustedCommit(intent, named, head));
  const remembered =
    records === null
      ? null
      : await rememberedWay(
          repository,
          records,
          { head, start },
          { now: world.now(), log: world.log, signal },
        );
  if (remembered === null) return start === null ? null : advance(context, start);
  const { first, stations, seenAt } = remembered;
  world.log.warn({ from: first }, 'the journal is new: changes are judged again');
  world.journal.setFact(recollectedFact, 'no');
  const now = world.now();
  const judge = (commit: string, at: number): Promise<UnreadCommit | null> =>
    advance({ ...context, world: { ...world, now: () => at } }, commit);
  const began = seenAt(first);
  const unread = memory.accepted === null ? await judge(first, Math.min(began ?? now, now)) : null;
  if (unread !== null) return unread;
  let since = Math.min(began ?? 0, now);
  await retrace(context, stations, async (way) => {
    const times = timesOf(way, seenAt, { since, now });
    for (const [index, commit] of way.entries()) await judge(commit, (since = times[index] ?? now));
  });
  world.journal.setFact(recollectedFact, 'yes');
  return null;
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

/** After a start: the accepted commit's files come from the journal, so that a remote that is away or rewritten stops nothing. */
function restoreAccepted(world: Pick<World, 'journal'>, intent: IntentSource, memory: Memory): void {
  const rows = world.journal.source();
  const files = new Map<string, ParsedFile>();
  const trust = new Map<string, TrustFile>();
  for (const row of rows) {
    if (row.path.startsWith(brokenPrefix)) continue;
    if (isYaml(row.path)) files.set(row.path, intent.reader.parseFile(row));
    else trust.set(row.path, { oid: row.oid, bytes: row.bytes });
  }
  for (const row of rows.filter((each) => each.path.startsWith(brokenPrefix))) {
    const path = row.path.slice(brokenPrefix.length);
    const { problems, ...mode } = readBrokenRow(row) ?? intent.reader.parseFile({ ...row, path });
    files.set(path, { path, oid: row.oid, documents: files.get(path)?.documents ?? [], problems, ...mode });
  }
  for (const [path, file] of files) {
    // Accepted by an earlier version, and not to be read by this one.
    if (file.documents.length > 0 || mistakesOf(file, []).length === 0) continue;
    if (rows.some((row) => row.path === path)) files.set(path, unknownFile(file));
  }
  intent.files = files;
  intent.trust = trust;
  const built = buildDesired(
    memory.accepted ?? '',
    [...files.values()],
    intent.builtIns,
    restoredClaims(world, files) ?? inForceBefore(memory),
  );
  replaceDesired(memory, keepWhatBroke(built, files, memory.desired, memory), null);
}

/** Whose claims count first: what is in force, and after a start what is installed. */
function inForceBefore({ desired, installations }: Pick<Memory, 'desired' | 'installations'>): InForce {
  if (desired !== null) return desired;
  const known = new Map<string, Certificate>();
  for (const { certificate, installed } of installations.values())
    if (certificate !== null && installed !== null) known.set(certificate.id, certificate);
  return { certificates: known };
}

/** Ids of installations that had no path of their own when the accepted commit was taken, as JSON. Written with it: another order of files after a start changes nothing. */
const pathlessFact = 'pathless';

/** IO: the journal. Safe to repeat. */
function savePathless({ journal }: Pick<World, 'journal'>, { pathless }: Desired): void {
  const text = JSON.stringify([...(pathless ?? [])].sort());
  if (journal.fact(pathlessFact) !== text) journal.setFact(pathlessFact, text);
}

/** Who had which path before a stop: everybody who is accepted, but those that had none. null in a journal that does not say. IO: the journal. */
function restoredClaims(
  { journal }: Pick<World, 'journal'>,
  files: ReadonlyMap<string, ParsedFile>,
): InForce | null {
  const text = journal.fact(pathlessFact);
  if (text === null) return null;
  const declared = [...files.values()].flatMap(({ documents }) => documents);
  const certificates = new Map(
    declared.flatMap((each) => (each.kind === 'Certificate' ? [[each.id, each] as const] : [])),
  );
  return { certificates, pathless: new Set(JSON.parse(text) as readonly string[]) };
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
  const left = leftOf(memory, desired.certificates);
  for (const id of [...memory.left.keys(), ...left.keys()]) memory.dirty.add(id);
  memory.left.clear();
  for (const [id, installations] of left) memory.left.set(id, installations);
  memory.byEndpoint.clear();
  for (const certificate of [...desired.certificates.values(), ...memory.withdrawn.values()]) {
    for (const { endpoint } of [...certificate.installations, ...(left.get(certificate.id) ?? [])]) {
      const there = memory.byEndpoint.get(endpoint);
      if (there === undefined) memory.byEndpoint.set(endpoint, new Set([certificate.id]));
      else there.add(certificate.id);
    }
  }
}

/**
 * What a file declares and what cannot be used where it stands (it refers to nothing, it leads in a circle) stays as it was, for every kind that keeps. A file
 * that itself broke keeps its documents already (`broken.ts`). Nothing that cannot be read loosens or removes anything (DESIGN promise 14).
 */
export function keepWhatBroke(
  built: Desired,
  files: ReadonlyMap<string, ParsedFile>,
  before: Desired | null,
  memory: Pick<Memory, 'withdrawn' | 'installations'>,
): Desired {
  const declared = new Set<string>();
  const unreadable = new Set<string>();
  for (const file of files.values()) {
    for (const each of file.documents) declared.add(keyOf(each));
    if (file.documents.length === 0 && mistakesOf(file, []).length > 0) unreadable.add(file.path);
  }
  let desired = built;
  for (const kind of allKinds) {
    if (kind.whenBroken === 'drop') continue;
    const now = kind.of(built);
    const known =
      kind.kind === 'Certificate' ? lastKnown(before, memory) : before === null ? [] : kind.of(before);
    const kept = [...known].filter(
      ([id, old]) => !now.has(id) && (declared.has(keyOf(old)) || unreadable.has(old.source.file)),
    );
    if (kept.length > 0) desired = kind.put(desired, new Map([...now, ...kept]));
  }
  return desired;
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

/** Something that governs could not be read and nothing is known that was in force before it: nothing new may be issued. Pure. */
export function policyIsUncertain(desired: Desired): boolean {
  return desired.problems.some((problem) => problem.code === unreadableCode);
}

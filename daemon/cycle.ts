/**
 * One turn of the corridor: read, observe, judge, plan, apply, record, publish. It reads as the table of contents of the program.
 * Level-triggered: nothing here remembers that something was tried; a crash at any line is repaired by the next turn.
 */
import { planActions, type Action, type Candidate } from './core/plan.ts';
import type { Standing } from './core/other-instance.ts';
import { endOf } from './core/renewal.ts';
import type { CertificateStatus } from './core/record-format.ts';
import { limits } from './limits.ts';
import { applyActions, type Outcome } from './shell/apply.ts';
import { noteChainEnds } from './shell/chain-ends.ts';
import { watchedRefs, type Estate } from './shell/estate.ts';
import { dropOrphans } from './shell/fit.ts';
import { claim } from './shell/claim.ts';
import { announce, noteLiving, noteWork, type Beat } from './shell/beats.ts';
import { noteIssuerEnds } from './shell/issuer-ends.ts';
import { noteStanding, standingOf, standsBy } from './shell/instances.ts';
import { readIntent } from './shell/intent.ts';
import { adopt, jobMaker, sightsOf } from './shell/jobs.ts';
import { stillRefused } from './shell/provenance.ts';
import { certificateOf, judge, knownLeaves } from './shell/judge.ts';
import type { Memory } from './shell/memory.ts';
import { observe } from './shell/observe.ts';
import { readRecords } from './shell/records.ts';
import { noteProofs } from './shell/proofs.ts';
import { takeRecordsAgain } from './shell/records-in.ts';
import { recordAndPublish } from './shell/publish.ts';
import { apart } from './shell/unexpected.ts';
import { isRepositoryTrouble } from './shell/unread.ts';
import { concerned, endWaits, gatherGround, waitsOn } from './shell/waits.ts';
import { endWithdrawn } from './shell/withdrawn.ts';
import type { Unexpected, World } from './shell/world.ts';

export interface TurnOptions {
  /** Look at everything, due or not. */
  readonly observeAll: boolean;
  /** Only say what would be done: nothing is changed, nothing is committed. */
  readonly dryRun: boolean;
  /** Write the heartbeat when it is older than its interval. */
  readonly heartbeat: boolean;
  /** The process goes on after this turn: others have to give way to it. */
  readonly living?: boolean;
  /** A person asks now: what waits for a correction that only a try can find out is tried. */
  readonly asked?: boolean;
}

export interface TurnReport {
  /** Commit of the intent branch that was in force. */
  readonly source: string | null;
  readonly judged: number;
  readonly observed: number;
  readonly planned: readonly Action[];
  readonly outcomes: readonly Outcome[];
  /** Commit on the state branch; null when nothing changed. */
  readonly published: string | null;
  /** Trouble that stopped a part of the turn: the repository, the push. Empty when the turn was whole. */
  readonly troubles: readonly { readonly code: string; readonly message: string }[];
  /** What one installation, endpoint or issuer met and nobody foresaw: it failed for that one, and the turn went on. */
  readonly unexpected: readonly Unexpected[];
  readonly statuses: Readonly<Partial<Record<CertificateStatus, number>>>;
  /** The next instant at which something is due, UTC epoch ms; null when nothing ever is. */
  readonly nextDueAt: number | null;
}

/** Runs one turn. IO. Safe to repeat and to end at any point. Throws only for a programmer's mistake or an unusable journal. */
export async function runTurn(
  given: World,
  estate: Estate,
  memory: Memory,
  options: TurnOptions,
  signal: AbortSignal,
): Promise<TurnReport> {
  const troubles: { code: string; message: string }[] = [];
  if (behind.has(memory)) followJournal(given, memory);
  const asked = estate.intent.repository.advertise(signal, watchedRefs(estate));
  await guarded(troubles, () => asked);
  // Git has just said what time it is.
  const met: Unexpected[] = [];
  const world = { ...believed(given, memory), unexpected: (each: Unexpected) => void met.push(each) };
  await readRepository(world, estate, memory, { asked, troubles }, signal);
  const standing = standingOf(world, memory, estate.intent.trust);
  const aside = standsBy(world, standing);
  if (!options.dryRun) await guarded(troubles, () => takePlace(world, estate, memory, standing));
  if (aside !== null) troubles.push({ code: 'another-instance', message: aside });
  else if (options.living === true) noteLiving(world, memory);
  memory.repositoryTrouble = troubles[0]?.message ?? null;
  if (!options.dryRun) dropOrphans(world, memory);
  if (memory.attempts.size > 0)
    endWaits(world, memory, await gatherGround(world, memory), {
      dryRun: options.dryRun,
      asked: options.asked === true,
    });
  const ids = dueCertificates(world, memory, options.observeAll);
  if (ids.length > 0) memory.known = knownLeaves(memory);

  judge(world, memory, ids);
  const sights = await sightsOf(world, memory, ids, options.observeAll, signal);
  const observations = await observe(world, sights, signal);
  for (const observation of observations) memory.observations.set(observation.installation, observation);
  if (!options.dryRun) world.journal.saveObservations(observations);
  judge(world, memory, ids);

  // A clock that is not believed decides nothing.
  const wanted = memory.clock.doubt === null && aside === null ? planActions(candidates(memory, ids)) : [];
  const planned = wanted.slice(0, limits.work.actionsPerTurnMax);
  const first = planned.length > 0 && options.heartbeat && !options.dryRun;
  const refused = first ? await claim(world, estate, memory, signal) : null;
  if (refused !== null) troubles.push({ code: 'another-instance', message: refused });
  if (aside !== null && options.living === true && !options.dryRun)
    await guarded(troubles, () => announce(world, estate, memory, standing, signal));
  if (options.dryRun || aside !== null || refused !== null)
    return report(memory, {
      judged: ids.length,
      observed: observations.length,
      planned,
      troubles,
      unexpected: met,
    });

  // Drift that is about to be mended is committed as a finding first: what was mended must have been seen by others too.
  const drifted = planned.filter(({ kind }) => kind === 'restore' || kind === 'reload');
  if (drifted.length > 0) {
    const ids = new Set(drifted.map((action) => action.certificate));
    await guarded(troubles, () => recordAndPublish(world, estate, memory, ids, [], 'none', signal));
  }
  const had = fingerprints(memory, planned);
  const outcomes = await carryOut(world, memory, planned, signal);
  if (outcomes.length > 0) noteWork(memory, world.now());
  const touched = new Set([...ids, ...affected(memory, outcomes)]);
  judge(world, memory, touched);
  await noteChainEnds(world, memory, touched, signal);
  await noteIssuerEnds(world, memory, touched.size > 0, signal);
  noteProofs(world, memory, touched);
  const releases = endWithdrawn(world, memory);
  for (const id of releases.keys()) touched.add(id);
  judge(world, memory, releases.keys());

  const published = await guarded(troubles, () =>
    recordAndPublish(world, estate, memory, touched, outcomes, beatOf(options), signal, releases),
  );
  if (published !== undefined) for (const id of touched) memory.dirty.delete(id);
  // What was dropped is asked for anew at once, by what is declared now; what stood before a new certificate is followed by it; what one turn was too short for is next.
  const atOnce = outcomes.filter(
    ({ action, state }) =>
      (action.kind === 'abandon' && state === 'done') ||
      (memory.assessments.get(action.installation)?.need.kind === 'issue' &&
        had.get(action.installation) === fingerprints(memory, [action]).get(action.installation)),
  );
  for (const { certificate } of [...atOnce.map((each) => each.action), ...wanted.slice(planned.length)]) {
    memory.dirty.add(certificate);
    memory.dueAt.set(certificate, world.now());
  }
  return report(memory, {
    judged: ids.length,
    observed: observations.length,
    planned,
    outcomes,
    published: published ?? null,
    troubles,
    unexpected: met,
  });
}

/** Keeps in mind how this one stands to others. Where it works again after it stood aside, it takes what others recorded meanwhile. */
async function takePlace(world: World, { state }: Estate, memory: Memory, standing: Standing): Promise<void> {
  const { presence } = memory;
  const wasAside = presence.waitsSince !== null || presence.stoppedSince !== null;
  const isAside = standing.state === 'waits' || standing.state === 'stopped';
  if (wasAside && !isAside) await takeRecordsAgain(world, state, memory);
  noteStanding(world, memory, standing);
}

function beatOf({ heartbeat, living }: TurnOptions): Beat {
  if (!heartbeat) return 'none';
  return living === true ? 'living' : 'passing';
}

/** The world with the best guess at the time, which is its own clock while that is believed. A change of the guess has everything judged again. */
function believed(world: World, memory: Memory): World {
  const { basis: _, ...clock } = world.judgeClock();
  const { doubt, correctionMs } = clock;
  if (doubt !== memory.clock.doubt)
    for (const id of memory.desired?.certificates.keys() ?? []) memory.dirty.add(id);
  if (doubt !== null && memory.clock.doubt === null)
    world.log.error({ correctionMs }, `the clock is not believed, by ${doubt}`);
  memory.clock = clock;
  return correctionMs === 0 ? world : { ...world, now: () => world.now() + correctionMs };
}

/** Trouble with Git stops the part that needs Git and nothing else: renewals go on from what was accepted. */
async function guarded<T>(
  troubles: { code: string; message: string }[],
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isRepositoryTrouble(error)) throw error;
    // Both readings ask the same server; it fails once.
    if (!troubles.some((each) => each.message === error.message))
      troubles.push({ code: error.code, message: error.message });
    return undefined;
  }
}

/** Intent and records are read each on its own: what cannot be read of one stops neither the other nor the turn. */
async function readRepository(
  world: World,
  estate: Estate,
  memory: Memory,
  {
    asked,
    troubles,
  }: {
    readonly asked: Promise<ReadonlyMap<string, string>>;
    readonly troubles: { code: string; message: string }[];
  },
  signal: AbortSignal,
): Promise<void> {
  await guarded(troubles, () => readIntent(world, estate.intent, memory, () => asked, signal));
  await guarded(troubles, async () =>
    readRecords(world, estate.state, memory, { refs: await asked, trust: estate.intent.trust }, signal),
  );
}

/** Those that changed and those whose time has come. */
function dueCertificates(world: World, memory: Memory, all: boolean): string[] {
  const now = world.now();
  const due = new Set(memory.dirty);
  if (all)
    for (const id of [...(memory.desired?.certificates.keys() ?? []), ...memory.withdrawn.keys()])
      due.add(id);
  // Beyond the longest pause between two looks nothing was ever due: the clock was ahead when it was set.
  const late = now + 2 * world.pace.observeIntervalMs + limits.clock.skewMaxMs;
  for (const [id, at] of memory.dueAt) if (at <= now || at > late) due.add(id);
  return [...due].filter((id) => certificateOf(memory, id) !== null).sort();
}

function candidates(memory: Memory, ids: readonly string[]): Candidate[] {
  return ids.flatMap((id) => {
    const certificate = certificateOf(memory, id);
    return (certificate?.installations ?? []).flatMap((installation) => {
      const assessment = memory.assessments.get(installation.id);
      if (certificate === null || assessment === undefined) return [];
      const issued = memory.installations.get(installation.id)?.installed?.issued;
      return [
        {
          certificate,
          installation,
          assessment,
          notAfter: issued === undefined ? null : endOf(issued),
        },
      ];
    });
  });
}

async function carryOut(
  world: World,
  memory: Memory,
  planned: readonly Action[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  if (planned.length === 0) return [];
  world.progress({ kind: 'turn-started', commit: memory.accepted ?? '' });
  for (const action of planned.filter((each) => each.kind === 'adopt'))
    apart(
      world,
      action.installation,
      () => {
        adopt(world, memory, action);
      },
      () => undefined,
    );
  const actions = planned.filter((each) => each.kind !== 'adopt');
  behind.add(memory);
  const outcomes = await applyActions(
    world,
    actions,
    jobMaker(world, memory, signal),
    memory.operations,
    waitsOn(memory, await gatherGround(world, memory)),
    signal,
  );
  for (const { observation } of outcomes) {
    if (observation !== null) {
      const before = memory.observations.get(observation.installation);
      memory.observations.set(observation.installation, stillRefused(before, observation));
    }
  }
  followJournal(world, memory);
  return outcomes;
}

/** What is installed where these actions are, by installation. */
function fingerprints(memory: Memory, actions: readonly Action[]): Map<string, string | undefined> {
  return new Map(
    actions.map(({ installation }) => [
      installation,
      memory.installations.get(installation)?.installed?.issued.fingerprint,
    ]),
  );
}

/** Whose journal was written past it: a turn that ended in between has not taken over what it did, and an operation that is not known would be begun a second time. */
const behind = new WeakSet<Memory>();

function followJournal({ journal }: Pick<World, 'journal'>, memory: Memory): void {
  refresh(memory.installations, journal.installations());
  refresh(memory.operations, journal.operations());
  refresh(memory.attempts, journal.attempts());
  memory.known = knownLeaves(memory);
  behind.delete(memory);
}

/** The journal is what counts: memory follows it. */
function refresh<T>(target: Map<string, T>, source: ReadonlyMap<string, T>): void {
  target.clear();
  for (const [key, value] of source) target.set(key, value);
}

/** An endpoint or issuer that failed as a whole changes the judgement of everything that depends on it. */
function affected(memory: Memory, outcomes: readonly Outcome[]): Set<string> {
  const ids = new Set<string>();
  for (const { action, failure } of outcomes) {
    ids.add(action.certificate);
    const subject =
      failure?.scope === 'endpoint'
        ? `endpoint:${action.endpoint}`
        : failure?.scope === 'issuer'
          ? `issuer:${action.issuer}`
          : null;
    for (const id of subject === null ? [] : concerned(memory, subject)) ids.add(id);
  }
  return ids;
}

function report(
  memory: Memory,
  part: Pick<TurnReport, 'judged' | 'observed' | 'planned' | 'troubles' | 'unexpected'> & Partial<TurnReport>,
): TurnReport {
  const statuses: Partial<Record<CertificateStatus, number>> = {};
  for (const record of memory.certificateRecords.values()) {
    statuses[record.status] = (statuses[record.status] ?? 0) + 1;
  }
  let nextDueAt: number | null = null;
  for (const at of memory.dueAt.values()) if (nextDueAt === null || at < nextDueAt) nextDueAt = at;
  return { source: memory.accepted, outcomes: [], published: null, statuses, nextDueAt, ...part };
}

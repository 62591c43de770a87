/** What this process says of itself on the branch of the records: that it works there, waits, has stopped, or ended. One heartbeat, at most hourly. */
import { goesFirst, isLive, type Standing } from '../core/other-instance.ts';
import {
  recordApiVersion,
  type Heartbeat,
  type Party,
  type RepositoryFindings,
} from '../core/record-format.ts';
import { findingRecords } from '../core/record.ts';
import { instantOf, timestamp } from '../core/timestamp.ts';
import { limits } from '../limits.ts';
import { recordJson, recordText, type RecordText } from '../record-text.ts';
import type { Estate } from './estate.ts';
import { instanceFindings, instanceId, isOurBeat, nextNonce, noteSeen, standingOf } from './instances.ts';
import type { Memory } from './memory.ts';
import { believesUs } from './record-trust.ts';
import { standingFindings } from './records-in.ts';
import { publishRecords, readRecords } from './records.ts';
import { isRepositoryTrouble } from './unread.ts';
import type { World } from './world.ts';

/** Whether a heartbeat is written: by nobody, by a run that ends, by a daemon that goes on. */
export type Beat = 'none' | 'passing' | 'living';

type Clerk = Pick<World, 'journal' | 'now'>;

/** Our own beat that stands on the branch as the one that works; null when there is none. IO: reads the journal. */
export function standingBeat(
  world: Pick<World, 'journal'>,
  { heard }: Pick<Memory, 'heard'>,
): Heartbeat | null {
  const beat = heard?.beat ?? null;
  if (beat?.id === undefined || beat.nonce === undefined || beat.ended === true) return null;
  return isOurBeat(world, { id: beat.id, nonce: beat.nonce }) ? beat : null;
}

/** The heartbeat to write with the records; null for none. Its hour is that of the last one, and `riding` along with other changes it is free. IO: the journal. */
export function nextHeartbeat(
  world: Clerk,
  estate: Estate,
  memory: Memory,
  wanted: Beat,
  riding: boolean,
): Heartbeat | null {
  if (wanted === 'none' || memory.accepted === null) return null;
  const now = world.now();
  const last = memory.heartbeat;
  const age = last === null ? Number.POSITIVE_INFINITY : now - instantOf(last.at);
  // A daemon that begins says so at once where somebody else, or a run that ended, spoke last.
  const begins = wanted === 'living' && standingBeat(world, memory) === null;
  // A run that ends takes its claim back, so that nobody waits for it.
  const ends = wanted === 'passing' && memory.presence.claimed;
  if (!begins && !ends && (age < limits.turn.heartbeatIntervalMs || (!riding && age === 0))) return null;
  return newBeat(world, estate, memory, wanted);
}

function newBeat(world: Clerk, { state }: Estate, memory: Memory, wanted: Beat): Heartbeat {
  const { presence, accepted } = memory;
  const now = world.now();
  const beside = othersBeside(world, memory);
  return {
    apiVersion: recordApiVersion,
    kind: 'Heartbeat',
    instance: state.instance,
    version: state.version,
    at: timestamp(now),
    id: instanceId(world.journal),
    nonce: nextNonce(world.journal, presence),
    ended: wanted === 'passing',
    since: timestamp(presence.worksSince ?? now),
    ...(beside === null ? {} : { beside }),
    source: accepted ?? '',
  };
}

/** Whoever stands beside the one that works, and is not us; null when it was not heard of for long, or is not believed. */
function othersBeside(world: Clerk, { heard, presence }: Memory): Party | null {
  const beside = heard?.ours === true ? heard.beat?.beside : undefined;
  if (beside === undefined || isOurBeat(world, beside)) return null;
  const { silentAfterMs } = limits.instance;
  const seenAt = (nonce: string): number | null => presence.seen.get(nonce) ?? null;
  const live = isLive(
    { now: world.now(), seenAt, silentAfterMs, skewMaxMs: limits.clock.skewMaxMs, believed: true },
    beside,
  );
  return live ? beside : null;
}

/** That `beat` stands on the branch now. */
export function noteBeat(world: Clerk, memory: Memory, beat: Heartbeat): void {
  const { presence } = memory;
  const now = world.now();
  memory.heartbeat = beat;
  memory.heard = { beat, ours: true, foreign: null };
  noteSeen(presence, beat, false, now);
  presence.pending = null;
  presence.claimed = beat.ended !== true;
  if (beat.ended === true) presence.worksSince = null;
  else {
    noteWork(memory, now);
    if (beat.since !== undefined) presence.worksSince = instantOf(beat.since);
  }
}

/** That this process works here: it says so, or changed something. */
export function noteWork({ presence }: Pick<Memory, 'presence'>, now: number): void {
  presence.worksSince ??= now;
  presence.workedAt = now;
}

/** That a daemon which goes on works here by a beat of its own from before it started again. IO: reads the journal. */
export function noteLiving(world: Clerk, memory: Memory): void {
  const beat = standingBeat(world, memory);
  if (beat === null) return;
  const { presence } = memory;
  presence.worksSince ??= world.now();
  presence.workedAt = Math.max(presence.workedAt ?? 0, instantOf(beat.at));
}

const nothing = { certificates: [], endpoints: [], files: new Map<string, RecordText>() };

/**
 * Says on the branch of the records that this process works there, before its first action. True when that stands; false when somebody pushed since the branch was
 * read: it has to be read again, and nothing is pushed over it. IO: Git and the journal. @throws OperationError `git-*`
 */
export async function publishClaim(
  world: World,
  estate: Estate,
  memory: Memory,
  signal: AbortSignal,
): Promise<boolean> {
  if (memory.accepted === null) return false;
  const beat = newBeat(world, estate, memory, 'living');
  return publishBeat(
    world,
    estate,
    memory,
    { beat, repository: null, because: 'about to change something' },
    signal,
  );
}

async function publishBeat(
  world: World,
  { state, intent }: Estate,
  memory: Memory,
  what: {
    readonly beat: Heartbeat | null;
    readonly repository: RepositoryFindings | null;
    readonly because: string;
  },
  signal: AbortSignal,
): Promise<boolean> {
  const { beat, repository, because } = what;
  const { beats } = await publishRecords(
    world,
    state,
    memory,
    { ...nothing, repository, heartbeat: beat },
    { message: recordText('heartbeat\n'), because, trust: intent.trust },
    signal,
  );
  if (!beats) return false;
  if (repository !== null) memory.repositoryRecord = repository;
  if (beat === null) return true;
  if (beat.id !== undefined && isOurBeat(world, { id: beat.id, nonce: beat.nonce ?? '' }))
    noteBeat(world, memory, beat);
  else {
    memory.heard = { beat, ours: true, foreign: null };
    noteSeen(memory.presence, beat, false, world.now());
    memory.presence.pending = null;
  }
  return true;
}

/**
 * What a daemon that stands aside says: beside the heartbeat of the one that works, that it waits; where both stopped, that it has, with the finding. A daemon whose key the
 * other does not believe says nothing. IO: Git and the journal, at most hourly. Safe to repeat. @throws OperationError `git-*`
 */
export async function announce(
  world: World,
  estate: Estate,
  memory: Memory,
  standing: Standing,
  signal: AbortSignal,
): Promise<void> {
  if (memory.heard?.beat == null || !believesUs(estate.state, memory, estate.intent.trust)) return;
  const stops = standing.state === 'stopped' && !givesWay(world, estate, memory, standing.other);
  const beat = stops
    ? stoppedBeat(world, estate, memory, memory.heard.beat)
    : waitingBeat(world, estate, memory, memory.heard.beat);
  const repository = stops ? await withStopFinding(world, estate, memory, standing) : null;
  if (beat === null && repository === null) return;
  const because = stops ? 'two renewd worked here: both have stopped' : 'another renewd works here';
  await publishBeat(world, estate, memory, { beat, repository, because }, signal);
}

/** Both stand still for so long that nothing of either can be under way: the one that came later gives way. */
function givesWay(world: Clerk, { state }: Estate, { presence }: Memory, other: Party): boolean {
  const { stoppedSince, worksSince } = presence;
  if (stoppedSince === null || world.now() - stoppedSince < limits.instance.silentAfterMs) return false;
  const ours = {
    since: timestamp(worksSince ?? 0),
    instance: state.instance,
    id: instanceId(world.journal),
  };
  if (goesFirst(ours, other)) return false;
  presence.worksSince = null;
  return true;
}

function waitingBeat(world: Clerk, estate: Estate, memory: Memory, beat: Heartbeat): Heartbeat | null {
  // Our own from before we started again, or gave way: the other one goes on when it ended.
  if (standingBeat(world, memory) !== null) return { ...beat, ended: true };
  const { waitsSince } = memory.presence;
  return withBeside(world, estate, memory, beat, {
    since: timestamp(waitsSince ?? world.now()),
    claims: false,
  });
}

function stoppedBeat(world: Clerk, estate: Estate, memory: Memory, beat: Heartbeat): Heartbeat | null {
  const { worksSince } = memory.presence;
  noteWork(memory, world.now());
  if (standingBeat(world, memory) === null)
    return withBeside(world, estate, memory, beat, {
      since: timestamp(worksSince ?? world.now()),
      claims: true,
    });
  const due = world.now() - instantOf(beat.at) >= limits.turn.heartbeatIntervalMs;
  return due ? newBeat(world, estate, memory, 'living') : null;
}

/** The heartbeat of the one that works, with us beside it; null when that is said already, or somebody else stands there who says more. */
function withBeside(
  world: Clerk,
  { state }: Estate,
  memory: Memory,
  beat: Heartbeat,
  say: Pick<Party, 'since' | 'claims'>,
): Heartbeat | null {
  const { beside } = beat;
  const now = world.now();
  if (beside !== undefined && isOurBeat(world, beside)) {
    const young = now - instantOf(beside.at) < limits.turn.heartbeatIntervalMs;
    if (young && beside.claims === say.claims) return null;
  } else {
    const there = othersBeside(world, memory);
    if (there !== null && (there.claims || !say.claims)) return null;
  }
  const id = instanceId(world.journal);
  const nonce = nextNonce(world.journal, memory.presence);
  return { ...beat, beside: { instance: state.instance, id, nonce, at: timestamp(now), ...say } };
}

/** The findings of the repository as they stand, with the one about two that stopped; null when it is there. */
async function withStopFinding(
  world: Clerk,
  { state }: Estate,
  memory: Memory,
  standing: Standing,
): Promise<RepositoryFindings | null> {
  const before = await standingFindings(world, state, memory);
  memory.repositoryRecord = before;
  const drafts = instanceFindings(world, memory, standing, state.instance);
  const made = findingRecords(drafts, before?.findings ?? [], world.now());
  const others = (before?.findings ?? []).filter((each) => !made.some(({ id }) => id === each.id));
  const findings = [...others, ...made].sort((left, right) => (left.id < right.id ? -1 : 1));
  const next: RepositoryFindings = { apiVersion: recordApiVersion, kind: 'RepositoryFindings', findings };
  return before !== null && recordJson(before) === recordJson(next) ? null : next;
}

/**
 * The last word of a process that ends while another stands beside it: so that the other need not wait until it counts as gone. Says nothing where nobody waits, and
 * nothing when Git is away. IO: Git and the journal.
 */
export async function leave(
  { world, estate, memory }: { readonly world: World; readonly estate: Estate; readonly memory: Memory },
  signal: AbortSignal,
): Promise<void> {
  try {
    for (let attempt = 0; attempt < limits.instance.leavesMax; attempt++) {
      if (await sayEnded(world, estate, memory, signal)) return;
      // Somebody pushed since the branch was read.
      const refs = await estate.state.repository.advertise(signal, [estate.state.ref]);
      await readRecords(world, estate.state, memory, { refs, trust: estate.intent.trust }, signal);
    }
  } catch (error) {
    if (!isRepositoryTrouble(error)) throw error;
    world.log.warn({ code: error.code }, `that this renewd ended could not be said: ${error.message}`);
  }
}

/** True when it is said, or need not be. */
async function sayEnded(world: World, estate: Estate, memory: Memory, signal: AbortSignal): Promise<boolean> {
  const beat = memory.heard?.beat ?? null;
  const standing = standingOf(world, memory, estate.intent.trust);
  if (beat === null || standing.state === 'alone' || !believesUs(estate.state, memory, estate.intent.trust))
    return true;
  const say = async (last: Heartbeat): Promise<boolean> =>
    publishBeat(world, estate, memory, { beat: last, repository: null, because: 'it ended' }, signal);
  if (standingBeat(world, memory) !== null) return say({ ...beat, ended: true });
  if (beat.beside === undefined || !isOurBeat(world, beat.beside)) return true;
  const { beside: _, ...without } = beat;
  return say(without);
}

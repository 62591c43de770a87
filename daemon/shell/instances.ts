/** Keeps apart two daemons with data directories of their own: what the heartbeat on the state branch says of another, and how ours is marked. */
import { randomBytes } from 'node:crypto';
import type { FindingDraft } from '../core/assess.ts';
import { findingDraft } from '../core/finding-draft.ts';
import type { Instant } from '../core/model.ts';
import {
  asideText,
  isOurs,
  judgeInstances,
  partiesOf,
  stoppedText,
  type Standing,
} from '../core/other-instance.ts';
import type { Heartbeat, Party } from '../core/record-format.ts';
import { timestamp } from '../core/timestamp.ts';
import type { Journal } from '../journal/journal.ts';
import { limits } from '../limits.ts';
import { allowedSignersPath, type TrustFile } from './in-force.ts';
import type { Memory } from './memory.ts';
import { incidentsOf, noteIncident } from './record-incidents.ts';
import { listedSigners, stateTipFact } from './record-trust.ts';
import type { World } from './world.ts';

/** What this process knows of itself and of others on the branch of the records. Nothing of it outlives the process: one that starts again has claimed nothing. */
export interface Presence {
  /** Whether it said so on the branch. Before that it changes nothing. */
  claimed: boolean;
  /** Since when it works there; null before, and after it ended or gave way. */
  worksSince: Instant | null;
  /** When it last said so or changed something. */
  workedAt: Instant | null;
  /** Since when it waits for another; null while it does not. */
  waitsSince: Instant | null;
  /** Since when it and another have both stopped; null while they have not. */
  stoppedSince: Instant | null;
  /** The mark of a beat that may not have been pushed: the next one has the same. */
  pending: string | null;
  /** When each beat that stands there came in; null for those that stood there before. By mark. */
  readonly seen: Map<string, Instant | null>;
}

/** Of a process that has just started. Pure. */
export function newPresence(): Presence {
  return {
    claimed: false,
    worksSince: null,
    workedAt: null,
    waitsSince: null,
    stoppedSince: null,
    pending: null,
    seen: new Map(),
  };
}

const idFact = 'instance-id';
const noncesFact = 'heartbeat-nonces';

/** The name of this data directory, made once. IO: the journal. */
export function instanceId(journal: Pick<Journal, 'fact' | 'setFact'>): string {
  const known = journal.fact(idFact);
  if (known !== null) return known;
  const made = randomBytes(8).toString('hex');
  journal.setFact(idFact, made);
  return made;
}

function noncesOf(journal: Pick<Journal, 'fact'>): readonly string[] {
  return JSON.parse(journal.fact(noncesFact) ?? '[]') as string[];
}

/**
 * A mark for the next heartbeat: in the journal before it is pushed, so that it is known as ours whatever happens. While pushes fail it stays the same one: tries
 * without number never push the mark that stands on the branch out of the list. IO: the journal.
 */
export function nextNonce(journal: Pick<Journal, 'fact' | 'setFact'>, presence: Presence): string {
  if (presence.pending !== null) return presence.pending;
  const made = randomBytes(8).toString('hex');
  journal.setFact(noncesFact, JSON.stringify([...noncesOf(journal), made].slice(-limits.instance.noncesMax)));
  presence.pending = made;
  return made;
}

/** Notes which beats stand on the branch, and when they came in. `first`: they stood there before this process looked. Pure but for `presence`. */
export function noteSeen(presence: Presence, beat: Heartbeat | null, first: boolean, now: Instant): void {
  const standing = new Set(partiesOf(beat).map((each) => each.nonce));
  for (const nonce of presence.seen.keys()) if (!standing.has(nonce)) presence.seen.delete(nonce);
  for (const nonce of standing) if (!presence.seen.has(nonce)) presence.seen.set(nonce, first ? null : now);
}

type Asker = Pick<World, 'journal' | 'now'>;

/** How this process stands to others on the branch. `trust`: the lists of signers in force. IO: reads the journal. */
export function standingOf(
  world: Asker,
  memory: Pick<Memory, 'heard' | 'presence'>,
  trust: ReadonlyMap<string, TrustFile>,
): Standing {
  const { presence, heard } = memory;
  const now = world.now();
  const question = {
    credulous: world.journal.fact(stateTipFact) === null && listedSigners(trust).length === 0,
    ...ourMarks(world),
    claims: presence.worksSince !== null && now - (presence.workedAt ?? 0) < limits.instance.silentAfterMs,
    now,
    seenAt: (nonce: string) => presence.seen.get(nonce) ?? null,
    silentAfterMs: limits.instance.silentAfterMs,
    skewMaxMs: limits.clock.skewMaxMs,
  };
  const standing = judgeInstances({ ...question, beat: heard?.beat ?? null, believed: heard?.ours ?? false });
  const foreign = heard?.foreign ?? null;
  // Written over what our keys said: it is named, and that is all.
  return standing.state === 'alone' && foreign !== null
    ? judgeInstances({ ...question, beat: foreign, believed: false, credulous: false })
    : standing;
}

function ourMarks({ journal }: Pick<World, 'journal'>): {
  readonly id: string;
  readonly nonces: readonly string[];
} {
  return { id: instanceId(journal), nonces: noncesOf(journal) };
}

/** Whether this data directory wrote that beat. IO: reads the journal. */
export function isOurBeat(world: Pick<World, 'journal'>, party: Pick<Party, 'id' | 'nonce'>): boolean {
  return isOurs(ourMarks(world), party);
}

/** Why this one has to stand by; null when it need not. IO: reads the journal. */
export function standsBy(world: Asker, standing: Standing): string | null {
  return asideText(standing, instanceId(world.journal), limits.instance.silentAfterMs);
}

/** Keeps in mind since when this process stands aside; names one that says it works here and is not believed. IO: the journal. Safe to repeat. */
export function noteStanding(
  world: Pick<World, 'journal' | 'log' | 'now'>,
  { presence }: Pick<Memory, 'presence'>,
  standing: Standing,
): void {
  const now = world.now();
  presence.waitsSince = standing.state === 'waits' ? (presence.waitsSince ?? now) : null;
  presence.stoppedSince = standing.state === 'stopped' ? (presence.stoppedSince ?? now) : null;
  if (standing.state === 'waits') presence.worksSince = null;
  if (standing.state === 'waits' || standing.state === 'stopped') presence.claimed = false;
  if (standing.state !== 'alone' || standing.ignored === null) return;
  const { id, instance, at } = standing.ignored;
  const key = `heartbeat ${id}`;
  if (incidentsOf(world.journal, now).some(({ commit }) => commit === key)) return;
  noteIncident(
    world,
    key,
    `a heartbeat of instance ${id} on host ${instance}, of ${at}, says that another renewd works on this repository; no key of the daemon that counts signed it, so nothing stops for it. If it is a second renewd, end one of the two; if it is meant to work here, list its key for renewd in ${allowedSignersPath}; else find out who may push to the branch of the records`,
  );
}

/** What is to be said of others on the branch. IO: reads the journal. */
export function instanceFindings(
  world: Pick<World, 'journal'>,
  { presence }: Pick<Memory, 'presence'>,
  standing: Standing,
  host: string,
): FindingDraft[] {
  switch (standing.state) {
    case 'first': {
      const { id, instance, since } = standing.other;
      return [
        findingDraft('instance-waits', {
          id: 'repository instance-waits',
          message: `instance ${id} on host ${instance} waits since ${since} for this one to end: two renewd were started for this repository, and one works`,
          observed: id,
        }),
      ];
    }
    case 'stopped': {
      const id = instanceId(world.journal);
      const ours = { id, instance: host, since: timestamp(presence.worksSince ?? 0) };
      return [
        findingDraft('another-instance', {
          id: 'repository another-instance',
          message: stoppedText(ours, standing.other, limits.instance.silentAfterMs),
        }),
      ];
    }
    case 'alone':
    case 'waits':
      return [];
  }
}

/** Keeps apart two daemons with data directories of their own: what the heartbeat on the state branch says of another, and how ours is marked. */
import { randomBytes } from 'node:crypto';
import { otherInstance } from '../core/other-instance.ts';
import type { Journal } from '../journal/journal.ts';
import { limits } from '../limits.ts';
import type { Memory } from './memory.ts';
import { stateTipFact } from './record-trust.ts';
import type { World } from './world.ts';

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

/** A mark for the next heartbeat: in the journal before it is pushed, so that it is known as ours whatever happens. IO: the journal. */
export function nextNonce(journal: Pick<Journal, 'fact' | 'setFact'>): string {
  const made = randomBytes(8).toString('hex');
  journal.setFact(noncesFact, JSON.stringify([...noncesOf(journal), made].slice(-limits.instance.noncesMax)));
  return made;
}

/** Why this one has to stand by; null when it need not. IO: reads the journal. */
export function standsBy(world: Pick<World, 'journal' | 'now'>, memory: Memory): string | null {
  return otherInstance({
    beat: memory.heard?.beat ?? null,
    ours: memory.heard?.ours ?? false,
    id: instanceId(world.journal),
    nonces: noncesOf(world.journal),
    newcomer: world.journal.fact(stateTipFact) === null,
    now: world.now(),
    silentAfterMs: limits.instance.silentAfterMs,
    skewMaxMs: limits.clock.skewMaxMs,
  });
}

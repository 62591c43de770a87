/** Before the first action of a process: it says on the branch of the records that it works there, and looks again when somebody else spoke first. */
import type { Estate } from './estate.ts';
import { limits } from '../limits.ts';
import { instantOf } from '../core/timestamp.ts';
import { noteWork, publishClaim, standingBeat } from './beats.ts';
import { noteStanding, standingOf, standsBy } from './instances.ts';
import type { Memory } from './memory.ts';
import { stateTipFact } from './record-trust.ts';
import { readRecords } from './records.ts';
import { isRepositoryTrouble } from './unread.ts';
import type { World } from './world.ts';

/**
 * Why this process may not change anything in this turn; null when it may. IO: Git and the journal. Safe to repeat. A server that is away stops no data directory that
 * worked on the repository before: its renewals go on.
 */
export async function claim(
  world: World,
  estate: Estate,
  memory: Memory,
  signal: AbortSignal,
): Promise<string | null> {
  const ours = standingBeat(world, memory);
  const age = ours === null ? Number.POSITIVE_INFINITY : world.now() - instantOf(ours.at);
  if (memory.presence.claimed && age < limits.turn.heartbeatIntervalMs) return null;
  try {
    for (let attempt = 0; attempt < limits.instance.claimsMax; attempt++) {
      if (await publishClaim(world, estate, memory, signal)) return null;
      const refs = await estate.state.repository.advertise(signal);
      await readRecords(world, estate.state, memory, { refs, trust: estate.intent.trust }, signal);
      const standing = standingOf(world, memory, estate.intent.trust);
      noteStanding(world, memory, standing);
      const aside = standsBy(world, standing);
      if (aside !== null) return aside;
    }
  } catch (error) {
    if (!isRepositoryTrouble(error)) throw error;
    if (world.journal.fact(stateTipFact) !== null) {
      noteWork(memory, world.now());
      return null;
    }
    return `nothing is changed before this daemon could say on ${estate.state.ref} that it works on the repository: ${error.message}`;
  }
  return `others pushed to ${estate.state.ref} each time this daemon tried to say there that it works on the repository: nothing is changed in this turn, and the next one tries again`;
}

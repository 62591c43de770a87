/** Before the first action of a process: it says on the branch of the records that it works there, and looks again when somebody else spoke first. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Estate } from './estate.ts';
import { limits } from '../limits.ts';
import { instantOf } from '../core/timestamp.ts';
import { OperationError } from '../ports/failure.ts';
import { noteWork, publishClaim, standingBeat } from './beats.ts';
import { noteStanding, standingOf, standsBy } from './instances.ts';
import type { Memory } from './memory.ts';
import { stateTipFact } from './record-trust.ts';
import { readRecords } from './records.ts';
import { isRepositoryTrouble } from './unread.ts';
import type { World } from './world.ts';

/**
 * Why this process may not change anything in this turn; null when it may. IO: Git and the journal. Safe to repeat. A server that is away stops no data directory that
 * worked on the repository before: its renewals go on. Nor does somebody who pushes all the time without a key that counts: within `limits.instance.claimTimeMaxMs` it is
 * said again, and where that fails a claim of ours goes on counting that no key that counts contested.
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
    const aside = await claimInTime(world, estate, memory, signal);
    if (typeof aside !== 'boolean') return aside;
    if (aside) return null;
  } catch (error) {
    if (!isRepositoryTrouble(error)) throw error;
    if (world.journal.fact(stateTipFact) !== null) {
      noteWork(memory, world.now());
      return null;
    }
    return `nothing is changed before this daemon could say on ${estate.state.ref} that it works on the repository: ${error.message}`;
  }
  if (memory.presence.claimed || standingBeat(world, memory) !== null) {
    world.log.warn(
      { ref: estate.state.ref },
      'others push all the time, so that this daemon cannot say anew that it works here; nobody whose key counts says otherwise, so it goes on',
    );
    noteWork(memory, world.now());
    return null;
  }
  return `others pushed to ${estate.state.ref} each time this daemon tried to say there that it works on the repository: nothing is changed in this turn, and the next one tries again. Find out who may push to that branch, and let only renewd`;
}

/** Whether the claim stands; why this one stands by where somebody else spoke first. */
async function claimInTime(
  world: World,
  estate: Estate,
  memory: Memory,
  signal: AbortSignal,
): Promise<boolean | string> {
  const { claimPauseMs, claimPauseMaxMs, claimTimeMaxMs } = limits.instance;
  const started = performance.now();
  for (let attempt = 0; attempt === 0 || performance.now() - started < claimTimeMaxMs; attempt++) {
    // Growing, and of no fixed length: whoever pushes by the clock must not meet each try.
    if (attempt > 0)
      await pause(world.random() * Math.min(claimPauseMs * 2 ** attempt, claimPauseMaxMs), undefined, {
        signal,
      });
    if (await tryClaim(world, estate, memory, signal)) return true;
    const refs = await estate.state.repository.advertise(signal, [estate.state.ref]);
    await readRecords(world, estate.state, memory, { refs, trust: estate.intent.trust }, signal);
    const standing = standingOf(world, memory, estate.intent.trust);
    noteStanding(world, memory, standing);
    const aside = standsBy(world, standing);
    if (aside !== null) return aside;
  }
  return false;
}

/** Whether the claim stands; false also where every push lost its race. */
async function tryClaim(...to: Parameters<typeof publishClaim>): Promise<boolean> {
  try {
    return await publishClaim(...to);
  } catch (error) {
    if (error instanceof OperationError && error.code === 'git-push-race') return false;
    throw error;
  }
}

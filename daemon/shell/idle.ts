/**
 * Commits of the branch that can change nothing: any number of them is walked without judging each, so that whoever pushes a flood of them delays nobody. Reads Git.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import { soundParts } from '../git/commit.ts';
import { limits } from '../limits.ts';
import { declaredDiff } from './declared-changes.ts';
import type { Judging } from './judging.ts';
import { isUnreadable } from './new-commits.ts';

/**
 * How many commits of `line` from `index` on change no declaration against what is accepted, come each right after the one before it (the first after what is accepted), and
 * say nothing to renewd that somebody signed. At most `limits.governance.idlePerTurnMax`, and no further one once `isOver` says so. IO: reads Git.
 */
export async function idleFrom(
  { intent, memory }: Pick<Judging, 'intent' | 'memory'>,
  line: readonly string[],
  index: number,
  isOver: () => boolean,
): Promise<number> {
  const { accepted, desired } = memory;
  if (accepted === null || desired === null) return 0;
  const { repository } = intent;
  const diff = declaredDiff(repository, intent);
  let parent = accepted;
  let count = 0;
  while (count < limits.governance.idlePerTurnMax) {
    const oid = line[index + count];
    if (oid === undefined) break;
    if (count % limits.git.readsPerSlice === 0) await nextTick();
    if (isOver()) break;
    try {
      if (typeof soundParts(await repository.rawCommit(oid)) === 'string') break;
      const { parents, signature, trailers } = await repository.commit(oid);
      const says = signature !== null && trailers.some(([key]) => key.toLowerCase().startsWith('renewd-'));
      if (says || parents.length !== 1 || parents[0] !== parent) break;
      if ((await diff(accepted, oid, 'judged')).length > 0) break;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      break;
    }
    parent = oid;
    count++;
  }
  return count;
}

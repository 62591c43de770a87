/** Whether a merge with what somebody else signed is one change. Whoever merges chooses what is together: that must not stand in the way of the others. Pure. */
import type { NewCommit } from '../core/change.ts';
import type { Desired } from '../core/model.ts';
import { personBehind } from '../core/signers.ts';
import type { FilesInForce } from './in-force.ts';
import type { NewRange } from './new-commits.ts';
import { mayDecide } from './rights-decided.ts';

/**
 * `one`: a request of one person, signed throughout, merged as it is. `accepted`: only where it is accepted as a whole; else each of its commits is judged by itself, so that
 * nothing waits for, or is refused with, the work of another. `none`: in no case, since somebody decides there about rights that others use in the same merge.
 */
export function unityOf(
  inForce: FilesInForce,
  before: Desired | null,
  { tip, commits, unread }: NewRange,
): 'one' | 'accepted' | 'none' {
  const forges = before?.changeControl ?? { forges: [] };
  const works = commits.filter((each) => each.paths.length > 0 || each.malformed !== null);
  const people = new Set(works.map((each) => personBehind(forges, each)?.principals.toSorted().join(' ')));
  const decides = works.some((each) => isDecision(inForce, before, each));
  const isOnes = people.size <= 1 && !works.includes(tip) && unread === 0;
  if (!isOnes && decides) return 'none';
  const isSigned = commits.every(({ signature }) => signature.verdict === 'good');
  return isOnes && isSigned && (!decides || works.length === 1) ? 'one' : 'accepted';
}

function isDecision(inForce: FilesInForce, before: Desired | null, { paths, signature }: NewCommit): boolean {
  return (
    signature.verdict === 'good' && paths.some(({ path }) => mayDecide(inForce, before, path, signature))
  );
}

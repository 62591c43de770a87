/**
 * The line of records goes on, or it waits: a repository that has neither the branch nor the commits this data directory left there is likely another one. Its address was
 * changed, and only the declarations were pushed to it. A line that began anew there would be no history of what was done, and no audit would hold.
 */
import { OperationError } from '../ports/failure.ts';
import type { Memory } from './memory.ts';
import { stateTipFact } from './record-trust.ts';
import type { StateBranch } from './records.ts';
import type { World } from './world.ts';

/**
 * Refuses to go on where the branch is not there, was before, and what it held is not at hand to be put back. IO: looks for the commit; changes nothing.
 * @throws OperationError `records-missing` that says what to push
 */
export function refuseLostLine(
  { repository, ref }: StateBranch,
  left: string | null,
  tip: string | null,
): void {
  if (tip === null && left !== null && !repository.has(left)) throw missingRecords(ref, left);
}

/** Refuses a first commit of records whose loss was not read before. IO: the journal. @throws OperationError `records-missing` */
export function refuseNewLine(
  { journal }: Pick<World, 'journal'>,
  { ref }: StateBranch,
  { lostTip }: Pick<Memory, 'lostTip'>,
  tip: string | null,
): void {
  const left = journal.fact(stateTipFact);
  if (tip === null && left !== null && lostTip === null) throw missingRecords(ref, left);
}

function missingRecords(ref: string, left: string): OperationError {
  const branch = ref.replace(/^refs\/heads\//, '');
  return new OperationError(
    'records-missing',
    `the repository has no branch ${branch}, and this data directory knows records up to ${left}: nothing is recorded until they are there, for a new history would be none of what was done. Was the address of the repository changed? Push them first, from the repository that has them: git push <forge> ${branch}. Was the branch deleted? Push it again from any clone: git push <forge> origin/${branch}:refs/heads/${branch}. If no copy is left: docs/restore.md`,
    { scope: 'repository', disposition: 'retry' },
  );
}

/** When commits of the declarations were in what the records were made from, by what the daemon's own key signed. Reads Git. */
import type { Repository } from '../git/repository.ts';
import { recordsLine } from './line-of.ts';
import { judgeLine, type RecordTrust } from './signed-line.ts';

/**
 * Commits of the declarations that a believed commit of records names as its source, and when: the first time, UTC epoch ms. Whoever else writes into the branch of records
 * says nothing here. IO: reads Git. @throws OperationError `git-*`
 */
export async function sourceTimes(
  repository: Repository,
  tip: string,
  trust: RecordTrust,
): Promise<ReadonlyMap<string, number>> {
  const line = (await recordsLine(repository, { from: null, tip, trust })) ?? [];
  const times = new Map<string, number>();
  for (const { commit, at, verdict } of await judgeLine(repository, line, trust)) {
    const source = commit.trailers.find(([key]) => key === 'Renewd-Source')?.[1];
    if (verdict === 'good' && source !== undefined && !times.has(source)) times.set(source, at);
  }
  return times;
}

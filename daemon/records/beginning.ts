/** Whose key the records begin with: the one thing about them that whoever pushes later cannot choose. Reads Git. */
import type { Repository } from '../git/repository.ts';
import { signerOf } from '../git/signature.ts';
import { recordsLine } from './line-of.ts';

/** Trailer of every commit of records. */
export const instanceTrailer = 'Renewd-Instance';

export interface RecordsBeginning {
  /** The first commit of records; null: there is none, or which is the first cannot be told. */
  readonly commit: string | null;
  /** The key of the first commit of records, as `type blob`; null: that commit is not signed, or which is the first cannot be told. */
  readonly key: string | null;
  /** Commits of another history, signed with a key that does not occur on the line: whoever made them could be the daemon as well. Oldest first. */
  readonly others: readonly string[];
  /** Whether any commit of records is signed. */
  readonly isSigned: boolean;
}

/**
 * Follows the line to its first commit. Commits can be pushed on top and merged in, with a beginning of their own too; what the first commit is stays the same, or is told to be
 * open. IO: reads each commit once. `prefix`: `` where records have a branch of their own; beside declarations only commits of records count. @throws OperationError `git-*`
 */
export async function recordsBeginning(
  repository: Repository,
  tip: string,
  prefix: string,
): Promise<RecordsBeginning> {
  const line = (await recordsLine(repository, { from: null, tip, trust: null })) ?? [];
  const isRecords = ({ trailers }: (typeof line)[number]): boolean =>
    prefix === '' || trailers.some(([name]) => name === instanceTrailer);
  const keyOf = async (oid: string): Promise<string | null> => signerOf(await repository.rawCommit(oid));
  const own = line.filter(isRecords);
  const onLine = new Set(line.map(({ oid }) => oid));
  const beside = (await repository.commitsBetween([], tip)).filter((oid) => !onLine.has(oid)).toReversed();
  const [first] = own;
  const key = first === undefined ? null : await keyOf(first.oid);
  if (beside.length === 0) {
    let isSigned = key !== null;
    for (const { signature } of own) isSigned ||= signature !== null;
    return { commit: first?.oid ?? null, key, others: [], isSigned };
  }
  const keys = new Set<string | null>();
  for (const { oid } of own) keys.add(await keyOf(oid));
  const others: string[] = [];
  for (const oid of beside) {
    const commit = await repository.commitOnLine(oid);
    if (commit.signature === null || !isRecords(commit)) continue;
    if (!keys.has(await keyOf(oid))) others.push(oid);
  }
  return {
    commit: others.length > 0 ? null : (first?.oid ?? null),
    key: others.length > 0 ? null : key,
    others,
    isSigned: keys.size > (keys.has(null) ? 1 : 0) || others.length > 0,
  };
}

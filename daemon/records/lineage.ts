/**
 * Who wrote what stands: the line of commits of the state branch since one that was believed, and which records were last changed by a commit that is not the
 * daemon's. IO: reads Git; changes nothing.
 */
import type { Repository } from '../git/repository.ts';
import { signerOf } from '../git/signature.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { recordsLine } from './line-of.ts';
import { recordPrefixes } from './paths.ts';
import { judgeLine, wordsOf, type BelievedCommit, type RecordTrust } from './signed-line.ts';

/** A commit that changed records and is not believed. */
export interface ForeignCommit {
  readonly commit: string;
  readonly author: string;
  /** Why not, in words. */
  readonly verdict: string;
  /** Below the prefix, at most `limits.records.pathsNamed`. */
  readonly paths: readonly string[];
  readonly count: number;
}

export interface Lineage {
  readonly foreign: readonly ForeignCommit[];
  /** Records whose content is not ours, by path below the prefix: the object that was there before, or null for none. */
  readonly believed: ReadonlyMap<string, string | null>;
  /** The newest commit of the line that is ours; null for none. */
  readonly newest: BelievedCommit | null;
  /** Each commit of the line that is ours, oldest first. */
  readonly good: readonly OwnCommit[];
}

export interface OwnCommit {
  /** The commit of the declarations that it was made from; null: it does not say. */
  readonly source: string | null;
  /** Who signed it, as `type blob`. */
  readonly key: string | null;
  /** UTC epoch ms, never before that of a commit of ours below it. */
  readonly at: number;
}

export interface LineRequest {
  readonly repository: Repository;
  /** A commit whose records are believed; null: the beginning. */
  readonly from: string | null;
  readonly tip: string;
  readonly prefix: string;
  readonly trust: RecordTrust;
  /** What was not ours at `from` already, by path below the prefix: what was there when it last was. */
  readonly pending: ReadonlyMap<string, string | null>;
}

/** Follows the line. null when `from` is not on it: the history was rewritten. @throws OperationError `git-*` */
export async function examineLine(request: LineRequest): Promise<Lineage | null> {
  const { repository, from, tip, prefix, trust, pending } = request;
  const line = await recordsLine(repository, { from, tip, trust });
  if (line === null) return null;
  const folders = recordPrefixes(prefix);
  const foreign: ForeignCommit[] = [];
  const believed = new Map(pending);
  let newest: BelievedCommit | null = null;
  const good: OwnCommit[] = [];
  let previous = from;
  for (const { commit, at, verdict } of await judgeLine(repository, line, trust)) {
    const { oid, author, trailers } = commit;
    if (verdict === 'good') {
      const source = trailers.find(([name]) => name === 'Renewd-Source')?.[1] ?? null;
      good.push({ source, key: signerOf(await repository.rawCommit(oid)), at });
      newest = { commit: oid, at };
      if (believed.size > 0)
        for (const { path } of await repository.changes(previous, oid, folders))
          believed.delete(path.slice(prefix.length));
    } else {
      // Read backwards, so that each entry names what was there before.
      const before =
        previous === null
          ? (await repository.changes(null, oid, folders)).map((each) => ({ ...each, oid: null }))
          : await repository.changes(oid, previous, folders);
      const paths = before.map((each) => each.path.slice(prefix.length));
      for (const [index, each] of before.entries()) {
        const path = paths[index] ?? '';
        if (!believed.has(path)) believed.set(path, each.oid);
      }
      if (paths.length > 0)
        foreign.push({
          commit: oid,
          author: author.name,
          verdict: wordsOf(verdict),
          paths: paths.slice(0, limits.records.pathsNamed),
          count: paths.length,
        });
    }
    previous = oid;
  }
  return { foreign, believed, newest, good };
}

/** What has to be put back so that the tip holds the records of `from` again, by path below the prefix. null when the objects of `from` are gone. @throws OperationError `git-*` */
export async function lostRecords(
  repository: Repository,
  from: string,
  tip: string | null,
  prefix: string,
): Promise<ReadonlyMap<string, string | null> | null> {
  try {
    await repository.commit(from);
    const changes = await repository.changes(tip, from, recordPrefixes(prefix));
    return new Map(changes.map((each) => [each.path.slice(prefix.length), each.oid]));
  } catch (error) {
    if (error instanceof OperationError && error.code === 'git-corrupt') return null;
    throw error;
  }
}

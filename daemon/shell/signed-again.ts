/** Signatures of a held change by the lists in force now: a key that was taken back since lets nothing in any more. */
import type { NewCommit, SignatureFinding } from '../core/change.ts';
import type { Instant } from '../core/model.ts';
import { keyOf } from '../core/same.ts';
import type { Repository } from '../git/repository.ts';
import type { FilesInForce } from './in-force.ts';
import { isUnreadable, signatureJudge, type JudgeSignature } from './new-commits.ts';

/** What a commit was last found to be worth, and by which lists. */
const foundBy = new WeakMap<NewCommit, { readonly lists: string; readonly signature: SignatureFinding }>();

/** A held change, for the question what its signatures are worth. */
interface Seen {
  readonly tip: string;
  readonly seenAt: Instant;
  readonly now: Instant;
}

/**
 * The commits with what their signatures are worth now. What did not count when it was seen does not begin to. A key whose time ended since counts as it did then: it
 * signed in time. What only agreed, by a key that does not count any more, is left out: it takes its agreement along and nothing else. IO: Git. Safe to repeat.
 */
export async function signedAgain(
  repository: Pick<Repository, 'rawCommit'>,
  trust: FilesInForce['trust'],
  commits: readonly NewCommit[],
  seen: Seen,
): Promise<readonly NewCommit[]> {
  const lists = keyOf(...[...trust].map(([path, { oid }]) => keyOf(path, oid)).sort());
  const judge = signatureJudge(trust);
  const again: NewCommit[] = [];
  for (const commit of commits) {
    const found = foundBy.get(commit);
    const signature =
      commit.signature.verdict !== 'good'
        ? commit.signature
        : found?.lists === lists
          ? found.signature
          : await worthNow(repository, judge, commit.oid, seen);
    foundBy.set(commit, { lists, signature });
    const lost = signature.verdict !== 'good' && commit.signature.verdict === 'good';
    if (lost && commit.paths.length === 0 && commit.oid !== seen.tip) continue;
    again.push({ ...commit, signature });
  }
  return again;
}

async function worthNow(
  repository: Pick<Repository, 'rawCommit'>,
  judge: JudgeSignature,
  oid: string,
  { seenAt, now }: Seen,
): Promise<SignatureFinding> {
  try {
    const raw = await repository.rawCommit(oid);
    const verdict = await judge(raw, now);
    return verdict.verdict === 'expired' ? await judge(raw, seenAt) : verdict;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return { verdict: 'bad', principals: [], key: null, reason: 'the commit cannot be read any more' };
  }
}

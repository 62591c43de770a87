/**
 * What was signed once counts once. A signature covers the content of a commit and not its id: another header that no signature covers, or another line break in
 * the armor, gives the same signed commit another id, which no history has. Merged again it would bring back what its signer once wanted, approved or hurried.
 */
import { createHash } from 'node:crypto';
import type { SignatureFinding } from '../core/change.ts';
import { keyOf } from '../core/same.ts';
import { separateSignature } from '../git/commit.ts';
import type { Commit, Repository } from '../git/repository.ts';

/** The commit of the past that a new one repeats; null when it repeats none. IO: reads Git. */
export type RepeatedBy = (commit: Commit) => Promise<string | null>;

/**
 * Looks for commits with the same signed content in the past of `from`. A repetition has the parents of what it repeats, so only what came after these is looked at:
 * nothing for a commit on top of the newest. @throws OperationError `git-malformed` where that is more than may be walked
 */
export function repetitionsIn(repository: Repository, from: readonly string[]): RepeatedBy {
  const known = new Map<string, Promise<ReadonlyMap<string, string>>>();
  const contentsSince = async (parents: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    const contents = new Map<string, string>();
    for (const past of from)
      for (const oid of await repository.commitsBetween(parents, past)) {
        const content = await contentOf(repository, oid);
        if (content !== null) contents.set(content, oid);
      }
    return contents;
  };
  return async ({ oid, parents }) => {
    for (const parent of parents) {
      let inPast = false;
      for (const past of from) inPast ||= await repository.isAncestor(parent, past);
      // A commit on top of a new one cannot be in the past.
      if (!inPast) return null;
    }
    const key = keyOf(...parents);
    let contents = known.get(key);
    if (contents === undefined) known.set(key, (contents = contentsSince(parents)));
    const content = await contentOf(repository, oid);
    return content === null ? null : ((await contents).get(content) ?? null);
  };
}

async function contentOf(repository: Repository, oid: string): Promise<string | null> {
  try {
    const { payload } = separateSignature(Buffer.from(await repository.rawCommit(oid)));
    return createHash('sha256').update(payload).digest('hex');
  } catch {
    // What cannot be read says nothing, neither then nor now.
    return null;
  }
}

/** The signature of a repetition: it vouches for nothing. Pure. */
export function repeated(signature: SignatureFinding, before: string): SignatureFinding {
  return {
    verdict: 'bad',
    principals: [],
    key: signature.key,
    reason: `it repeats the signed content of ${before}, which counted when it was new`,
  };
}

/**
 * Who signed the records, judged along the line of their commits. The only door to the judge of one signature of a record: its date alone says nothing, because
 * whoever makes a commit chooses it, also with a key that was retired long ago.
 */
import type { Commit, Repository } from '../git/repository.ts';
import { signerOf, verifyCommitSignature, type SignatureVerdict } from '../git/signature.ts';
import { limits } from '../limits.ts';

/** Trailer of a commit of records: the newest commit of the line that the daemon believed when it made this one, or `none`. */
export const followsTrailer = 'Renewd-Follows';

/** Whom to believe. */
export interface RecordTrust {
  /** Text of an allowed_signers file: the keys of the daemon, and from when to when each counts. */
  readonly signers: string;
  /** When the line is judged, UTC epoch ms. */
  readonly now: number;
  /** The newest commit that was believed when it was first seen, and its instant; null: none was seen before. */
  readonly believed: BelievedCommit | null;
}

export interface BelievedCommit {
  readonly commit: string;
  /** UTC epoch ms: the latest date of a believed commit up to it. */
  readonly at: number;
}

/**
 * `backdated`: its key is known, and its date lies before that of a believed commit it stands on. `retired`: its key counted at its date, but does not any more,
 * and nothing shows that the commit was there while it did.
 */
export type LineVerdict = SignatureVerdict['verdict'] | 'backdated' | 'retired';

export interface JudgedCommit {
  readonly commit: Commit;
  /** The instant it was judged at, UTC epoch ms: never before that of a believed commit it stands on. */
  readonly at: number;
  readonly verdict: LineVerdict;
}

interface Signed extends JudgedCommit {
  readonly raw: Uint8Array;
  /** Index of the newest good commit before it; -1 for none. */
  readonly before: number;
}

/**
 * Judges every commit of a line (oldest first, each the first parent of the next). Time never goes backwards along it, beyond `limits.clock.skewMaxMs` a date
 * that does is a fault. A commit by a key that does not count at `now` is good only if a good commit by another names it (`Renewd-Follows`), or came after it
 * and had seen it while the key still counted. Lines without that trailer are believed to follow the good commit before. IO: reads Git. @throws OperationError `git-*`
 */
export async function judgeLine(
  repository: Pick<Repository, 'rawCommit'>,
  line: readonly Commit[],
  trust: RecordTrust,
): Promise<readonly JudgedCommit[]> {
  const signed: Signed[] = [];
  let latest = instantBefore(line, trust.believed);
  let before = -1;
  for (const [index, commit] of line.entries()) {
    const raw = await repository.rawCommit(commit.oid);
    const date = commit.committer.at;
    const at = Math.max(date, latest);
    const verdict = judgeOne(raw, trust.signers, date, latest);
    signed.push({ commit, at, verdict, raw, before });
    if (verdict !== 'good') continue;
    latest = at;
    before = index;
  }
  return withoutRetired(signed, trust);
}

/** What is wrong with a commit, in words for a message. Pure. */
export function wordsOf(verdict: LineVerdict): string {
  if (verdict === 'backdated') return 'backdated: its date lies before that of a commit it stands on';
  if (verdict === 'retired')
    return 'retired: its key no longer counts, and nothing shows that the commit was there while it did';
  return verdict;
}

/** Only a line that goes on behind the believed commit is bound by it; one that contains it, or has a beginning of its own, binds itself. */
function instantBefore(line: readonly Commit[], believed: BelievedCommit | null): number {
  const goesOn = (line[0]?.parents.length ?? 0) > 0 && !line.some(({ oid }) => oid === believed?.commit);
  return believed !== null && goesOn ? believed.at : Number.NEGATIVE_INFINITY;
}

function judgeOne(raw: Uint8Array, signers: string, date: number, latest: number): LineVerdict {
  const { verdict } = verifyCommitSignature(raw, signers, Math.max(date, latest));
  const isBack = date < latest - limits.clock.skewMaxMs;
  if (verdict === 'good') return isBack ? 'backdated' : 'good';
  if (date >= latest || verifyCommitSignature(raw, signers, date).verdict !== 'good') return verdict;
  return isBack ? 'backdated' : 'retired';
}

/** From the newest to the oldest: whoever counts now speaks for those that it followed. */
function withoutRetired(signed: readonly Signed[], trust: RecordTrust): readonly JudgedCommit[] {
  const indexes = new Map(signed.map(({ commit }, index) => [commit.oid, index]));
  const counting = new Map<string | null, boolean>();
  const countsAt = (raw: Uint8Array, at: number): boolean =>
    verifyCommitSignature(raw, trust.signers, at).verdict === 'good';
  const countsNow = (raw: Uint8Array): boolean => {
    const key = signerOf(raw);
    const known = counting.get(key) ?? countsAt(raw, trust.now);
    counting.set(key, known);
    return known;
  };
  /** Commit to the earliest instant at which a good one named it. */
  const named = new Map<number, number>();
  const name = (index: number, at: number): void => {
    named.set(index, Math.min(named.get(index) ?? Number.POSITIVE_INFINITY, at));
  };
  if (trust.believed !== null) name(indexes.get(trust.believed.commit) ?? -1, trust.now);
  const judged: JudgedCommit[] = [];
  // The earliest instant at which somebody good had seen the commit looked at.
  let seen = Number.POSITIVE_INFINITY;
  for (const [index, { commit, at, verdict, raw, before }] of [...signed.entries()].reverse()) {
    const mention = named.get(index);
    seen = Math.min(seen, mention ?? Number.POSITIVE_INFINITY);
    const holds =
      verdict === 'good' &&
      (mention !== undefined || countsNow(raw) || (seen < Number.POSITIVE_INFINITY && countsAt(raw, seen)));
    judged.push({ commit, at, verdict: verdict === 'good' && !holds ? 'retired' : verdict });
    if (!holds) continue;
    const follows = commit.trailers.findLast(([key]) => key === followsTrailer)?.[1];
    const target = follows === undefined ? before : (indexes.get(follows) ?? -1);
    if (target < index) name(target, at);
  }
  return judged.reverse();
}

/** New commits as they are judged: signature, what each changes, what it approves. IO: reads Git; judges nothing but signatures. */
import type { NewCommit, SignatureFinding } from '../core/change.ts';
import type { Instant } from '../core/model.ts';
import { createSignatureJudge } from '../git/commit-signature.ts';
import type { Commit, Repository } from '../git/repository.ts';
import { limits } from '../limits.ts';
import { recordLine } from '../record-text.ts';
import {
  allowedSignersPath,
  declaredPrefixes,
  isDeclared,
  openPgpPrincipal,
  revokedKeysPath,
  type TrustFile,
} from './in-force.ts';

/** Judges one raw commit by the signers in force, at the time we first saw it. */
export type JudgeSignature = (raw: Uint8Array, at: Instant) => Promise<SignatureFinding>;

/** A judge of signatures by these lists. Never rejects for what a commit holds. */
export function signatureJudge(trust: ReadonlyMap<string, TrustFile>): JudgeSignature {
  const openPgpKeys = new Map<string, string>();
  for (const [path, { bytes }] of trust) {
    const principal = openPgpPrincipal(path);
    if (principal !== null) openPgpKeys.set(principal, Buffer.from(bytes).toString('utf8'));
  }
  const judge = createSignatureJudge({
    allowedSigners: Buffer.from(trust.get(allowedSignersPath)?.bytes ?? []).toString('utf8'),
    revokedKeys: trust.get(revokedKeysPath)?.bytes ?? null,
    openPgpKeys,
  });
  return (raw, at) => judge.judge(raw, at);
}

/**
 * Every commit that `to` has and none of `from` has, `to` first. IO. Of a range with more commits than one merge may bring the rest is not read, and the first of
 * them is given as badly signed: where signatures are required the whole is refused.
 */
export async function readNewCommits(
  repository: Repository,
  from: readonly string[],
  to: string,
  judge: JudgeSignature,
  at: Instant,
): Promise<readonly NewCommit[]> {
  const commits = await repository.commitsBetween(from, to);
  const ordered = [...commits].sort((left, right) => Number(right.oid === to) - Number(left.oid === to));
  const read: NewCommit[] = [];
  for (const commit of ordered.slice(0, limits.governance.commitsPerMergeMax)) {
    read.push(await readCommit(repository, commit, judge, at));
  }
  const [cut] = ordered.slice(limits.governance.commitsPerMergeMax);
  if (cut !== undefined) read.push(await readCommit(repository, cut, tooMany, at));
  return read;
}

/** What was not looked at must not pass as looked at. */
const tooMany: JudgeSignature = () =>
  Promise.resolve({
    verdict: 'bad',
    principals: [],
    key: null,
    reason: `it came with more than ${String(limits.governance.commitsPerMergeMax)} commits at once, which nobody looks at; merge in parts`,
  });

async function readCommit(
  repository: Repository,
  commit: Commit,
  judge: JudgeSignature,
  at: Instant,
): Promise<NewCommit> {
  const merge = commit.parents.length > 1;
  const changes = merge
    ? []
    : await repository.changes(commit.parents[0] ?? null, commit.oid, declaredPrefixes);
  return {
    oid: commit.oid,
    merge,
    subject: plainLine(commit.message.split('\n', 1)[0] ?? ''),
    author: plainLine(`${commit.author.name} <${commit.author.email}>`),
    committedAt: commit.committer.at,
    signature: await judge(await repository.rawCommit(commit.oid), at),
    paths: changes.filter(({ path }) => isDeclared(path)).map(({ path, oid }) => ({ path, after: oid })),
    approves: trailerValues(commit, 'renewd-approve').filter((value) => /^[0-9a-f]{64}$/.test(value)),
    breakGlass: trailerValues(commit, 'renewd-break-glass').map(plainLine)[0] ?? null,
    reviews: trailerValues(commit, 'renewd-review').filter((value) => /^[0-9a-f]{40}$/.test(value)),
  };
}

/** Words of strangers that end up in our commits, findings and terminals: secrets withheld before the cut (half a key is still a key), one line, no controls, no reordering, bounded. */
function plainLine(text: string): string {
  return recordLine(text)
    .slice(0, limits.governance.subjectMaxChars)
    .replace(/[\ud800-\udbff]$/, '');
}

function trailerValues(commit: Commit, name: string): string[] {
  return commit.trailers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

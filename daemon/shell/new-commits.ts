/** New commits as they are judged: signature, what each changes, what it approves. IO: reads Git; judges nothing but signatures. */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { NewCommit, SignatureFinding } from '../core/change.ts';
import type { Instant } from '../core/model.ts';
import { keyOf } from '../core/same.ts';
import { createSignatureJudge, type SignerTrust } from '../git/commit-signature.ts';
import { soundParts } from '../git/commit.ts';
import type { Commit, Repository } from '../git/repository.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { firstOfLine } from '../said-text.ts';
import { declaredDiff, type DeclaredDiff } from './declared-changes.ts';
import {
  allowedSignersPath,
  openPgpPrincipal,
  revokedKeysPath,
  type FilesInForce,
  type TrustFile,
} from './in-force.ts';
import { mergeContent, type MergeContent } from './merge-content.ts';
import { repeated, repetitionsIn, type RepeatedBy } from './replayed.ts';

/** Judges one raw commit by the signers in force, at the time we first saw it. */
export type JudgeSignature = (raw: Uint8Array, at: Instant) => Promise<SignatureFinding>;

/** The lists as judges of signatures read them. Pure. */
export function signerTrust(trust: ReadonlyMap<string, TrustFile>): SignerTrust {
  const openPgpKeys = new Map<string, string>();
  for (const [path, { bytes }] of trust) {
    const principal = openPgpPrincipal(path);
    if (principal !== null) openPgpKeys.set(principal, Buffer.from(bytes).toString('utf8'));
  }
  return {
    allowedSigners: Buffer.from(trust.get(allowedSignersPath)?.bytes ?? []).toString('utf8'),
    revokedKeys: trust.get(revokedKeysPath)?.bytes ?? null,
    openPgpKeys,
  };
}

/** A judge of signatures by these lists. Never rejects for what a commit holds. */
export function signatureJudge(trust: ReadonlyMap<string, TrustFile>): JudgeSignature {
  const judge = createSignatureJudge(signerTrust(trust));
  return (raw, at) => judge.judge(raw, at);
}

/** The commits a push or merge brings. */
export interface NewRange {
  /** The one on the branch. */
  readonly tip: NewCommit;
  /** All that were read, `tip` first, each before its parents. */
  readonly commits: readonly NewCommit[];
  /** How many more there are: what was not looked at must not pass as looked at. */
  readonly unread: number;
  /** `tip` brings more than is read of one change. */
  readonly tooLarge: boolean;
}

/** By what new commits are read. */
export interface ReadBy {
  /** What was in force before them: it says which declarations an entry changes. */
  readonly inForce: FilesInForce;
  readonly judge: JudgeSignature;
  readonly at: Instant;
  /** Where the branch stood before `to`, if that is one of its parents: whoever made `to` stands behind what is otherwise there. Its first parent where it is not said. */
  readonly parent?: string | null;
}

/**
 * The commits that are reachable from `to` and from none of `from`, by ancestry alone; null when there are none. IO. At most
 * `limits.governance.commitsPerMergeMax` are read; `unread` counts the others, and a change with any is refused.
 * A commit that cannot be read, or breaks the grammar of Git, is among them, with what is wrong with it; so is each from where they change more files together than
 * `limits.governance.filesReadPerChangeMax`. The first commits of all have no such bound.
 * @throws OperationError `git-incomplete` where the history is cut, `git-malformed` where it cannot be walked
 */
export async function readNewCommits(
  repository: Repository,
  from: readonly string[],
  to: string,
  { inForce, judge, at, parent = null }: ReadBy,
): Promise<NewRange | null> {
  const bound = inForce.files.size === 0 ? undefined : limits.governance.filesReadPerChangeMax;
  const diff = declaredDiff(repository, inForce, bound);
  const oids = await repository.commitsBetween(from, to);
  const repeats = repetitionsIn(repository, from);
  const read: ReadCommit[] = [];
  const onBroken = new Set<string>();
  // Parents first: what stands on a broken commit is compared with what is in force, since the broken one cannot be.
  for (const oid of oids.slice(0, limits.governance.commitsPerMergeMax).toReversed()) {
    // Each is compared in one piece: others have their turn between two of them.
    await nextTick();
    const one = await readOne({ repository, diff, since: from[0] ?? null, onBroken, judge, at }, oid);
    if (one.onBroken) onBroken.add(oid);
    read.push(await withoutRepetition(repository, repeats, one));
  }
  const [first, ...rest] = withBrought(read.reverse());
  if (first === undefined) return null;
  const tip = { ...first, changed: await changedBy(repository, diff, first.oid, parent) };
  const unread = oids.length - rest.length - 1;
  return { tip, commits: [tip, ...rest], unread, tooLarge: read[0]?.tooLarge === true };
}

/** A good signature of before is none today. */
async function withoutRepetition(
  repository: Repository,
  repeats: RepeatedBy,
  read: ReadCommit,
): Promise<ReadCommit> {
  const { commit } = read;
  if (commit.signature.verdict !== 'good') return read;
  const before = await repeats(await repository.commit(commit.oid));
  if (before === null) return read;
  return { ...read, commit: { ...commit, signature: repeated(commit.signature, before) } };
}

/** What a commit changes against the parent the branch stood at; nothing where that cannot be read: nobody stands behind what nobody could compare. */
async function changedBy(
  repository: Repository,
  diff: DeclaredDiff,
  oid: string,
  before: string | null,
): Promise<NewCommit['paths']> {
  try {
    const { parents } = await repository.commit(oid);
    const parent = parents.find((each) => each === before) ?? parents[0] ?? null;
    return await pathsOf(diff, parent, oid);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return [];
  }
}

/** Whether a failure says that what somebody pushed cannot be read: malformed, over a bound, or missing also in a new copy. */
export function isUnreadable(error: unknown): error is OperationError {
  return (
    error instanceof OperationError &&
    ['git-malformed', 'git-too-large', 'git-corrupt', 'git-incomplete'].includes(error.code)
  );
}

/** Whether a failure says that something sound is over a bound. */
export function isTooLarge(error: unknown): error is OperationError {
  return error instanceof OperationError && error.code === 'git-too-large';
}

interface Reading {
  readonly repository: Repository;
  readonly diff: DeclaredDiff;
  /** A commit that is in force: what a commit on top of a broken one brings is counted from here. */
  readonly since: string | null;
  /** Commits of the range that cannot be read, and all that descend from them. */
  readonly onBroken: ReadonlySet<string>;
  readonly judge: JudgeSignature;
  readonly at: Instant;
}

interface ReadCommit {
  readonly commit: Omit<NewCommit, 'brought'>;
  readonly parents: readonly string[];
  readonly onBroken: boolean;
  readonly tooLarge?: true;
  readonly isAs: MergeContent['isAs'];
}

/**
 * Follows every file from the tip down to the commit that wrote what stands there: through a merge on the sides that have the same content. `read` holds
 * each commit before its parents, so all who lead to one were visited when its turn comes.
 */
function withBrought(read: readonly ReadCommit[]): NewCommit[] {
  const all = new Set(read.flatMap(({ commit }) => commit.paths.map((each) => each.path)));
  const standing = new Map<string, Set<string>>();
  const [tip] = read;
  if (tip !== undefined) standing.set(tip.commit.oid, all);
  return read.map(({ commit, parents, isAs }) => {
    const here = standing.get(commit.oid) ?? new Set<string>();
    standing.delete(commit.oid);
    const brought = commit.paths.filter((each) => here.delete(each.path));
    for (const [position, parent] of parents.entries()) {
      const there = standing.get(parent);
      // One set goes down a line of commits; only where lines part is it copied.
      if (there === undefined && position === parents.length - 1)
        standing.set(parent, sameAs(here, isAs, parent));
      else standing.set(parent, new Set([...(there ?? []), ...sameAs(new Set(here), isAs, parent)]));
    }
    return { ...commit, brought };
  });
}

/** Takes out of the set what this parent has otherwise. */
function sameAs(paths: Set<string>, isAs: MergeContent['isAs'], parent: string): Set<string> {
  for (const path of paths) if (!isAs(parent, path)) paths.delete(path);
  return paths;
}

/** Why commits break the grammar, by what they were compared with and their id: it does not change, and one range after the other reads them. */
const faults = new WeakMap<Repository, Map<string, string>>();

function remember(repository: Repository, key: string, fault: string): void {
  let known = faults.get(repository);
  if (known === undefined || known.size >= limits.governance.faultsKeptMax) {
    known = new Map();
    faults.set(repository, known);
  }
  known.set(key, fault);
}

async function readOne(reading: Reading, oid: string): Promise<ReadCommit> {
  const { repository } = reading;
  const key = keyOf(reading.since, oid);
  const known = faults.get(repository)?.get(key);
  if (known !== undefined) return brokenCommit(oid, known, reading.at);
  try {
    const raw = await repository.rawCommit(oid);
    const parts = soundParts(raw);
    return typeof parts === 'string'
      ? brokenCommit(oid, parts, reading.at)
      : await readSound(reading, await repository.commit(oid), raw);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    if (error.code === 'git-malformed') remember(repository, key, error.message);
    const broken = brokenCommit(oid, error.message, reading.at);
    return isTooLarge(error) ? { ...broken, tooLarge: true } : broken;
  }
}

/** Nothing in it is believed. */
function brokenCommit(oid: string, malformed: string, at: Instant): ReadCommit {
  const signature = {
    verdict: 'bad',
    principals: [],
    key: null,
    reason: 'the commit cannot be read',
  } as const;
  const commit = {
    oid,
    malformed: plainLine(malformed),
    merge: false,
    automatic: false,
    subject: '(cannot be read)',
    author: '(cannot be read)',
    committedAt: at,
    signature,
    paths: [],
    approves: [],
    breakGlass: null,
    reviews: [],
  };
  return { commit, parents: [], onBroken: true, isAs: () => true };
}

async function readSound(reading: Reading, commit: Commit, raw: Uint8Array): Promise<ReadCommit> {
  const { repository, diff, judge, at } = reading;
  const { parents } = commit;
  const onBroken = parents.some((each) => reading.onBroken.has(each));
  const content = parents.length > 1 && !onBroken ? await mergeContent(repository, commit, diff) : null;
  return {
    commit: {
      oid: commit.oid,
      malformed: null,
      merge: parents.length > 1,
      automatic: content !== null && content.made.length === 0,
      subject: plainLine(commit.message.split('\n', 1)[0] ?? ''),
      author: plainLine(`${commit.author.name} <${commit.author.email}>`),
      committedAt: commit.committer.at,
      signature: await judge(raw, at),
      paths:
        content === null
          ? await pathsOf(diff, onBroken ? reading.since : (parents[0] ?? null), commit.oid)
          : content.made,
      approves: trailerValues(commit, 'renewd-approve').filter((value) => /^[0-9a-f]{64}$/.test(value)),
      breakGlass: trailerValues(commit, 'renewd-break-glass').map(plainLine)[0] ?? null,
      reviews: trailerValues(commit, 'renewd-review').filter((value) => /^[0-9a-f]{40}$/.test(value)),
    },
    parents: onBroken ? [] : parents,
    onBroken,
    isAs: content?.isAs ?? (() => true),
  };
}

/** What differs between two commits. */
async function pathsOf(diff: DeclaredDiff, from: string | null, to: string): Promise<NewCommit['paths']> {
  return (await diff(from, to, 'judged')).map(({ path, oid }) => ({ path, after: oid }));
}

/** Words of strangers that end up in our commits, findings and terminals: secrets withheld before the cut (half a key is still a key), one line, no controls, no reordering, bounded. */
function plainLine(text: string): string {
  return firstOfLine(text, limits.governance.subjectMaxChars);
}

function trailerValues(commit: Commit, name: string): string[] {
  return commit.trailers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

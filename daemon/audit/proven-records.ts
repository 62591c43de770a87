/**
 * What the records say as far as keys stand behind it that the records themselves cannot choose. The list of keys in force is worked out from the declarations, and where the way
 * through these led and when is told by records: so it begins with a key that is known without them, believes what that key signed, asks the list that was in force up to there,
 * and begins again with that list, until nothing changes. Reads Git only.
 */
import type { ChangeRecord } from '../core/change-record.ts';
import { timestamp } from '../core/timestamp.ts';
import type { Repository } from '../git/repository.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Log } from '../ports/plugin.ts';
import { recordsBeginning, type RecordsBeginning } from '../records/beginning.ts';
import { examineLine } from '../records/lineage.ts';
import { changesAt } from '../records/past.ts';
import { allowedSignersPath } from '../shell/in-force.ts';
import { linesForRecords } from '../shell/record-trust.ts';
import type { RecordsQuestion } from '../shell/remembered.ts';
import { firstNamed, stationsOf, stoodAt } from '../shell/retrace.ts';
import { replay } from './replay.ts';

export interface ProvenRecords {
  /** Records of changes as a key left them that counts, oldest first. */
  readonly changes: readonly ChangeRecord[];
  /** When a commit of records that counts first was made from a commit of the declarations, UTC epoch ms. */
  readonly seenBy: ReadonlyMap<string, number>;
  /** Whose keys counted: text of an allowed_signers file. */
  readonly signers: string;
  /** The lines of `policies/allowed_signers` that give a key to renewd, as in force where the believed records end; null: it gives none, or `listed` was not asked for. */
  readonly listed: string | null;
}

/**
 * null where nothing of them can be believed, because no key is known. IO: reads Git; takes as long as some audits. @throws OperationError `git-*`; `unsupported` where the records
 * have several beginnings and no key is known otherwise, or the list in force does not settle
 */
export async function provenRecords(
  repository: Repository,
  question: RecordsQuestion,
  log: Log,
): Promise<ProvenRecords | null> {
  return settle(
    repository,
    question,
    await recordsBeginning(repository, question.state, question.prefix),
    log,
  );
}

/** Round by round, from the keys that are known to the list that stays. */
async function settle(
  repository: Repository,
  question: RecordsQuestion,
  beginning: RecordsBeginning,
  log: Log,
): Promise<ProvenRecords | null> {
  const seeds = await seedsOf(repository, question, beginning);
  if (seeds === null) return null;
  const started = await firstNamedBy(repository, question, beginning);
  let signers = seeds.join('\n');
  let last: readonly string[] = [];
  for (let round = 0; round < limits.records.listRoundsMax; round++) {
    const believed = await readBelieved(repository, question, signers);
    const isNamed = believed.changes.some(({ outcome }) => outcome === 'trusted');
    const read = isNamed ? believed : { ...believed, changes: [...started, ...believed.changes] };
    const listed = await listAtTheEnd(repository, question, read, log);
    const next =
      listed.length === 0
        ? seeds.join('\n')
        : [...listed, ...bounded(seeds, question, listed, read.firstBy)].join('\n');
    // A list that lets no record count any more, because its keys ended and nobody signed after them, is still the last that was in force.
    if (listed.length === 0 && last.length > 0) return { ...read, signers, listed: last.join('\n') };
    last = listed;
    if (next === signers) return { ...read, signers, listed: listed.length === 0 ? null : listed.join('\n') };
    signers = next;
  }
  throw new OperationError(
    'unsupported',
    `which keys sign records cannot be told: each list of keys in policies/allowed_signers that the records lead to leads to another, ${String(limits.records.listRoundsMax)} times over. Name the keys: renewd audit --signers`,
    { disposition: 'stall', endsWhen: ['repository'] },
  );
}

/**
 * As `provenRecords`, without working out the list where one known key signed all of the records and no list at the head says otherwise: as fast as reading them.
 * IO: reads Git. @throws as `provenRecords`
 */
export async function believedChanges(
  repository: Repository,
  question: RecordsQuestion,
  log: Log,
): Promise<ProvenRecords | null> {
  const { intent, state, prefix } = question;
  const beginning = await recordsBeginning(repository, state, prefix);
  const { key } = beginning;
  if (key !== null && (await headAgrees(repository, intent, key))) {
    const signers = `records ${key}`;
    const read = await readBelieved(repository, question, signers);
    if (read.isWhole) return { ...read, signers, listed: null };
  }
  return settle(repository, question, beginning, log);
}

/** Whether `policies/allowed_signers` at the head gives renewd no key, or this one. What the head says may not be in force: so it is asked for doubts only. IO: reads Git. */
export async function headAgrees(
  repository: Repository,
  intent: string | null,
  key: string,
): Promise<boolean> {
  const bytes = intent === null ? null : await repository.readFile(intent, allowedSignersPath);
  const listed = bytes === null ? [] : linesForRecords(bytes);
  const [, blob = ''] = key.split(' ');
  return listed.length === 0 || listed.some((line) => line.split(/\s+/).includes(blob));
}

/** Keys that are known without the records: the daemon's own, those listed at the commit that somebody named, and the one of the first commit. null for none. */
async function seedsOf(
  repository: Repository,
  { state, prefix, trusted, own }: RecordsQuestion,
  { key, others, isSigned }: RecordsBeginning,
): Promise<readonly string[] | null> {
  const bytes = trusted === null ? null : await repository.readFile(trusted, allowedSignersPath);
  const listed = bytes === null ? [] : linesForRecords(bytes);
  const seeds = [...own, ...listed, ...(key === null ? [] : [`records ${key}`])];
  if (key !== null || listed.length > 0) return seeds;
  if (others.length === 0) return isSigned && seeds.length > 0 ? seeds : null;
  // Our own key may be new: only where it stands behind something it says which history is ours.
  if (own.length > 0 && (await readBelieved(repository, { state, prefix, now: 0 }, own.join('\n'))).count > 0)
    return seeds;
  throw new OperationError(
    'unsupported',
    `the records have several beginnings, signed with keys that have nothing to do with each other (${others
      .map((each) => each.slice(0, 10))
      .slice(0, 5)
      .join(
        ', ',
      )} ...): which of them is renewd’s cannot be told. Find out who merged into the branch of records; then take that merge out of it, or name a commit whose policies/allowed_signers lists the key of renewd (trust.commit of the configuration, renewd audit --trust)`,
    { disposition: 'stall', endsWhen: ['repository', 'configuration'] },
  );
}

/** What the first commit of records says was taken on trust: whatever becomes of its key, nobody can change what it held. IO: reads Git. */
async function firstNamedBy(
  repository: Repository,
  { prefix }: RecordsQuestion,
  { commit, key }: RecordsBeginning,
): Promise<readonly ChangeRecord[]> {
  const changes = commit === null || key === null ? [] : await changesAt(repository, commit, prefix);
  return changes.filter(({ outcome }) => outcome === 'trusted');
}

interface BelievedRead extends Pick<ProvenRecords, 'changes' | 'seenBy'> {
  /** No commit of anybody else changed records. */
  readonly isWhole: boolean;
  /** Commits that count. */
  readonly count: number;
  /** Key, as base64, to the instant of its first commit that counts. */
  readonly firstBy: ReadonlyMap<string, number>;
}

async function readBelieved(
  repository: Repository,
  { state, prefix, now }: Pick<RecordsQuestion, 'state' | 'prefix' | 'now'>,
  signers: string,
): Promise<BelievedRead> {
  const trust = { signers, now, believed: null };
  const lineage = await examineLine({
    repository,
    from: null,
    tip: state,
    prefix,
    trust,
    pending: new Map(),
  });
  const seenBy = new Map<string, number>();
  const firstBy = new Map<string, number>();
  for (const { source, key, at } of lineage?.good ?? []) {
    if (source !== null && !seenBy.has(source)) seenBy.set(source, at);
    const blob = key?.split(' ')[1];
    if (blob !== undefined && !firstBy.has(blob)) firstBy.set(blob, at);
  }
  return {
    changes: await changesAt(repository, state, prefix, lineage?.believed),
    seenBy,
    firstBy,
    isWhole: lineage !== null && lineage.foreign.length === 0,
    count: lineage?.good.length ?? 0,
  };
}

/** The list in force at the last commit of the declarations that believed records name: behind it nobody vouches for when anything was seen. */
async function listAtTheEnd(
  repository: Repository,
  { intent, trusted, now }: RecordsQuestion,
  { changes, seenBy }: BelievedRead,
  log: Log,
): Promise<readonly string[]> {
  const named = changes.filter((each) => each.outcome === 'trusted').map((each) => each.commit);
  const first = trusted ?? (await firstNamed(repository, named, intent));
  if (first === null || !(await repository.isAncestor(first, intent))) return [];
  const times = new Map([
    ...seenBy,
    ...changes.map((each) => [each.commit, Date.parse(each.seenAt)] as const),
  ]);
  const recorded = stoodAt(changes).union(times);
  const stations = await stationsOf(repository, first, intent, recorded);
  const head = stations.findLast((commit) => recorded.has(commit)) ?? first;
  const seenAt = (commit: string): number | null => times.get(commit) ?? null;
  const { inForce } = await replay({ repository, trusted: first, head, recorded, seenAt, now, log });
  return linesForRecords(inForce.trust.get(allowedSignersPath)?.bytes ?? new Uint8Array());
}

/** Keys that began and that the list does not name: they count until one of the list signed. Pure. */
function bounded(
  seeds: readonly string[],
  { own }: RecordsQuestion,
  listed: readonly string[],
  firstBy: ReadonlyMap<string, number>,
): string[] {
  const words = new Set(listed.flatMap((line) => line.split(/\s+/)));
  let since = Number.POSITIVE_INFINITY;
  for (const [blob, at] of firstBy) if (words.has(blob)) since = Math.min(since, at);
  return seeds.flatMap((line) => {
    if (listed.includes(line) || line.split(/\s+/).some((word) => word.length > 40 && words.has(word)))
      return [];
    if (own.includes(line) || !Number.isFinite(since)) return [line];
    const [principal = '', ...key] = line.split(' ');
    return [`${principal} valid-before="${stampOf(since)}" ${key.join(' ')}`];
  });
}

/** As allowed_signers writes it: YYYYMMDDHHMMSSZ. */
function stampOf(at: number): string {
  return `${timestamp(at).replaceAll(/\D/g, '').slice(0, 14)}Z`;
}

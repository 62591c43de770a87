/**
 * What is in force at the base of a pull request. The daemon knows it; a pipeline has only Git. Where every file of the base can be used, it is the base. Where one
 * cannot, or the records say that a change is held, the daemon goes by what was in force before, and that is worked out as it did: commit by commit.
 */
import { canonicalJson } from '../core/canonical.ts';
import { counted } from '../core/count.ts';
import { builtIns } from '../reader.ts';
import { believedChanges, type ProvenRecords } from '../audit/proven-records.ts';
import { replay } from '../audit/replay.ts';
import { buildDesired } from '../core/desired.ts';
import type { Desired } from '../core/model.ts';
import { placementCode } from '../documents/placement.ts';
import type { DocumentReader, ParsedFile } from '../documents/read.ts';
import type { Repository, TreeEntryChange } from '../git/repository.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { applyFirst } from '../shell/first-start.ts';
import { declaredPrefixes, type FilesInForce } from '../shell/in-force.ts';
import { keepWhatBroke } from '../shell/intent.ts';
import { firstNamed, stationsOf, stoodAt } from '../shell/retrace.ts';
import { isNarrow, neededEntries } from './change-scope.ts';
import { branchTip } from './open-history.ts';
import { seenTimes } from './seen-times.ts';
import { silentLog } from './silent-log.ts';

export interface BaseRequest {
  readonly repository: Repository;
  readonly reader: DocumentReader;
  /** What renewd brings, as far as a state needs it. */
  readonly builtInsFor: (files: FilesInForce['files']) => readonly ParsedFile[];
  readonly base: string;
  /** What the pull request changes. */
  readonly changes: readonly TreeEntryChange[];
  /** `needed`: only what the change can depend on; the verdict is the same. */
  readonly scope: 'needed' | 'all';
  readonly now: number;
  readonly signal: AbortSignal;
}

export interface BaseInForce {
  readonly state: FilesInForce;
  readonly desired: Desired;
  /** What renewd brings, as it was counted: the state after the change must count the same. */
  readonly brought: readonly ParsedFile[];
  /** It depends on when commits came in, and no record says when: worked out by their own dates. */
  readonly isAssumed: boolean;
}

/** Nothing is withdrawn and nothing is installed, as far as a clone knows. */
const nothingInstalled = { withdrawn: new Map(), installations: new Map() };

/** What is in force at the base. IO: reads Git. @throws OperationError `unsupported` when it cannot be worked out: no verdict is better than another than the daemon's */
export async function baseInForce(request: BaseRequest): Promise<BaseInForce> {
  const { repository, reader, base, changes, scope, builtInsFor } = request;
  const entries = await repository.changes(null, base, declaredPrefixes);
  const chosen =
    scope === 'needed' && isNarrow(changes)
      ? await neededEntries(repository, reader, entries, changes)
      : entries;
  const state = await applyFirst(repository, reader, base, chosen);
  const brought = builtInsFor(state.files);
  const desired = desiredOf(brought, base, state, null);
  const wrong = desired.problems.some((each) => each.severity === 'error' || each.code === placementCode);
  const controlled = desired.changeControl !== null;
  // Without change control nothing is held.
  if (!wrong && !controlled) return { state, desired, brought, isAssumed: false };
  const records = await recordsFor(request);
  const from = await historyNeeded(request, records, wrong);
  return from === null ? { state, desired, brought, isAssumed: false } : byHistory(request, records, from);
}

/** The state that files declare on top of what was in force, with what broke kept: as the daemon builds it. Pure. */
export function desiredOf(
  brought: readonly ParsedFile[],
  commit: string,
  { files }: FilesInForce,
  before: Desired | null,
): Desired {
  return keepWhatBroke(
    buildDesired(commit, [...files.values()], brought, before ?? undefined),
    files,
    before,
    nothingInstalled,
  );
}

/**
 * The commit from which the base must be judged again to know what is in force; null when the base itself is. The records say up to where everything was accepted; what
 * came after them, and everything where the clone has none, is judged again.
 */
async function historyNeeded(
  { repository, base }: BaseRequest,
  { changes }: RecordsRead,
  wrong: boolean,
): Promise<string | null> {
  const named = changes.filter((each) => each.outcome === 'trusted').map((each) => each.commit);
  const first = await firstNamed(repository, named, base);
  const trusted = first ?? (await beginningOf(repository, base));
  if (wrong || first === null) return trusted;
  for (const each of changes) {
    const waits = each.acceptedAt === null && each.outcome !== 'trusted';
    if (waits && (await repository.isAncestor(each.commit, base))) return trusted;
  }
  const recorded = stoodAt(changes);
  const stations = await stationsOf(repository, trusted, base, recorded);
  const anchor = stations.findLast((commit) => recorded.has(commit)) ?? trusted;
  const since = await repository.changes(anchor, base, declaredPrefixes);
  return since.length === 0 ? null : anchor;
}

type RecordsRead = Pick<ProvenRecords, 'changes' | 'seenBy'>;

/** What the records say, as far as keys stand behind it: whoever may push to their branch could otherwise say that what the daemon refused is in force. IO: reads Git. */
async function recordsFor({ repository, base, now, signal }: BaseRequest): Promise<RecordsRead> {
  const state = await branchTip(repository, 'renewd/state', signal);
  const question = { intent: base, state: state ?? '', prefix: '', trusted: null, own: [], now };
  const believed = state === null ? null : await believedChanges(repository, question, silentLog);
  return believed ?? { changes: [], seenBy: new Map() };
}

/** The one commit a history begins with. @throws OperationError `unsupported` where it has several: a merge with a history of its own would choose what is taken on trust */
async function beginningOf(repository: Repository, base: string): Promise<string> {
  const [first = base, ...others] = await repository.beginnings(base);
  if (others.length === 0) return first;
  throw new OperationError(
    'unsupported',
    `the history of the base has ${String(others.length + 1)} beginnings, and no record here says which was taken on trust. Fetch the branch of records: git fetch origin renewd/state:refs/remotes/origin/renewd/state`,
    { disposition: 'stall', endsWhen: ['configuration'] },
  );
}

async function byHistory(
  request: BaseRequest,
  { changes, seenBy }: RecordsRead,
  trusted: string,
): Promise<BaseInForce> {
  const { repository, base, now } = request;
  const oids = (await repository.commitsBetween([trusted], base)).toReversed();
  if (oids.length > limits.report.replayCommitsMax) {
    throw new OperationError(
      'unsupported',
      `a declaration at the base cannot be used or may be held, and its history of ${counted(oids.length, 'commit')} is too long to see what is in force instead. Fetch the branch of records (renewd/state), and correct what renewd check names at the base`,
      { disposition: 'stall', endsWhen: ['configuration'] },
    );
  }
  const { seenAt, assumed } = await seenTimes(repository, oids, { seenBy, changes }, now);
  const recorded = stoodAt(changes);
  const judged = { repository, trusted, head: base, recorded, now, log: silentLog };
  const { desired, inForce } = await replay({ ...judged, seenAt });
  const brought = builtIns(request.reader);
  if (assumed.length === 0 || desired.changeControl === null)
    return { state: inForce, desired, brought, isAssumed: false };
  // Whether the time decides anything: judged as late as can be, what came in then may not come in.
  const late = new Set(assumed);
  const latest = await replay({ ...judged, seenAt: (commit) => (late.has(commit) ? now : seenAt(commit)) });
  return { state: inForce, desired, brought, isAssumed: contents(latest.inForce) !== contents(inForce) };
}

/** What is in force, as one text: files and lists, each by its content. */
function contents({ files, trust }: FilesInForce): string {
  const declared = [...files].map(([path, { oid, documents }]) => [
    path,
    oid,
    documents.map((each) => each.blob),
  ]);
  const lists = [...trust].map(([path, { oid }]) => [path, oid]);
  return canonicalJson([...declared, ...lists].map((each) => canonicalJson(each)).sort());
}

/** What the records came to say, read backwards from the tip: each commit's changed records are compared with what they became. Nothing older than the window is read. */
import { describeChange } from '../../daemon/core/audit-line.ts';
import { proofOf } from '../../daemon/core/proof.ts';
import type {
  CertificateRecord,
  EndpointRecord,
  FindingRecord,
  InstallationRecord,
  IssuedRecord,
  Timestamp,
} from '../../daemon/core/record-format.ts';
import { timestamp } from '../../daemon/core/timestamp.ts';
import type { Commit, Repository } from '../../daemon/git/repository.ts';
import { limits } from '../../daemon/limits.ts';
import { parseRecord } from '../../daemon/records/read.ts';
import { certificateId } from '../src/lib/model.ts';
import type { History, IssuedNote, Transition } from '../facts/sources.ts';

/** What one history may hold at most; older things are let go and `knownSince` says so. */
export interface HistoryBounds {
  readonly commits: number;
  readonly transitions: number;
}

const usualBounds: HistoryBounds = {
  commits: limits.site.historyCommitsMax,
  transitions: limits.site.historyTransitionsMax,
};

export interface HistoryRequest {
  readonly repository: Repository;
  /** Tip of the state branch. */
  readonly tip: string;
  readonly prefix: string;
  /** Everything that stands at the tip. */
  readonly certificates: Iterable<CertificateRecord>;
  readonly endpoints: Iterable<EndpointRecord>;
  /** Nothing before this instant is read. UTC epoch ms. */
  readonly since: number;
  /** What an earlier build knew; null: nothing. Used when its tip is in the past of this one and it reached back as far. */
  readonly known: KnownHistory | null;
  readonly bounds?: HistoryBounds;
}

/** A history, the tip it was read from and how far back it looked: what is kept between two builds. */
export interface KnownHistory extends History {
  readonly tip: string;
  readonly since: Timestamp;
}

/** The history. IO: Git, read-only. The same with and without `known`. */
export async function readHistory(request: HistoryRequest): Promise<KnownHistory> {
  const since = timestamp(request.since);
  const bounds = request.bounds ?? usualBounds;
  const known = request.known !== null && request.known.since <= since ? request.known : null;
  const walked = await walk({ ...request, known }, bounds);
  return { tip: request.tip, since, ...within(walked, since, bounds) };
}

/** From the tip back to what is known already, the first commit, the window or a bound, whichever comes first. */
async function walk(request: HistoryRequest, bounds: HistoryBounds): Promise<History> {
  const { repository, known } = request;
  const walker = createWalker(request.certificates, request.endpoints);
  const commits: { oid: string; at: Timestamp }[] = [];
  const transitions: Transition[] = [];
  let read: Timestamp | null = null;
  for await (const commit of newestFirst(repository, request.tip, bounds.commits)) {
    const at = timestamp(commit.committer.at);
    if (known !== null && commit.oid === known.tip)
      return {
        transitions: [...transitions, ...known.transitions],
        commits: [...commits, ...known.commits],
        knownSince: known.knownSince,
        begun: known.begun,
      };
    commits.push({ oid: commit.oid, at });
    if (commit.committer.at < request.since)
      return { transitions, commits, knownSince: timestamp(request.since), begun: null };
    if (transitions.length >= bounds.transitions) break;
    const parent = commit.parents[0] ?? null;
    if (parent === null) {
      transitions.push(...walker.first(commit.oid, at));
      return { transitions, commits, knownSince: at, begun: at };
    }
    transitions.push(...(await walker.stepBack(repository, commit, parent, request.prefix, at)));
    read = at;
  }
  return { transitions, commits, knownSince: read, begun: null };
}

/** Cuts a history at the window and at its bounds, between two commits, so that what was kept and what was read anew end at the same place. */
function within(history: History, since: Timestamp, bounds: HistoryBounds): History {
  let { knownSince } = history;
  if (knownSince === null) return history;
  const all = history.transitions;
  let end = Math.min(all.length, bounds.transitions);
  while (end > 0 && end < all.length && all[end]?.commit === all[end - 1]?.commit) end++;
  const reached = [
    since,
    end < all.length ? all[end - 1]?.at : undefined,
    history.commits.length > bounds.commits ? history.commits[bounds.commits - 1]?.at : undefined,
  ];
  for (const each of reached) if (each !== undefined && each > knownSince) knownSince = each;
  const from = knownSince;
  const older = history.commits.findIndex((each) => each.at < from);
  return {
    transitions: all.slice(0, end).filter((each) => each.at >= from),
    // The last one before is kept: it says what was current when the known history begins.
    commits: history.commits.slice(0, Math.min(older === -1 ? Infinity : older + 1, bounds.commits)),
    knownSince,
    begun: history.begun !== null && history.begun >= from ? history.begun : null,
  };
}

/** Commits of the branch, a few at first: what was read before is found soon. */
async function* newestFirst(repository: Repository, tip: string, max: number): AsyncGenerator<Commit> {
  let given = 0;
  for (let wanted = 64; ; wanted *= 4) {
    const maxCount = Math.min(wanted, max);
    const commits = await repository.log(tip, { maxCount });
    yield* commits.slice(given);
    if (commits.length < maxCount || maxCount === max) return;
    given = commits.length;
  }
}

interface Walker {
  /** What the first commit brought: everything that is left. */
  readonly first: (commit: string, at: string) => readonly Transition[];
  readonly stepBack: (
    repository: Repository,
    commit: Commit,
    parent: string,
    prefix: string,
    at: string,
  ) => Promise<readonly Transition[]>;
}

function createWalker(
  certificatesNow: Iterable<CertificateRecord>,
  endpointsNow: Iterable<EndpointRecord>,
): Walker {
  const certificates = new Map([...certificatesNow].map((each) => [certificateId(each), each]));
  const endpoints = new Map([...endpointsNow].map((each) => [each.metadata.name, each]));
  return {
    first: (commit, at) => [
      ...[...certificates].flatMap(([id, record]) => transitionOf(id, null, record, at, commit) ?? []),
      ...[...endpoints].flatMap(([name, record]) => endpointTransition(name, null, record, at, commit) ?? []),
    ],
    stepBack: async (repository, commit, parent, prefix, at) => {
      const entries = await repository.changes(commit.oid, parent, [
        `${prefix}certificates`,
        `${prefix}endpoints`,
      ]);
      const olds = await readOld(repository, entries, prefix);
      const found: Transition[] = [];
      for (const [path, old] of olds) {
        const [folder = '', first = '', second = ''] = path.split('/');
        if (folder === 'certificates') {
          const id = `${first}/${second.replace(/\.json$/, '')}`;
          const next = certificates.get(id) ?? null;
          const before = old as CertificateRecord | null;
          const transition = transitionOf(id, before, next, at, commit.oid);
          if (transition !== null) found.push(transition);
          if (before === null) certificates.delete(id);
          else certificates.set(id, before);
        } else {
          const name = first.replace(/\.json$/, '');
          const before = old as EndpointRecord | null;
          const transition = endpointTransition(name, before, endpoints.get(name) ?? null, at, commit.oid);
          if (transition !== null) found.push(transition);
          if (before === null) endpoints.delete(name);
          else endpoints.set(name, before);
        }
      }
      return found;
    },
  };
}

/** Records as they were, by path below the prefix; null where there was none. What cannot be read counts as none. */
async function readOld(
  repository: Repository,
  entries: readonly { readonly path: string; readonly oid: string | null }[],
  prefix: string,
): Promise<ReadonlyMap<string, unknown>> {
  const olds = new Map<string, unknown>();
  const wanted = new Map<string, string[]>();
  for (const { path, oid } of entries) {
    if (!path.endsWith('.json')) continue;
    const below = path.slice(prefix.length);
    olds.set(below, null);
    if (oid !== null) wanted.set(oid, [...(wanted.get(oid) ?? []), below]);
  }
  await repository.readBlobs([...wanted.keys()], (oid, bytes) => {
    for (const path of wanted.get(oid) ?? [])
      olds.set(path, parseRecord(path, bytes, Number.POSITIVE_INFINITY).record);
  });
  return olds;
}

function transitionOf(
  id: string,
  before: CertificateRecord | null,
  after: CertificateRecord | null,
  at: string,
  commit: string,
): Transition | null {
  if (before === null && after === null) return null;
  return {
    at,
    commit,
    certificate: id,
    endpoint: null,
    before: before?.status ?? null,
    after: after?.status ?? null,
    phrase: after === null ? 'record removed' : phraseOf(id, before, after),
    issued: (after?.installations ?? []).flatMap((each) => issuedNotes(before, each)),
    proved: (after?.installations ?? []).flatMap((each) => provedNotes(before, each)),
    ...findingChanges(before?.findings ?? [], after?.findings ?? []),
  };
}

/** What the commit says of it, without the name: the page says that already. */
function phraseOf(id: string, before: CertificateRecord | null, after: CertificateRecord): string {
  return describeChange(before, after)?.replace(`certificate ${id}: `, '') ?? '';
}

function lastAt(before: CertificateRecord | null, endpoint: string): IssuedRecord | null {
  return before?.installations.find((each) => each.endpoint === endpoint)?.issued ?? null;
}

function issuedNotes(
  before: CertificateRecord | null,
  { endpoint, issued, addresses }: InstallationRecord,
): readonly IssuedNote[] {
  const last = lastAt(before, endpoint);
  if (issued === null || issued.fingerprint === last?.fingerprint) return [];
  const { serial, fingerprint, because, issuedBy, notBefore, notAfter } = issued;
  const proof = proofOf(issued, addresses.length).state;
  const replaced = last === null ? null : { notBefore: last.notBefore, notAfter: last.notAfter };
  return [{ endpoint, serial, fingerprint, because, issuedBy, notBefore, notAfter, proof, replaced }];
}

function provedNotes(
  before: CertificateRecord | null,
  { endpoint, issued, addresses }: InstallationRecord,
): Transition['proved'] {
  const proof = issued === null ? null : proofOf(issued, addresses.length);
  if (issued === null || proof?.at == null) return [];
  const last = before?.installations.find((each) => each.endpoint === endpoint);
  const known = last?.issued?.fingerprint === issued.fingerprint ? last.issued : null;
  if (known !== null && proofOf(known, last?.addresses.length ?? 0).state === 'served') return [];
  return [{ endpoint, fingerprint: issued.fingerprint, at: proof.at }];
}

function findingChanges(
  before: readonly FindingRecord[],
  after: readonly FindingRecord[],
): Pick<Transition, 'opened' | 'closed'> {
  const [was, is] = [new Set(before.map((each) => each.id)), new Set(after.map((each) => each.id))];
  return {
    opened: after.filter((each) => !was.has(each.id)),
    closed: before.flatMap((each) => (is.has(each.id) ? [] : [each.id])),
  };
}

function endpointTransition(
  name: string,
  before: EndpointRecord | null,
  after: EndpointRecord | null,
  at: string,
  commit: string,
): Transition | null {
  const changes = findingChanges(before?.findings ?? [], after?.findings ?? []);
  const same = before?.status === after?.status;
  if (same && changes.opened.length === 0 && changes.closed.length === 0) return null;
  return {
    at,
    commit,
    certificate: null,
    endpoint: name,
    before: null,
    after: null,
    proved: [],
    phrase: same ? '' : `${before?.status ?? 'new'} -> ${after?.status ?? 'gone'}`,
    issued: [],
    ...changes,
  };
}

/**
 * What came onto the state branch since we left it. Only what a commit of ours last changed is used; what somebody else changed, lost or rewrote is put back from
 * what the mirror still has and written anew from facts, and a finding names the path and the commit.
 */
import { counted } from '../core/count.ts';
import type { Heartbeat, RepositoryFindings } from '../core/record-format.ts';
import { limits } from '../limits.ts';
import { noteSeen } from './instances.ts';
import type { Memory } from './memory.ts';
import { allowedSignersPath, type TrustFile } from './in-force.ts';
import { noteIncident } from './record-incidents.ts';
import { recordTrust, stateTipFact } from './record-trust.ts';
import type { StateBranch } from './records.ts';
import type { World } from './world.ts';
import { findingsPath, heartbeatPath, placeOf } from '../records/paths.ts';
import { loadRecords, parseRecord } from '../records/read.ts';
import { examineLine, lostRecords, type ForeignCommit } from '../records/lineage.ts';

/** Takes the branch at `tip` into memory. IO: Git and the journal. Safe to repeat. */
export async function takeRecords(
  world: World,
  state: StateBranch,
  memory: Memory,
  tip: string | null,
  trust: ReadonlyMap<string, TrustFile>,
): Promise<void> {
  const first = memory.stateTip === null;
  const from = memory.stateTip ?? world.journal.fact(stateTipFact);
  const { instead, putBack, line } = await whatIsNotOurs(world, state, memory, { from, tip, trust });
  memory.putBack.clear();
  for (const [path, oid] of instead) {
    if (putBack) memory.putBack.set(path, oid);
    forget(memory, path);
  }
  if (first && tip !== null) await load(world, state, memory, tip, instead);
  memory.heard = tip === null ? null : await heardAt(world, state, tip, { instead, line });
  noteSeen(memory.presence, memory.heard?.beat ?? null, first, world.now());
  memory.stateTip = tip;
}

/** The findings of the repository as they stand, as far as they are ours. IO: Git. @throws OperationError `git-*` */
export async function standingFindings(
  { now }: Pick<World, 'now'>,
  { repository, prefix }: StateBranch,
  { stateTip, putBack, repositoryRecord }: Memory,
): Promise<RepositoryFindings | null> {
  if (stateTip === null || putBack.has(findingsPath)) return repositoryRecord;
  const bytes = await repository.readFile(stateTip, prefix + findingsPath);
  const read = bytes === null ? null : parseRecord(findingsPath, bytes, now()).record;
  return read?.kind === 'RepositoryFindings' ? read : null;
}

/** Reads all records again, after others wrote them for a while. IO: Git. @throws OperationError `git-*` */
export async function takeRecordsAgain(world: World, state: StateBranch, memory: Memory): Promise<void> {
  if (memory.stateTip === null) return;
  await load(world, state, memory, memory.stateTip, memory.putBack);
}

/** The heartbeat that our keys wrote last, and the one that stands there instead. Of a history that was rewritten only what stands there is asked. */
async function heardAt(
  world: World,
  { repository, prefix }: StateBranch,
  tip: string,
  { instead, line }: Pick<NotOurs, 'instead' | 'line'>,
): Promise<Memory['heard']> {
  // A clock that is ahead must not hide a daemon: what counts is when its beats come in.
  const beatOf = (bytes: Uint8Array | null, until: number): Heartbeat | null => {
    const record = bytes === null ? null : parseRecord(heartbeatPath, bytes, until).record;
    return record?.kind === 'Heartbeat' ? record : null;
  };
  const standing = await repository.readFile(tip, prefix + heartbeatPath);
  if (!instead.has(heartbeatPath)) {
    const beat = beatOf(standing, Number.MAX_SAFE_INTEGER);
    return beat === null ? null : { beat, ours: true, foreign: null };
  }
  const foreign = beatOf(standing, world.now());
  const oid = line ? (instead.get(heartbeatPath) ?? null) : null;
  const before: (Heartbeat | null)[] = [];
  if (oid !== null)
    await repository.readBlobs([oid], (_, bytes) => before.push(beatOf(bytes, Number.MAX_SAFE_INTEGER)));
  const [beat = null] = before;
  if (beat !== null) return { beat, ours: true, foreign };
  return foreign === null ? null : { beat: foreign, ours: false, foreign: null };
}

/** What others did to the records since they were ours. */
interface NotOurs {
  /** Path to the object that was there before; null for none. */
  readonly instead: ReadonlyMap<string, string | null>;
  /** Whether it is put back. */
  readonly putBack: boolean;
  /** Whether the branch goes on from where it was. */
  readonly line: boolean;
}

async function whatIsNotOurs(
  world: World,
  state: StateBranch,
  memory: Memory,
  line: {
    readonly from: string | null;
    readonly tip: string | null;
    readonly trust: ReadonlyMap<string, TrustFile>;
  },
): Promise<NotOurs> {
  const { repository, prefix } = state;
  const { from, tip, trust } = line;
  // Found by an earlier look and not put back yet: what stood there before that is what counts.
  const pending = new Map(memory.putBack);
  const nothing = { instead: pending, putBack: true, line: true };
  const believers = recordTrust(world, state, memory, trust);
  if (from === tip || believers === null) return nothing;
  const lineage =
    tip === null ? null : await examineLine({ repository, from, tip, prefix, trust: believers, pending });
  if (lineage !== null) {
    memory.believed = lineage.newest ?? believers.believed;
    // Nothing here was ever ours: it is not used, and not taken away either.
    if (from === null && lineage.newest === null) {
      if (lineage.foreign.length > 0)
        noteIncident(
          world,
          tip ?? '',
          `the records up to ${(tip ?? '').slice(0, 10)} are signed by no key that this daemon knows and that counts: they are not used and are written anew. If they are of an earlier data directory, list its key for renewd in ${allowedSignersPath}`,
        );
      const all = [...lineage.believed.keys()].map((path) => [path, null] as const);
      return { instead: new Map(all), putBack: false, line: true };
    }
    for (const each of lineage.foreign.slice(0, limits.records.pathsNamed * 4))
      noteIncident(world, each.commit, foreignMessage(each));
    return { instead: lineage.believed, putBack: true, line: true };
  }
  if (from === null) return nothing;
  const lost = await lostRecords(repository, from, tip, prefix);
  memory.lostTip = from;
  const where =
    tip === null ? `${state.ref} is gone` : `${state.ref} was rewritten: ${tip} does not come after ${from}`;
  noteIncident(
    world,
    tip ?? from,
    lost === null
      ? `${where}; the records up to ${from} are not in the mirror any more: records of changes among them are lost, the rest is written anew from facts`
      : `${where}; ${counted(lost.size, 'record was put back as it was', 'records were put back as they were')} at ${from}`,
  );
  if (lost === null) {
    for (const id of memory.certificateRecords.keys()) {
      memory.rewrite.add(id);
      memory.dirty.add(id);
    }
    memory.endpointRecords.clear();
    memory.endpointsDirty = true;
    memory.repositoryRecord = null;
  }
  memory.publications.clear();
  memory.publicationsDue.clear();
  return { instead: new Map([...(lost ?? []), ...pending]), putBack: true, line: false };
}

function foreignMessage({ commit, author, verdict, paths, count }: ForeignCommit): string {
  const more = count > paths.length ? ` and ${String(count - paths.length)} more` : '';
  return `commit ${commit.slice(0, 10)} of ${author} changed ${paths.join(', ')}${more} on the branch of the records and is not signed by a key of the daemon that counts (${verdict}): what it says is not used`;
}

async function load(
  world: World,
  { repository, prefix }: StateBranch,
  memory: Memory,
  tip: string,
  instead: ReadonlyMap<string, string | null>,
): Promise<void> {
  const records = await loadRecords(repository, tip, prefix, {
    now: world.now(),
    instead,
    onBad: (path, reason) => {
      noteIncident(
        world,
        `${tip} ${path}`,
        `${path} at ${tip.slice(0, 10)} is no record that can be used: ${reason}; it is written anew`,
      );
      forget(memory, path);
    },
  });
  memory.certificateRecords.clear();
  memory.endpointRecords.clear();
  for (const [id, record] of records.certificates) memory.certificateRecords.set(id, record);
  for (const [name, record] of records.endpoints) memory.endpointRecords.set(name, record);
  memory.repositoryRecord = records.repository;
  memory.heartbeat = records.heartbeat;
}

/** Marks what stands at a path to be written anew. */
function forget(memory: Memory, path: string): void {
  const place = placeOf(path);
  switch (place?.kind) {
    case 'CertificateRecord':
    case 'chain':
      memory.rewrite.add(place.certificate);
      memory.dirty.add(place.certificate);
      return;
    case 'EndpointRecord':
      memory.rewriteEndpoints.add(place.endpoint);
      memory.endpointsDirty = true;
      return;
    case 'RepositoryFindings':
      memory.rewriteFindings = true;
      return;
    case 'Heartbeat':
      memory.heartbeat = null;
      return;
    default:
  }
}

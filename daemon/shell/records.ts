/** The state branch: reads the records that stand there, and publishes the ones that changed, as one signed commit. */
import type {
  CertificateRecord,
  EndpointRecord,
  Heartbeat,
  RepositoryFindings,
} from '../core/record-format.ts';
import type { CommitSigner, PublishOutcome, Repository } from '../git/repository.ts';
import {
  certificatePath,
  endpointPath,
  findingsPath,
  heartbeatPath,
  placeOf,
  recordPrefixes,
} from '../records/paths.ts';
import { loadRecords } from '../records/read.ts';
import { recordJson, recordLine, type RecordText } from '../record-text.ts';
import type { Memory } from './memory.ts';
import type { World } from './world.ts';

export interface StateBranch {
  readonly repository: Repository;
  /** Full name: `refs/heads/renewd/state`, or the intent branch itself. */
  readonly ref: string;
  /** `` on a branch of its own, `status/` on the intent branch. */
  readonly prefix: string;
  readonly signer: CommitSigner | null;
  readonly author: { readonly name: string; readonly email: string };
  /** Names this daemon in trailers and in the heartbeat. */
  readonly instance: string;
  readonly version: string;
}

export interface RecordChanges {
  readonly certificates: readonly CertificateRecord[];
  readonly endpoints: readonly EndpointRecord[];
  readonly repository: RepositoryFindings | null;
  readonly heartbeat: Heartbeat | null;
  /** Further files by path, already rendered: chains, publications of issuers. */
  readonly files: ReadonlyMap<string, RecordText>;
}

/**
 * Reads the records of the state branch into memory when its tip is not where we left it. IO. A record that cannot be read is
 * left out and written anew: records are never the authority for doing something (DESIGN promise 3).
 */
export async function readRecords(
  world: World,
  state: StateBranch,
  memory: Memory,
  refs: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const tip = refs.get(state.ref) ?? null;
  if (tip === memory.stateTip) return;
  if (tip === null) {
    world.log.warn({ ref: state.ref }, 'the state branch is gone; records are written again');
    for (const id of memory.certificateRecords.keys()) memory.rewrite.add(id);
    for (const id of memory.certificateRecords.keys()) memory.dirty.add(id);
    memory.endpointRecords.clear();
    memory.endpointsDirty = true;
    memory.repositoryRecord = null;
    memory.publications.clear();
    memory.stateTip = null;
    return;
  }
  await state.repository.fetch([state.ref], signal);
  if (memory.stateTip !== null) {
    // On a branch shared with people the tip moves without touching records. Otherwise somebody wrote to ours: ours are written over theirs.
    const changes = await state.repository.changes(memory.stateTip, tip, recordPrefixes(state.prefix));
    if (changes.length > 0) {
      world.log.warn(
        { tip, files: changes.length },
        'the state branch was changed by someone else; records are written again',
      );
    }
    for (const change of changes) forget(memory, change.path.slice(state.prefix.length));
    memory.stateTip = tip;
    return;
  }
  const records = await loadRecords(state.repository, tip, state.prefix, {
    now: world.now(),
    onBad: (path, reason) => {
      world.log.warn({ path, reason }, 'a record could not be read and is written anew');
    },
  });
  for (const [id, record] of records.certificates) memory.certificateRecords.set(id, record);
  for (const [name, record] of records.endpoints) memory.endpointRecords.set(name, record);
  memory.repositoryRecord = records.repository;
  memory.heartbeat = records.heartbeat;
  memory.stateTip = tip;
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
      memory.endpointRecords.delete(place.endpoint);
      memory.endpointsDirty = true;
      return;
    case 'RepositoryFindings':
      memory.repositoryRecord = null;
      return;
    default:
  }
}

/**
 * Publishes the changed records as one commit on the state branch: compare-and-swap against its tip, tried again on a lost race.
 * IO. Equal bytes make no commit.
 */
export async function publishRecords(
  world: World,
  state: StateBranch,
  memory: Memory,
  changes: RecordChanges,
  words: { readonly message: RecordText; readonly because: string },
  signal: AbortSignal,
): Promise<PublishOutcome> {
  const edits = new Map<string, RecordText>();
  const put = (path: string, value: unknown): void => {
    edits.set(state.prefix + path, recordJson(value));
  };
  for (const record of changes.certificates)
    put(certificatePath(`${record.metadata.team}/${record.metadata.name}`), record);
  for (const record of changes.endpoints) put(endpointPath(record.metadata.name), record);
  if (changes.repository !== null) put(findingsPath, changes.repository);
  if (changes.heartbeat !== null) put(heartbeatPath, changes.heartbeat);
  for (const [path, text] of changes.files) edits.set(state.prefix + path, text);
  world.crashPoint('before publish');
  const outcome = await state.repository.publish(
    {
      ref: state.ref,
      edit: () => Promise.resolve(edits),
      message: () => words.message,
      trailers: [
        ['Renewd-Source', recordLine(memory.accepted ?? 'none')],
        ['Renewd-Because', recordLine(words.because)],
        ['Renewd-Instance', recordLine(state.instance)],
      ],
      author: state.author,
      at: world.now(),
      signer: state.signer,
    },
    signal,
  );
  world.crashPoint('after publish');
  memory.stateTip = outcome.state === 'published' ? outcome.commit : outcome.tip;
  return outcome;
}

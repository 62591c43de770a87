/**
 * The door through which records come in: bytes of the state branch to typed values, or to a sentence about what is wrong. The branch is foreign input: whoever
 * may push to it wrote it. Nothing here throws for what stands there.
 */
import { isNestedDeeper } from '../core/json-depth.ts';
import type { ChangeRecord } from '../core/change-record.ts';
import type {
  CertificateRecord,
  EndpointRecord,
  Heartbeat,
  IssuanceRecord,
  RepositoryFindings,
} from '../core/record-format.ts';
import { issuancePath } from '../core/issuance.ts';
import type { Repository } from '../git/repository.ts';
import { limits } from '../limits.ts';
import { pathsByObject } from './by-object.ts';
import { shapes } from './format.ts';
import { certificatePath, changePath, endpointPath, placeOf, recordPrefixes } from './paths.ts';

/** A record that was read and fits. */
export type ReadRecord =
  | CertificateRecord
  | EndpointRecord
  | RepositoryFindings
  | Heartbeat
  | ChangeRecord
  | IssuanceRecord;

export type ReadOutcome =
  | { readonly record: ReadRecord; readonly problem: null }
  | { readonly record: null; readonly problem: string };

const none = (problem: string): ReadOutcome => ({ record: null, problem });

/** Reads the record that stands at `path` (below the prefix). Pure; never throws. `now`: what claims to be later did not happen. */
export function parseRecord(path: string, bytes: Uint8Array, now: number): ReadOutcome {
  return recordReader(bytes, now)(path);
}

/** As `parseRecord` for bytes that stand at many paths: they are read once for each kind of record, however many paths there are. */
export function recordReader(bytes: Uint8Array, now: number): (path: string) => ReadOutcome {
  const byKind = new Map<string, ReadOutcome>();
  return (path) => {
    const place = placeOf(path);
    if (place === null || place.kind === 'chain' || place.kind === 'publication')
      return none('no record belongs at this path');
    let outcome = byKind.get(place.kind);
    if (outcome === undefined) byKind.set(place.kind, (outcome = readAs(place.kind, bytes, now)));
    if (outcome.record === null) return outcome;
    const belongs = pathOf(outcome.record);
    return belongs !== null && belongs !== path ? none(`it belongs at ${belongs}`) : outcome;
  };
}

function readAs(kind: keyof typeof shapes, bytes: Uint8Array, now: number): ReadOutcome {
  if (bytes.length > limits.records.recordMaxBytes)
    return none(`longer than ${String(limits.records.recordMaxBytes)} bytes`);
  let value: unknown;
  try {
    const text = Buffer.from(bytes).toString('utf8');
    if (isNestedDeeper(text, limits.records.depthMax)) return none('nested too deep');
    value = JSON.parse(text);
  } catch {
    return none('not JSON');
  }
  const wrong = shapes[kind](value, '', { now });
  if (wrong !== null) return none(wrong);
  // The shape was checked above: this is the only place that gives such a value its type.
  return { record: value as ReadRecord, problem: null };
}

/** Where a record says it belongs; null for kinds that have only one place, or whose serial may be written in either case. */
function pathOf(record: ReadRecord): string | null {
  switch (record.kind) {
    case 'CertificateRecord':
      return certificatePath(`${record.metadata.team}/${record.metadata.name}`);
    case 'EndpointRecord':
      return endpointPath(record.metadata.name);
    case 'ChangeRecord':
      return changePath(record);
    case 'IssuanceRecord':
      return issuancePath(record.issuer, record.serial) ?? 'no path';
    case 'RepositoryFindings':
    case 'Heartbeat':
      return null;
  }
}

/** Everything that stands on the state branch at one commit. */
export interface RecordSet {
  readonly certificates: Map<string, CertificateRecord>;
  readonly endpoints: Map<string, EndpointRecord>;
  repository: RepositoryFindings | null;
  heartbeat: Heartbeat | null;
}

/** No records. */
export function emptyRecords(): RecordSet {
  return { certificates: new Map(), endpoints: new Map(), repository: null, heartbeat: null };
}

export interface LoadOptions {
  /** UTC epoch ms; what claims to be later did not happen. */
  readonly now: number;
  /** Told of each record that is left out, with the reason. */
  readonly onBad: (path: string, reason: string) => void;
  /** What a path is believed to hold instead of what stands there: an object id, or null for nothing. */
  readonly instead?: ReadonlyMap<string, string | null>;
}

/** Reads certificates, endpoints, findings and the heartbeat at a fetched commit. IO, read-only. What does not fit is told to `onBad` and left out. */
export async function loadRecords(
  repository: Repository,
  commit: string,
  prefix: string,
  options: LoadOptions,
): Promise<RecordSet> {
  const records = emptyRecords();
  const folders = ['certificates', 'endpoints', 'findings', 'heartbeat.json'].map((each) => prefix + each);
  await eachRecord(repository, { commit, prefix, folders, ...options }, (record) => {
    remember(records, record);
  });
  return records;
}

/** Every record of a folder of a commit, each once, after its check. IO: reads Git. */
export async function eachRecord(
  repository: Repository,
  request: LoadOptions & {
    readonly commit: string;
    readonly prefix: string;
    readonly folders: readonly string[];
  },
  visit: (record: ReadRecord, path: string) => void,
): Promise<void> {
  const { commit, prefix, folders, now, onBad, instead } = request;
  const paths = pathsByObject();
  const add = (path: string, oid: string | null): void => {
    if (oid !== null && path.endsWith('.json')) paths.add(oid, path);
  };
  for (const change of await repository.changes(null, commit, folders)) {
    const path = change.path.slice(prefix.length);
    if (instead?.has(path) !== true) add(path, change.oid);
  }
  for (const [path, oid] of instead ?? [])
    if (folders.some((folder) => `${prefix}${path}`.startsWith(folder))) add(path, oid);
  await repository.readBlobs(paths.objects(), (oid, bytes) => {
    const read = recordReader(bytes, now);
    for (const path of paths.pathsOf(oid)) {
      const { record, problem } = read(path);
      if (record === null) onBad(path, problem);
      else visit(record, path);
    }
  });
}

function remember(records: RecordSet, record: ReadRecord): void {
  switch (record.kind) {
    case 'CertificateRecord':
      records.certificates.set(`${record.metadata.team}/${record.metadata.name}`, record);
      return;
    case 'EndpointRecord':
      records.endpoints.set(record.metadata.name, record);
      return;
    case 'RepositoryFindings':
      records.repository = record;
      return;
    case 'Heartbeat':
      records.heartbeat = record;
      return;
    case 'ChangeRecord':
    case 'IssuanceRecord':
  }
}

/** All folders of records of a commit, for a caller of `eachRecord`. */
export function allRecords(prefix: string): readonly string[] {
  return recordPrefixes(prefix);
}

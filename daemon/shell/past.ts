/** What the records said at a commit, and what they came to say between two. Reads Git only. */
import type { ChangeRecord } from '../core/change-record.ts';
import type { CertificateRecord } from '../core/record-format.ts';
import type { Issuance } from '../core/service/facts.ts';
import type { Repository } from '../git/repository.ts';
import { loadRecords, type RecordSet } from './records.ts';

/** The records at a commit; empty for none. IO: reads Git. */
export async function recordsAt(
  repository: Repository,
  commit: string | null,
  prefix: string,
): Promise<RecordSet> {
  if (commit === null)
    return { certificates: new Map(), endpoints: new Map(), repository: null, heartbeat: null };
  return loadRecords(repository, commit, prefix, () => undefined);
}

/** Records of changes at a commit, oldest first. IO: reads Git. */
export async function changesAt(
  repository: Repository,
  commit: string | null,
  prefix: string,
): Promise<readonly ChangeRecord[]> {
  if (commit === null) return [];
  const records: ChangeRecord[] = [];
  const entries = await repository.changes(null, commit, [`${prefix}changes`]);
  await repository.readBlobs(
    entries.flatMap((each) => each.oid ?? []),
    (_, bytes) => {
      const record = parsed(bytes) as ChangeRecord | null;
      if (record?.kind === 'ChangeRecord') records.push(record);
    },
  );
  return records.sort((left, right) =>
    left.seenAt < right.seenAt ? -1 : left.seenAt > right.seenAt ? 1 : left.commit < right.commit ? -1 : 1,
  );
}

/** Every certificate that the records first named after `from` (null: the beginning) and up to `to`, in order. IO: reads Git. */
export async function issuancesBetween(
  repository: Repository,
  from: string | null,
  to: string | null,
  prefix: string,
): Promise<readonly Issuance[]> {
  if (to === null) return [];
  const known = new Map<string, string>();
  for (const [id, record] of (await recordsAt(repository, from, prefix)).certificates) {
    for (const { endpoint, issued } of record.installations)
      if (issued !== null) known.set(`${id}@${endpoint}`, issued.fingerprint);
  }
  const issuances = new Map<string, Issuance>();
  let previous = from;
  for (const commit of (await repository.firstParentLine(from, to)) ?? []) {
    const changes = await repository.changes(previous, commit.oid, [`${prefix}certificates`]);
    previous = commit.oid;
    const oids = changes.flatMap(({ path, oid }) => (oid !== null && path.endsWith('.json') ? [oid] : []));
    await repository.readBlobs([...new Set(oids)], (_, bytes) => {
      const record = parsed(bytes) as CertificateRecord | null;
      if (record?.kind === 'CertificateRecord')
        noteIssuances(record, known, issuances, commit.oid, commit.committer.at);
    });
  }
  return [...issuances.values()];
}

function noteIssuances(
  { metadata, installations }: CertificateRecord,
  known: Map<string, string>,
  issuances: Map<string, Issuance>,
  commit: string,
  at: number,
): void {
  const certificate = `${metadata.team}/${metadata.name}`;
  for (const { endpoint, issued } of installations) {
    if (issued === null) continue;
    const installation = `${certificate}@${endpoint}`;
    const key = `${installation} ${issued.fingerprint}`;
    const before = issuances.get(key);
    if (before === undefined && known.get(installation) === issued.fingerprint) continue;
    known.set(installation, issued.fingerprint);
    // A later record of the same certificate may know that it was proved.
    issuances.set(key, {
      installation,
      certificate,
      team: metadata.team,
      serial: issued.serial,
      fingerprint: issued.fingerprint,
      because: issued.because,
      issuedBy: issued.issuedBy,
      recordedAt: before?.recordedAt ?? at,
      provedAt: issued.provedAt === null ? null : Date.parse(issued.provedAt),
      commit: before?.commit ?? commit,
    });
  }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
}

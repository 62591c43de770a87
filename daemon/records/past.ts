/** What the records said at a commit, and what they came to say between two. Reads Git only. */
import type { ChangeRecord } from '../core/change-record.ts';
import { lineTimes } from '../core/line-time.ts';
import { proofOf } from '../core/proof.ts';
import type { CertificateRecord } from '../core/record-format.ts';
import type { Issuance } from '../core/service/facts.ts';
import { keyOf } from '../core/same.ts';
import type { Repository } from '../git/repository.ts';
import { recordsLine } from './line-of.ts';
import { eachRecord, emptyRecords, loadRecords, parseRecord, type RecordSet } from './read.ts';

/** What the past is read with: it is judged by its own times, so nothing in it counts as too late. */
const past = { now: Number.POSITIVE_INFINITY, onBad: (): void => undefined };

/** The records at a commit; empty for none. What does not fit its kind is left out. IO: reads Git. */
export async function recordsAt(
  repository: Repository,
  commit: string | null,
  prefix: string,
): Promise<RecordSet> {
  return commit === null ? emptyRecords() : loadRecords(repository, commit, prefix, past);
}

/**
 * Records of changes at a commit, oldest first. What does not fit is left out. `instead`: what a path is believed to hold in place of what stands there
 * (`lineage.ts`). IO: reads Git.
 */
export async function changesAt(
  repository: Repository,
  commit: string | null,
  prefix: string,
  instead: ReadonlyMap<string, string | null> = new Map(),
): Promise<readonly ChangeRecord[]> {
  if (commit === null) return [];
  const records: ChangeRecord[] = [];
  const folders = [`${prefix}changes`];
  await eachRecord(repository, { ...past, commit, prefix, folders, instead }, (record) => {
    if (record.kind === 'ChangeRecord') records.push(record);
  });
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
  const line = (await recordsLine(repository, { from, tip: to, trust: null })) ?? [];
  const times = lineTimes(line.map((each) => each.committer.at));
  for (const [index, commit] of line.entries()) {
    const changes = await repository.changes(previous, commit.oid, [`${prefix}certificates`]);
    previous = commit.oid;
    const paths = new Map(
      changes.flatMap(({ path, oid }) =>
        oid !== null && path.endsWith('.json') ? [[oid, path.slice(prefix.length)] as const] : [],
      ),
    );
    await repository.readBlobs([...paths.keys()], (oid, bytes) => {
      const { record } = parseRecord(paths.get(oid) ?? '', bytes, past.now);
      if (record?.kind === 'CertificateRecord')
        noteIssuances(record, known, issuances, commit.oid, times[index] ?? 0);
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
  for (const { endpoint, issued, addresses } of installations) {
    if (issued === null) continue;
    const proof = proofOf(issued, addresses.length);
    const installation = `${certificate}@${endpoint}`;
    const key = keyOf(installation, issued.fingerprint);
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
      proof: proof.state,
      provedAt: proof.at === null ? null : Date.parse(proof.at),
      commit: before?.commit ?? commit,
    });
  }
}

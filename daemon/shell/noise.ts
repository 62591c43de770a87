/**
 * Records of changes that nobody known signed and that are not in force: until they are published they are bounded in all, because anybody may push any number of
 * them. Of what goes beyond the bound one record stays, which says how many have none. Records of what somebody known signed, or of what took effect, are never left out.
 */
import { changeRecordKey, type ChangeRecord } from '../core/change-record.ts';
import { limits } from '../limits.ts';

/** Whether a record is of nobody known, and of nothing that took effect. Pure. */
function isNoise({ outcome, commits }: ChangeRecord): boolean {
  return (
    (outcome === 'refused' || outcome === 'waiting') && commits.every(({ verdict }) => verdict !== 'good')
  );
}

/** Counted once each. */
const sizes = new WeakMap<ChangeRecord, number>();

function sizeOf(record: ChangeRecord): number {
  let size = sizes.get(record);
  if (size === undefined) sizes.set(record, (size = JSON.stringify(record).length));
  return size;
}

/** Adds a record to those that are not yet published, in place of one of the same key; or counts it, where there is too much noise. Changes `records`. */
export function addRecord(records: Map<string, ChangeRecord>, record: ChangeRecord): void {
  const key = changeRecordKey(record);
  const before = records.get(key);
  if (!isNoise(record)) {
    records.set(key, keepingCount(record, before));
    return;
  }
  const { noiseRecordsMax, noiseRecordsMaxChars } = limits.governance;
  let count = 1;
  let text = sizeOf(record);
  let last: ChangeRecord | null = null;
  for (const [each, other] of records) {
    if (!isNoise(other)) continue;
    if (other.leftOut !== undefined) last = other;
    if (each === key) continue;
    count++;
    text += sizeOf(other);
  }
  if (count <= noiseRecordsMax && text <= noiseRecordsMaxChars) {
    records.set(key, keepingCount(record, before));
    return;
  }
  // The newest of those without a record of their own stands for all of them, without its plan.
  if (last !== null) records.delete(changeRecordKey(last));
  records.delete(key);
  const counted = last !== null && changeRecordKey(last) === key ? 0 : 1;
  const first = last?.leftOut?.first ?? record.commit;
  const changes = (last?.leftOut?.changes ?? 0) + counted;
  records.set(key, { ...record, plan: null, leftOut: { changes, first } });
}

/** A record that stands for others goes on doing so. */
function keepingCount(record: ChangeRecord, before: ChangeRecord | undefined): ChangeRecord {
  return before?.leftOut === undefined ? record : { ...record, leftOut: before.leftOut };
}

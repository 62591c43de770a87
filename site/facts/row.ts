/** A certificate as a row of a table. Pure. */
import { endsAt } from '../../daemon/core/renewal.ts';
import type {
  AddressRecord,
  CertificateRecord,
  IssuedRecord,
  Timestamp,
} from '../../daemon/core/record-format.ts';
import { limits } from '../../daemon/limits.ts';
import { certificateId, type CertificateRow } from '../src/lib/model.ts';
import { resultWord } from '../src/lib/words.ts';

/** The issued certificate that ends first; null when none was issued. */
export function firstToExpire(record: CertificateRecord): IssuedRecord | null {
  let first: IssuedRecord | null = null;
  for (const { issued } of record.installations)
    if (issued !== null && (first === null || endsAt(issued) < endsAt(first))) first = issued;
  return first;
}

/** When the first of what was issued stops being good for clients; null when nothing was issued. */
export function firstEnd(record: CertificateRecord): Timestamp | null {
  const first = firstToExpire(record);
  return first === null ? null : endsAt(first);
}

/** The first renewal that is planned; null when none is. */
export function firstRenewal(record: CertificateRecord): Timestamp | null {
  let first: Timestamp | null = null;
  for (const { renewAt } of record.installations)
    if (renewAt !== null && (first === null || renewAt < first)) first = renewAt;
  return first;
}

/** Results other than a match, in words, for the table: `Wrong name at 1 of 3`. */
export function servedSummary(record: CertificateRecord): string {
  const addresses: AddressRecord[] = record.installations.flatMap((each) => each.addresses);
  if (addresses.length === 0) return 'no address declared';
  const wrong = addresses.filter((each) => each.result !== 'served-match');
  const first = wrong[0];
  if (first === undefined)
    return `matches at ${addresses.length === 1 ? 'its only address' : `all ${String(addresses.length)}`}`;
  const where = addresses.length === 1 ? '' : ` at ${String(wrong.length)} of ${String(addresses.length)}`;
  return `${resultWord(first.result).label.toLowerCase()}${where}`;
}

/** The value of the label `env`; empty without one. */
export function environmentOf(record: CertificateRecord): string {
  const { labels } = record.declaration;
  return Object.hasOwn(labels, 'env') ? (labels['env'] ?? '') : '';
}

/** The row. */
export function rowOf(record: CertificateRecord): CertificateRow {
  const { metadata, declaration, installations } = record;
  const names = [...declaration.dnsNames, ...declaration.ipAddresses];
  return {
    id: certificateId(record),
    team: metadata.team,
    name: metadata.name,
    status: record.status,
    since: record.since,
    withdrawn: declaration.withdrawn,
    names: names.slice(0, limits.site.rowNamesMax),
    nameCount: names.length,
    issuer: declaration.issuer,
    environment: environmentOf(record),
    keyAlgorithm: declaration.keyAlgorithm,
    expires: firstEnd(record),
    renews: firstRenewal(record),
    endpoints: installations.slice(0, limits.site.rowNamesMax).map((each) => each.endpoint),
    endpointCount: installations.length,
    served: servedSummary(record),
  };
}

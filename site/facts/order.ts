/** The orders that pages and feeds share. Pure. */
import type { CertificateRecord, FindingRecord } from '../../daemon/core/record-format.ts';
import { certificateId } from '../src/lib/model.ts';
import { severityOrder, statusOrder, statusWords } from '../src/lib/words.ts';

/** By code unit: the same on every machine, which a locale's order is not. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Worst first, then the longest-standing, then by id. */
export function compareFindings(a: FindingRecord, b: FindingRecord): number {
  return (
    severityOrder.indexOf(a.severity) - severityOrder.indexOf(b.severity) ||
    compareText(a.since, b.since) ||
    compareText(a.id, b.id)
  );
}

/** The place of a status in the published precedence; one that this site does not know stands with unknown. */
export function statusRank(status: string): number {
  return statusOrder.indexOf(Object.hasOwn(statusWords, status) ? (status as never) : 'unknown');
}

/** Precedence first, then the longest-standing, then by id: the order of every table of certificates. */
export function byNeed(a: CertificateRecord, b: CertificateRecord): number {
  return (
    statusRank(a.status) - statusRank(b.status) ||
    compareText(a.since, b.since) ||
    compareText(certificateId(a), certificateId(b))
  );
}

/** A copy in the order of texts. */
export function sortedBy<Item>(items: Iterable<Item>, key: (item: Item) => string): Item[] {
  return [...items].sort((a, b) => compareText(key(a), key(b)));
}

/** The estate as every section needs it: records in their order, findings once each, counted once. Pure. */
import type {
  CertificateRecord,
  CertificateStatus,
  EndpointRecord,
  FindingRecord,
} from '../../daemon/core/record-format.ts';
import { certificateId, type StatusCounts } from '../src/lib/model.ts';
import { statusOrder, statusWord, statusWords } from '../src/lib/words.ts';
import { byNeed, compareFindings, sortedBy } from './order.ts';
import type { SiteSources } from './sources.ts';

export interface Estate {
  /** By need: the one order of all tables. */
  readonly certificates: readonly CertificateRecord[];
  readonly byId: ReadonlyMap<string, CertificateRecord>;
  readonly byTeam: ReadonlyMap<string, readonly CertificateRecord[]>;
  readonly endpoints: readonly EndpointRecord[];
  /** Worst first: one that stands in a certificate's and an endpoint's record has one id and is one finding. */
  readonly findings: readonly FindingRecord[];
  /** Build instant, ms. */
  readonly now: number;
}

/** Puts the records into their order. The same records in any order give the same estate. @throws Error when two have one name, which only a mistake in the program that read them can cause */
export function estateOf(sources: SiteSources): Estate {
  const { records } = sources;
  const certificates = [...records.certificates].sort(byNeed);
  const byId = new Map(certificates.map((each) => [certificateId(each), each]));
  if (byId.size !== certificates.length) throw new Error('the records name a certificate twice');
  const byTeam = new Map<string, CertificateRecord[]>();
  for (const each of certificates) {
    const own = byTeam.get(each.metadata.team);
    if (own === undefined) byTeam.set(each.metadata.team, [each]);
    else own.push(each);
  }
  const all = [
    ...certificates.flatMap((each) => each.findings),
    ...records.endpoints.flatMap((each) => each.findings),
    ...(records.repository?.findings ?? []),
  ];
  return {
    certificates,
    byId,
    byTeam,
    endpoints: sortedBy(records.endpoints, (each) => each.metadata.name),
    findings: [...new Map(all.map((finding) => [finding.id, finding])).values()].sort(compareFindings),
    now: Date.parse(sources.at),
  };
}

/** No certificate at all. */
export function noCounts(): Record<CertificateStatus, number> {
  return Object.fromEntries(statusOrder.map((status) => [status, 0])) as Record<CertificateStatus, number>;
}

/** How many certificates have each status, by the records. A status this site does not know counts as unknown. */
export function countStatuses(certificates: Iterable<Pick<CertificateRecord, 'status'>>): StatusCounts {
  const counts = noCounts();
  for (const { status } of certificates) counts[knownStatus(status)]++;
  return counts;
}

/** The status, or `unknown` for one this site does not know. */
export function knownStatus(status: string): CertificateStatus {
  return Object.hasOwn(statusWords, status) ? (status as CertificateStatus) : 'unknown';
}

/** Whether a person is needed. */
export function needsPerson({ status }: Pick<CertificateRecord, 'status'>): boolean {
  return statusWord(status).group === 'attention';
}

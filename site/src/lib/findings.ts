/** Findings of all records in one list: gathered, counted once each and ordered, never made here. */
import type { FindingRecord } from '../../../daemon/core/record-format.ts';
import type { SiteModel } from './model.ts';
import type { Severity } from '../../../daemon/core/model.ts';
import { severityOrder, severityWords } from './words.ts';
import type { Word } from './words.ts';

/** Worst first, then the longest-standing, then by id. */
export function compareFindings(a: FindingRecord, b: FindingRecord): number {
  const rank = severityOrder.indexOf(a.severity) - severityOrder.indexOf(b.severity);
  if (rank !== 0) return rank;
  return a.since < b.since ? -1 : a.since > b.since ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** Every finding once, worst first: one that stands in a certificate's and an endpoint's record has one id and is one finding. */
export function allFindings(model: SiteModel): readonly FindingRecord[] {
  const all = [
    ...model.certificates.flatMap((each) => each.findings),
    ...model.endpoints.flatMap((each) => each.findings),
    ...model.repositoryFindings,
  ];
  return [...new Map(all.map((finding) => [finding.id, finding])).values()].sort(compareFindings);
}

export interface SeverityGroup {
  readonly severity: Severity;
  readonly word: Word;
  readonly findings: readonly FindingRecord[];
}

/** Findings by severity, worst first, without empty groups. A severity this site does not know stands with the errors. */
export function bySeverity(findings: readonly FindingRecord[]): readonly SeverityGroup[] {
  const known = (each: FindingRecord): Severity =>
    severityOrder.includes(each.severity) ? each.severity : 'error';
  return severityOrder
    .map((severity) => ({
      severity,
      word: severityWords[severity],
      findings: findings.filter((each) => known(each) === severity),
    }))
    .filter((group) => group.findings.length > 0);
}

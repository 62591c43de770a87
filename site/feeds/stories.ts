/**
 * Findings as stories: each with its beginning and, when it is gone, its end. Gone is not healed: the place may be out of sight, an exception granted, the certificate
 * removed. Only of drift it is known, from the same history as the page of drift. Pure.
 */
import type { FindingRecord, Timestamp } from '../../daemon/core/record-format.ts';
import { driftHistory } from '../facts/drift-history.ts';
import { compareText } from '../facts/order.ts';
import type { FeedInput } from './feed.ts';
import { isInstant } from './instants.ts';

export interface Story {
  readonly finding: FindingRecord;
  /** null: it stands. */
  readonly end: { readonly at: Timestamp; readonly healed: boolean } | null;
  /** When it last changed. */
  readonly updated: Timestamp;
}

/** Newest first. One a finding id: what comes back goes on with the same story. */
export function storiesOf({ estate, sources }: Pick<FeedInput, 'estate' | 'sources'>): readonly Story[] {
  const { transitions, commits } = sources.history;
  const findings = new Map<string, FindingRecord>();
  const ends = new Map<string, { readonly at: Timestamp; readonly healed: boolean }>();
  for (const { at, opened, closed } of transitions.toReversed()) {
    for (const id of closed) ends.set(id, { at, healed: false });
    for (const finding of opened) {
      findings.set(finding.id, finding);
      ends.delete(finding.id);
    }
  }
  for (const { finding, healedAt } of driftHistory(transitions).healed) {
    const end = ends.get(finding.id);
    if (end !== undefined && end.at <= healedAt) ends.set(finding.id, { at: healedAt, healed: true });
  }
  const standing = new Set<string>();
  for (const finding of estate.findings) {
    findings.set(finding.id, finding);
    standing.add(finding.id);
  }
  // Whatever history says: what the records do not say now does not stand. It ended at the latest with the newest commit.
  const latest = commits[0]?.at ?? sources.at;
  return [...findings.values()]
    .map((finding): Story => {
      const end = standing.has(finding.id) ? null : (ends.get(finding.id) ?? { at: latest, healed: false });
      return { finding, end, updated: instantOr(end?.at ?? finding.since, sources.at) };
    })
    .sort((a, b) => compareText(b.updated, a.updated) || compareText(a.finding.id, b.finding.id));
}

function instantOr(at: string, otherwise: Timestamp): Timestamp {
  return isInstant(at) ? at : otherwise;
}

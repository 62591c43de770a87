/** The front page: counts, the trend out of history, what comes first. Pure. */
import type { CertificateStatus } from '../../daemon/core/record-format.ts';
import { timestamp } from '../../daemon/core/timestamp.ts';
import { limits } from '../../daemon/limits.ts';
import { certificateId, type Posture, type TrendPoint } from '../src/lib/model.ts';
import { countStatuses, knownStatus, needsPerson, type Estate } from './estate.ts';
import { compareFindings, compareText } from './order.ts';
import { firstRenewal } from './row.ts';
import type { History, SiteSources } from './sources.ts';

const weekMs = 7 * 86_400_000;

/** The section. */
export function postureFacts(sources: SiteSources, estate: Estate): Posture {
  const { certificates, endpoints, findings } = estate;
  const open = certificates.filter(needsPerson);
  return {
    counts: countStatuses(certificates),
    total: certificates.length,
    trend: trendOf(sources.history, countStatuses(certificates), estate.now, sources.state),
    endpoints: endpoints.length,
    unread: endpoints.filter((each) => each.status !== 'reachable').length,
    findings: findings.length,
    repositoryFindings: (sources.records.repository?.findings ?? []).slice(0, limits.site.listItemsMax),
    first: open.slice(0, limits.site.firstItemsMax).map((record) => ({
      id: certificateId(record),
      status: record.status,
      since: record.since,
      finding: [...record.findings].sort(compareFindings)[0] ?? null,
    })),
    open: open.length,
    nextRenewals: nextRenewals(estate),
  };
}

function nextRenewals({ certificates, now }: Estate): Posture['nextRenewals'] {
  const at = timestamp(now);
  return certificates
    .flatMap((record) => {
      const renewAt = firstRenewal(record);
      return renewAt === null || renewAt < at ? [] : [{ id: certificateId(record), renewAt }];
    })
    .sort((a, b) => compareText(a.renewAt, b.renewAt) || compareText(a.id, b.id))
    .slice(0, limits.site.renewalsShownMax);
}

/** The instants of the trend, oldest first: the build, and whole weeks before it. */
export function trendInstants(now: number): readonly number[] {
  const weeks = limits.site.trendWeeks;
  return Array.from({ length: weeks + 1 }, (_, index) => now - (weeks - index) * weekMs);
}

/** Counts at each instant, worked out backwards from what stands now. */
export function trendOf(
  history: History,
  counts: Readonly<Record<CertificateStatus, number>>,
  now: number,
  state: string,
): readonly TrendPoint[] {
  const running: Record<CertificateStatus, number> = { ...counts };
  const points: TrendPoint[] = [];
  let next = 0;
  let commit = 0;
  for (const instant of trendInstants(now).toReversed()) {
    const at = timestamp(instant);
    for (
      let each = history.transitions[next];
      each !== undefined && each.at > at;
      each = history.transitions[++next]
    ) {
      if (each.after !== null) running[knownStatus(each.after)]--;
      if (each.before !== null) running[knownStatus(each.before)]++;
    }
    while ((history.commits[commit]?.at ?? '') > at) commit++;
    const current = instant === now ? state : (history.commits[commit]?.oid ?? '');
    points.push({
      at,
      commit: current === '' ? null : current,
      counts: isKnown(history, at) || instant === now ? { ...running } : null,
    });
  }
  return points.reverse();
}

/** Whether history tells how things stood at an instant: it reaches back so far, and something had been recorded. */
export function isKnown({ knownSince, begun }: History, at: string): boolean {
  return knownSince !== null && at >= knownSince && (begun === null || at >= begun);
}

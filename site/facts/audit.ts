/** Who changed what, who agreed, what was signed: by month, and the evidence of quarters. Pure. */
import { changePath, type ChangeRecord } from '../../daemon/core/change-record.ts';
import { limits } from '../../daemon/limits.ts';
import type { Audit, AuditMonth, ChangeFacts, LogEntry } from '../src/lib/model.ts';
import { auditPeriods } from './audit-periods.ts';
import { compareText, sortedBy } from './order.ts';
import type { SiteSources } from './sources.ts';

/** Changes of declarations, newest first. */
export function changeFacts({ changes, statePrefix }: SiteSources): readonly ChangeFacts[] {
  return sortedBy(changes, (each) => `${each.seenAt} ${each.commit}`)
    .reverse()
    .map((each) => changeOf(each, statePrefix));
}

function changeOf(change: ChangeRecord, statePrefix: string): ChangeFacts {
  const named = [...new Set((change.plan?.certificates ?? []).map((each) => each.certificate))];
  const good = change.commits.filter((each) => each.verdict === 'good');
  return {
    commit: change.commit,
    previous: change.previous,
    subject: change.subject,
    author: change.author,
    committedAt: change.committedAt,
    seenAt: change.seenAt,
    acceptedAt: change.acceptedAt,
    outcome: change.outcome,
    signedBy: [...new Set(good.flatMap((each) => each.principals))],
    commitCount: change.commits.length,
    unsigned: change.commits.length - good.length,
    approvedBy: [...new Set(change.approvals.flatMap((each) => each.by.map((by) => by.principal)))],
    reasons: change.reasons.slice(0, limits.site.listItemsMax),
    certificates: named.slice(0, limits.site.listItemsMax),
    certificateCount: named.length,
    planHash: change.hash?.slice(0, 12) ?? null,
    emergency: change.breakGlass !== null,
    record: `${statePrefix}${changePath(change)}`,
  };
}

/** The section. */
export function auditFacts(sources: SiteSources, changes: readonly ChangeFacts[]): Audit {
  const { log } = sources;
  const monthOf = (at: string): string => at.slice(0, 7);
  const byMonth = Map.groupBy(log, (each) => monthOf(each.at));
  const changesByMonth = Map.groupBy(changes, (each) => monthOf(each.seenAt));
  const months = [...new Set([...byMonth.keys(), ...changesByMonth.keys()])]
    .filter((month) => /^\d{4}-\d\d$/.test(month))
    .sort(compareText)
    .reverse()
    .slice(0, limits.site.auditMonthsMax);
  const count = signatureCounts(log);
  return {
    months: months.map((month): AuditMonth => {
      const [own, commits] = [changesByMonth.get(month) ?? [], byMonth.get(month) ?? []];
      return {
        month,
        changes: own.slice(0, limits.site.tableRowsMax),
        changeCount: own.length,
        commits: commits.slice(0, limits.site.tableRowsMax),
        commitCount: commits.length,
        ...signatureCounts(commits),
      };
    }),
    periods: auditPeriods(sources),
    commits: log.length,
    ...count,
    truncated: sources.logTruncated,
    recordSigner: sources.recordSigner,
  };
}

function signatureCounts(log: readonly LogEntry[]): { readonly signed: number; readonly unsigned: number } {
  return {
    signed: log.filter((each) => each.signed === true).length,
    unsigned: log.filter((each) => each.signed === false).length,
  };
}

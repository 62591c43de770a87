/** People in free text: names that the daemon wrote into messages of findings and into reasons. What cannot be told apart is withheld as a whole. Pure. */
import type { ChangeRecord } from '../../daemon/core/change-record.ts';
import type { Waiver } from '../../daemon/core/model.ts';
import type { LogEntry } from '../src/lib/model.ts';
import type { CertificateRecord, FindingRecord } from '../../daemon/core/record-format.ts';
import { exceptedCodes } from './policy-codes.ts';

/** What stands where a person or a machine would be named. */
export const withheld = 'withheld';

/** Certificates and other documents named in the words that stand for a subject; the rest is counted. */
const namedMax = 3;

/**
 * What a change is about, by its plan. Its subject is not shown where people are not: subjects of merges name them (`Merge branch 'ada/x'`), and any other
 * may too.
 */
function subjectByPlan({ plan }: ChangeRecord): string {
  const named = [
    ...new Set([
      ...(plan?.certificates ?? []).map((each) => each.certificate),
      ...(plan?.resources ?? []).map((each) => `${each.kind} ${each.name}`),
    ]),
  ];
  if (named.length === 0) return 'Change of declarations';
  const more = named.length - namedMax;
  return `Change of ${named.slice(0, namedMax).join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`;
}

/** A line of the log of records without what people wrote: a judged change keeps its verdict, a commit that is not the daemon's keeps nothing. */
export function logSubjectWithoutPeople(entry: LogEntry): string {
  if (!entry.trailers.some(({ key }) => key === 'Renewd-Instance')) return withheld;
  return /^change [0-9a-f]{10}: [a-z-]+(?=, )/.exec(entry.subject)?.[0] ?? entry.subject;
}

/**
 * A change without its subject, author, signers, approvers and whoever used the emergency key. Reasons quote signers, authors and subjects: their codes say what
 * kind of thing was wrong.
 */
export function changeWithoutPeople(change: ChangeRecord): ChangeRecord {
  return {
    ...change,
    subject: subjectByPlan(change),
    author: '',
    reasons: change.reasons.map(({ code }) => ({
      code,
      message: 'why is withheld here',
      fix: 'Read the record of the change in Git.',
    })),
    commits: change.commits.map((each) => ({
      ...each,
      principals: each.principals.map(() => withheld),
      key: null,
    })),
    approvals: change.approvals.map((each) => ({
      ...each,
      by: each.by.map((by) => ({ ...by, principal: withheld })),
    })),
    breakGlass: change.breakGlass === null ? null : { principal: withheld, reason: withheld },
  };
}

/** Findings about changes of declarations, which name authors, signers and what they wrote, and what of each is told where people are not. */
const changeCodes: ReadonlyMap<string, string> = new Map([
  ['change-waiting', 'waits for an approval'],
  ['change-refused', 'was refused'],
  ['emergency-open', 'was made with the emergency key and waits for a review'],
  ['emergency-overdue', 'was made with the emergency key, and its review is overdue'],
]);

/** Findings without people: owners of waivers, which stand in messages as `waiver <name> of <owner>`, and authors and signers of changes. */
export function withoutPeople(
  waivers: readonly Pick<Waiver, 'name' | 'owner'>[],
): (findings: readonly FindingRecord[]) => readonly FindingRecord[] {
  const named = waivers
    .filter((each) => each.owner !== '')
    // With what follows: an owner's name may begin another's.
    .flatMap(({ name, owner }) =>
      [' (', ' ended on '].map(
        (after) => [`waiver ${name} of ${owner}${after}`, `waiver ${name} of withheld${after}`] as const,
      ),
    );
  const hide = (finding: FindingRecord): FindingRecord => {
    const change = changeCodes.get(finding.code);
    if (change !== undefined) {
      const commit = /^(?:change|emergency) ([0-9a-f]{10})/.exec(finding.id)?.[1] ?? 'of a change';
      return {
        ...finding,
        message: `commit ${commit} ${change}; by whom and why is withheld here`,
        remedy: 'Read the record of the change in Git.',
      };
    }
    if (!exceptedCodes.has(finding.code) && finding.code !== 'waiver-ended') return finding;
    let { message } = finding;
    for (const [from, to] of named) message = message.replaceAll(from, () => to);
    // A waiver that is no longer declared, or whose owner changed, is still named in the record.
    return message === finding.message
      ? {
          ...finding,
          message: message.replace(/;[^;]*\bwaiver (\S+) of .*$/s, '; by waiver $1, whose owner is withheld'),
        }
      : { ...finding, message };
  };
  return (findings) => findings.map(hide);
}

/** Records with their findings changed; the others are passed on as they are. */
export function withFindings(
  certificates: readonly CertificateRecord[],
  change: (findings: readonly FindingRecord[]) => readonly FindingRecord[],
): readonly CertificateRecord[] {
  return certificates.map((each) =>
    each.findings.length === 0 ? each : { ...each, findings: change(each.findings) },
  );
}

/** What is wrong with a pull request, each at its line with what to do: documents, policy, change control. Pure. */
import type { ReportedProblem } from '../core/change-report.ts';
import { issuerLimitCode } from '../core/issuer-limits.ts';
import type { Desired, DocumentProblem, Instant } from '../core/model.ts';
import { stops, type Evaluation } from '../core/policy.ts';
import { timestamp } from '../core/timestamp.ts';
import { keyOf } from '../core/same.ts';
import { judgeByBefore, type JudgedChange } from '../shell/judge-change.ts';

/** The beginning of a file: where a whole file is meant. */
export const atStart = (file: string): Pick<ReportedProblem, 'file' | 'line' | 'column'> => ({
  file,
  line: 1,
  column: 1,
});

/** Mistakes that this change brings, or that stand in files it touches: those of others deny nobody. */
export function documentProblems(
  before: Desired,
  after: Desired,
  touched: ReadonlySet<string>,
): ReportedProblem[] {
  const key = ({ source, message }: DocumentProblem): string => keyOf(source.file, message);
  const known = new Set(before.problems.map(key));
  return after.problems
    .filter((each) => touched.has(each.source.file) || !known.has(key(each)))
    .map(({ source, severity, code, message }) => ({
      ...source,
      // Whoever makes an issuer stricter is told whom it touches, and need not wait for them.
      severity: code === issuerLimitCode && !touched.has(source.file) ? 'warning' : severity,
      code,
      message,
      fix: '',
      rule: null,
    }));
}

/** What policy of the base says of each certificate the change touches. Pure. */
export function policyProblems(
  before: Desired,
  after: Desired,
  judged: JudgedChange,
  now: Instant,
): ReportedProblem[] {
  return judged.plan.certificates.flatMap(({ certificate: id }) => {
    const certificate = after.certificates.get(id);
    if (certificate === undefined || certificate.state === 'retired') return [];
    return judgeByBefore(before, after, certificate, now).flatMap((each) => {
      const severity = severityOf(each);
      if (severity === null) return [];
      return [
        {
          ...(each.id === 'allowed-names' ? certificate.sourceOf.dnsNames : certificate.source),
          severity,
          code: `policy/${each.id}`,
          message: `${each.message}${noteOf(each)}`,
          fix: each.fix,
          rule: {
            id: each.id,
            policy: each.pack === null ? each.policy : `${each.policy}/${each.pack}`,
            citation: each.citation,
            explanation: each.explanation,
            at: `${each.source.file}:${String(each.source.line)}`,
          },
        },
      ];
    });
  });
}

function severityOf(each: Evaluation): ReportedProblem['severity'] | null {
  if (each.verdict === 'fail') return stops(each) ? 'error' : 'warning';
  if (each.verdict === 'waived') return 'note';
  return each.verdict === 'not-yet-effective' && each.message !== '' ? 'note' : null;
}

function noteOf({ verdict, waiver, effectiveAt }: Evaluation): string {
  if (verdict === 'waived' && waiver !== null)
    return ` (excepted until ${timestamp(waiver.expiresAt).slice(0, 10)} by waiver ${waiver.name})`;
  if (verdict === 'fail' && waiver?.ended === true)
    return ` (waiver ${waiver.name} ended on ${timestamp(waiver.expiresAt).slice(0, 10)})`;
  return effectiveAt === null ? '' : ` (from ${timestamp(effectiveAt).slice(0, 10)} on)`;
}

/** What change control says. Missing approvals are no mistake of whoever asks: they are listed, not denied. */
export function controlProblems({ verdict, widened, plan }: JudgedChange): ReportedProblem[] {
  const first = plan.documents[0]?.path ?? 'inventory';
  return [...verdict.reasons, ...widened]
    .filter((each) => each.code !== 'approval-missing')
    .map(({ code, message, fix, source }) => ({
      ...(source ?? atStart(first)),
      severity: 'error',
      code,
      message,
      fix,
      rule: null,
    }));
}

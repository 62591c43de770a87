/** A change as a comment on a pull request. Every text from a declaration is escaped: it was written by whoever asks. */
import { counted } from '../../core/count.ts';
import { durationText } from '../../core/duration.ts';
import { limits } from '../../limits.ts';
import type { ChangeReport, ReportedProblem } from '../../core/change-report.ts';

/** Text that a Markdown reader shows as it is: no links, no mentions, no markup, one line. Pure. */
export function markdownText(text: string): string {
  // One pass: what one replacement writes is never read by the next.
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ')
    .replaceAll(
      /[&<>@#]|[\\`*_{}[\]()|~!$]|:\/\/|www\./gi,
      (found) => entities[found] ?? (found.length > 1 ? unlinked(found) : `\\${found}`),
    );
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '@': '&#64;',
  '#': '&#35;',
};

/** Readers make links of bare addresses too: a space of no width before the last sign ends what they look for. */
function unlinked(found: string): string {
  const at = found === '://' ? 1 : found.length - 1;
  return `${found.slice(0, at)}&#8203;${found.slice(at)}`;
}

const md = markdownText;

/** Marks the comment, so that a job can find the one it wrote before and replace it. */
export const commentMarker = '<!-- renewd change report -->';

/**
 * The comment, no longer than a forge takes: beyond `limits.report.commentBytesMax` whole parts are left out, the verdict never, and the comment says so.
 * A comment that a forge refused would leave the one before it, and its verdict, in place. The same report gives the same bytes.
 */
export function markdownReport(report: ChangeReport): string {
  const whole = commentOf(report, Infinity);
  if (Buffer.byteLength(whole) <= limits.report.commentBytesMax) return whole;
  for (let shown: number = limits.report.problemsMax; shown >= 1; shown = Math.floor(shown / 2)) {
    const shorter = commentOf(shortened(report, shown), shown);
    if (Buffer.byteLength(shorter) <= limits.report.commentBytesMax) return shorter;
  }
  return (
    [
      commentMarker,
      `## renewd: ${headline(report)}`,
      `${counted(report.problems.length, 'problem')}, ${counted(report.plan.certificates.length, 'certificate')}: too much for a comment. ${wholeIsElsewhere}`,
      footer(report),
    ].join('\n\n') + '\n'
  );
}

const wholeIsElsewhere =
  'The whole report is in the files of the job, and `renewd check --base <rev> --head <rev>` prints it.';

/** The report with the first of each list. What is left out is counted by `commentOf`. */
function shortened(report: ChangeReport, shown: number): ChangeReport {
  const first = <T>(list: readonly T[]): readonly T[] => list.slice(0, shown);
  return {
    ...report,
    problems: first(report.problems),
    plan: {
      ...report.plan,
      certificates: first(report.plan.certificates).map((each) => ({
        ...each,
        steps: first(each.steps),
        fields: first(each.fields),
      })),
      resources: first(report.plan.resources),
    },
    cost: first(report.cost),
    approvals: first(report.approvals),
    policyEffect:
      report.policyEffect === null
        ? null
        : {
            ...report.policyEffect,
            byTeam: first(report.policyEffect.byTeam),
            replaced: first(report.policyEffect.replaced),
          },
  };
}

function commentOf(report: ChangeReport, shown: number): string {
  const parts = [
    commentMarker,
    `## renewd: ${headline(report)}`,
    problemSection(report.problems),
    planSection(report),
    effectSection(report, Math.min(shown, limits.report.fallingMax)),
    approvalSection(report),
    shown === Infinity
      ? ''
      : `This is the beginning: at most ${String(shown)} of each list. ${wholeIsElsewhere}`,
    footer(report),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function footer({ hash, base, head }: ChangeReport): string {
  return `<sub>plan ${hash}, base ${base.slice(0, 10)}, head ${head.slice(0, 10)}</sub>`;
}

function headline({ verdict, waiting }: ChangeReport): string {
  if (verdict === 'denied') return '❌ denied';
  return waiting ? '⏳ allowed, waits for approval' : '✅ allowed';
}

function problemSection(problems: readonly ReportedProblem[]): string {
  if (problems.length === 0) return '';
  const icons = { error: '❌', warning: '⚠️', note: 'ℹ️' };
  return problems
    .map(({ severity, file, line, column, message, fix, rule }) => {
      const lines = [
        `${icons[severity]} **${md(`${file}:${String(line)}:${String(column)}`)}** ${md(message)}`,
      ];
      if (rule !== null)
        lines.push(
          `Why: ${md(rule.explanation)} (${md(rule.id)}, ${md(rule.citation)}, set in ${md(rule.at)})`,
        );
      if (fix !== '') lines.push(`**Do:** ${md(fix)}`);
      return lines.join('  \n');
    })
    .join('\n\n');
}

function planSection({ plan, cost }: ChangeReport): string {
  const rows = plan.certificates.flatMap((each) => {
    if (each.steps.length === 0) {
      return [
        [md(each.certificate), each.change, md(each.fields.map((field) => field.field).join(', ')), '', ''],
      ];
    }
    return each.steps.map((step) => [
      md(each.certificate),
      step.action,
      md(`${step.endpoint} (${step.host}, ${step.profile})`),
      md(step.commands.map((command) => command.join(' ')).join('; ')),
      md(step.because),
    ]);
  });
  const lines: string[] = [];
  if (rows.length > 0) {
    lines.push('| certificate | does | where | runs | because |', '| --- | --- | --- | --- | --- |');
    for (const row of rows) lines.push(`| ${row.join(' | ')} |`);
  }
  for (const each of plan.certificates) {
    for (const field of each.fields) {
      lines.push(
        '',
        `${md(each.certificate)} ${field.field}: ${md(field.before || 'nothing')} → ${md(field.after || 'nothing')}`,
      );
    }
  }
  for (const each of plan.resources)
    lines.push('', `${each.kind} ${md(each.name)} ${each.change} (${md(each.file)})`);
  for (const each of cost) {
    lines.push(
      '',
      `${String(each.certificates)} orders at ${md(each.issuer)}${each.limit === null ? '' : ` (${md(each.limit)})`}`,
    );
  }
  return lines.length === 0 ? 'Nothing that renewd acts on changes.' : lines.join('\n');
}

function effectSection({ policyEffect }: ChangeReport, shown: number): string {
  if (policyEffect === null) return '';
  const { certificates, falling, recovering, byTeam, replaced, byHand } = policyEffect;
  const lines = [
    `### What this does to ${counted(certificates, 'certificate there is', 'certificates there are')}`,
    '',
    `${String(falling.length)} fall out of compliance, ${String(recovering.length)} come back.`,
  ];
  if (byTeam.length > 0) {
    lines.push('', '| team | fall | come back |', '| --- | ---: | ---: |');
    for (const each of byTeam)
      lines.push(`| ${md(each.team)} | ${String(each.falling)} | ${String(each.recovering)} |`);
  }
  for (const each of falling.slice(0, shown)) {
    lines.push(
      '',
      `- ${md(each.certificate)}: ${each.rules.map((rule) => md(`${rule.rule} (${rule.action})`)).join(', ')}`,
    );
  }
  if (falling.length > shown) lines.push('', `and ${String(falling.length - shown)} more`);
  for (const each of replaced)
    lines.push(
      '',
      `${counted(each.installations, 'installation is', 'installations are')} replaced without a person at ${md(each.issuer)}.`,
    );
  if (falling.length > 0) {
    lines.push(
      '',
      `Replacing ${counted(policyEffect.installations, 'installation')} takes about ${durationText(policyEffect.replacingMs)}, and longer where an issuer limits orders.`,
    );
  }
  if (byHand > 0) lines.push('', `${String(byHand)} need a change of their declaration by somebody.`);
  return lines.join('\n');
}

function approvalSection({ approvals, hash }: ChangeReport): string {
  if (approvals.length === 0) return '';
  const lines = ['### Approvals', ''];
  for (const each of approvals) {
    const by = each.by.map((one) => one.principal).join(', ') || 'nobody yet';
    lines.push(
      `- ${each.satisfied ? '✅' : '⏳'} ${md(each.rule)}: ${String(each.needed)} of ${md(each.from.join(', '))}, because ${md(each.why)}; by ${md(by)}`,
    );
  }
  if (approvals.some((each) => !each.satisfied)) {
    lines.push(
      '',
      'Approve exactly this plan:',
      '',
      '```',
      `git commit --allow-empty -S -m "Approve" --trailer "Renewd-Approve: ${hash}"`,
      '```',
    );
  }
  return lines.join('\n');
}

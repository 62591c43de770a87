/** A change as a comment on a pull request. Every text from a declaration is escaped: it was written by whoever asks. */
import { durationText } from '../../core/duration.ts';
import type { ChangeReport, ReportedProblem } from '../../core/change-report.ts';

/** Text that a Markdown reader shows as it is: no links, no mentions, no markup, one line. Pure. */
export function markdownText(text: string): string {
  return (
    text
      .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('@', '&#64;')
      .replaceAll('#', '&#35;')
      .replaceAll(/[\\`*_{}[\]()|~!]/g, String.raw`\$&`)
      // Readers make links of bare addresses too.
      .replaceAll('://', ':&#8203;//')
      .replaceAll('www.', 'www&#8203;.')
  );
}

const md = markdownText;

/** Marks the comment, so that a job can find the one it wrote before and replace it. */
export const commentMarker = '<!-- renewd change report -->';

/** The comment. The same report gives the same bytes. */
export function markdownReport(report: ChangeReport): string {
  const parts = [
    commentMarker,
    `## renewd: ${headline(report)}`,
    problemSection(report.problems),
    planSection(report),
    effectSection(report),
    approvalSection(report),
    `<sub>plan ${report.hash}, base ${report.base.slice(0, 10)}, head ${report.head.slice(0, 10)}</sub>`,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
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

/** Certificates listed in a comment before the rest is counted: forges cut comments at 65,536 characters. */
const shown = 50;

function effectSection({ policyEffect }: ChangeReport): string {
  if (policyEffect === null) return '';
  const { certificates, falling, recovering, byTeam, replaced, byHand } = policyEffect;
  const lines = [
    `### What this does to the ${String(certificates)} certificates there are`,
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
      `${String(each.installations)} installations are replaced by themselves at ${md(each.issuer)}.`,
    );
  if (falling.length > 0) {
    lines.push(
      '',
      `Replacing all ${String(policyEffect.installations)} installations takes about ${durationText(policyEffect.replacingMs)}, and longer where an issuer limits orders.`,
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

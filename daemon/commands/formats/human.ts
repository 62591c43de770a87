/** A change in words for a terminal. */
import type { ChangeReport, ReportedProblem } from '../../core/change-report.ts';
import { escapeControls, type Terminal } from '../../terminal.ts';

type Out = Pick<Terminal, 'style'>;

/** The problem as `file:line:column: severity: message`, the rule and the fix below it. */
export function problemText(problem: ReportedProblem, out: Out): string {
  const { file, line, column, severity, message, fix, rule } = problem;
  const colour = severity === 'error' ? 'red' : severity === 'warning' ? 'yellow' : 'dim';
  const lines = [
    `${file}:${String(line)}:${String(column)}: ${out.style(colour, severity)}: ${escapeControls(message)}`,
  ];
  if (rule !== null) {
    lines.push(`  rule ${rule.id} of policy ${rule.policy} (${rule.citation}), set in ${rule.at}`);
    lines.push(`  why: ${escapeControls(rule.explanation)}`);
  }
  if (fix !== '') lines.push(`  do:  ${escapeControls(fix)}`);
  return `${lines.join('\n')}\n`;
}

/** The whole report. */
export function humanReport(report: ChangeReport, out: Out): string {
  const parts = [
    report.problems.map((each) => problemText(each, out)).join('\n'),
    planText(report, out),
    effectText(report, out),
    approvalText(report, out),
    verdictText(report, out),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

/** What will be done, on which hosts, with which commands. */
export function planText({ plan, cost }: ChangeReport, out: Out): string {
  const lines: string[] = [];
  for (const each of plan.certificates) {
    lines.push(
      `${out.style('bold', escapeControls(each.certificate))} ${each.change}: ${escapeControls(each.dnsNames.join(', '))} from ${each.issuer}, ${each.keyAlgorithm}`,
    );
    for (const field of each.fields) {
      lines.push(
        `  ${field.field}: ${escapeControls(field.before || 'nothing')} -> ${escapeControls(field.after || 'nothing')}`,
      );
    }
    for (const step of each.steps) {
      lines.push(
        `  ${step.action} at ${escapeControls(step.endpoint)} (${escapeControls(step.host)}, ${step.profile}): ${escapeControls(step.because)}`,
      );
      for (const command of step.commands) lines.push(`    runs ${escapeControls(command.join(' '))}`);
      if (step.serves.length > 0 && step.action !== 'release')
        lines.push(`    proves ${escapeControls(step.serves.join(', '))}`);
    }
  }
  for (const each of plan.resources)
    lines.push(`${each.kind} ${escapeControls(each.name)} ${each.change} (${escapeControls(each.file)})`);
  for (const each of cost) {
    lines.push(
      `${String(each.certificates)} order${each.certificates === 1 ? '' : 's'} at ${each.issuer}${each.limit === null ? '' : ` (${each.limit})`}`,
    );
  }
  if (lines.length === 0) lines.push('nothing that renewd acts on changes');
  else if (plan.certificates.some((each) => each.steps.some((step) => step.action !== 'release'))) {
    lines.push(
      'when: with the next turn of the daemon after the merge, at most a minute later; nothing is revoked',
    );
  }
  return `${lines.join('\n')}\n`;
}

function effectText({ policyEffect }: ChangeReport, out: Out): string {
  if (policyEffect === null) return '';
  const { certificates, falling, recovering, byTeam, replaced, byHand } = policyEffect;
  const lines = [
    `${out.style('bold', 'policy')}: of ${String(certificates)} certificates ${String(falling.length)} fall out of compliance, ${String(recovering.length)} come back`,
    ...byTeam.map(
      (each) => `  ${each.team}: ${String(each.falling)} fall, ${String(each.recovering)} come back`,
    ),
    ...falling
      .slice(0, shown)
      .map(
        (each) =>
          `  ${each.certificate}: ${each.rules.map((rule) => `${rule.rule} (${rule.action})`).join(', ')}`,
      ),
  ];
  if (falling.length > shown)
    lines.push(`  and ${String(falling.length - shown)} more (--format json lists them)`);
  for (const each of replaced)
    lines.push(`  ${String(each.installations)} installations are replaced by themselves at ${each.issuer}`);
  if (byHand > 0) lines.push(`  ${String(byHand)} need a change of their declaration by somebody`);
  return `${lines.map((line) => escapeControls(line)).join('\n')}\n`;
}

/** Certificates listed before the rest is counted. */
const shown = 20;

function approvalText({ approvals, hash }: ChangeReport, out: Out): string {
  if (approvals.length === 0) return '';
  const lines = approvals.map((each) => {
    const by = each.by.map((one) => one.principal).join(', ') || 'nobody yet';
    const mark = each.satisfied ? out.style('green', 'approved') : out.style('yellow', 'waits');
    return `${mark} ${each.rule}: ${String(each.needed)} of ${each.from.join(', ')} because ${escapeControls(each.why)}; by ${escapeControls(by)}`;
  });
  if (approvals.some((each) => !each.satisfied)) {
    lines.push(`  to approve: git commit --allow-empty -S -m "Approve" --trailer "Renewd-Approve: ${hash}"`);
  }
  return `${lines.join('\n')}\n`;
}

function verdictText({ verdict, waiting, problems, hash }: ChangeReport, out: Out): string {
  const errors = problems.filter((each) => each.severity === 'error').length;
  const word =
    verdict === 'denied'
      ? out.style('red', `denied: ${String(errors)} error${errors === 1 ? '' : 's'}`)
      : waiting
        ? out.style('yellow', 'allowed, waits for approval')
        : out.style('green', 'allowed');
  return `${word}; plan ${hash}\n`;
}

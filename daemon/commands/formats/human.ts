/** A change in words for a terminal. */
import { counted } from '../../core/count.ts';
import type { ChangeReport, ReportedProblem } from '../../core/change-report.ts';
import { durationText } from '../../core/duration.ts';
import { escapeControls, type Terminal } from '../../terminal.ts';

type Out = Pick<Terminal, 'style'>;

/** The same value with every text in it made harmless to a terminal: most of them were written by whoever asks. */
function plainly<T>(value: T): T {
  if (typeof value === 'string') return escapeControls(value) as T;
  if (Array.isArray(value)) return value.map((each: unknown) => plainly(each)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plainly(each as unknown)])) as T;
}

/** The problem as `file:line:column: severity: message`, the rule and the fix below it. */
export function problemText(written: ReportedProblem, out: Out): string {
  const problem = plainly(written);
  const { file, line, column, severity, message, fix, rule } = problem;
  const colour = severity === 'error' ? 'red' : severity === 'warning' ? 'yellow' : 'dim';
  const lines = [`${file}:${String(line)}:${String(column)}: ${out.style(colour, severity)}: ${message}`];
  if (rule !== null) {
    lines.push(`  rule ${rule.id} of policy ${rule.policy} (${rule.citation}), set in ${rule.at}`);
    lines.push(`  why: ${rule.explanation}`);
  }
  if (fix !== '') lines.push(`  do:  ${fix}`);
  return `${lines.join('\n')}\n`;
}

/** The whole report. */
export function humanReport(written: ChangeReport, out: Out): string {
  const report = plainly(written);
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
function planText({ plan, cost }: ChangeReport, out: Out): string {
  const lines: string[] = [];
  for (const each of plan.certificates) {
    lines.push(
      `${out.style('bold', each.certificate)} ${each.change}: ${each.dnsNames.join(', ')} from ${each.issuer}, ${each.keyAlgorithm}`,
    );
    for (const field of each.fields) {
      lines.push(`  ${field.field}: ${field.before || 'nothing'} -> ${field.after || 'nothing'}`);
    }
    for (const step of each.steps) {
      lines.push(`  ${step.action} at ${step.endpoint} (${step.host}, ${step.profile}): ${step.because}`);
      for (const command of step.commands) lines.push(`    runs ${command.join(' ')}`);
      if (step.serves.length > 0 && step.action !== 'release')
        lines.push(`    proves ${step.serves.join(', ')}`);
    }
  }
  for (const each of plan.resources) lines.push(`${each.kind} ${each.name} ${each.change} (${each.file})`);
  for (const each of cost) {
    lines.push(
      `${counted(each.certificates, 'order')} at ${each.issuer}${each.limit === null ? '' : ` (${each.limit})`}`,
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
    `${out.style('bold', 'policy')}: of ${counted(certificates, 'certificate')} ${counted(falling.length, 'falls', 'fall')} out of compliance, ${counted(recovering.length, 'comes', 'come')} back`,
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
    lines.push(
      `  ${counted(each.installations, 'installation is', 'installations are')} replaced without a person at ${each.issuer}`,
    );
  if (falling.length > 0) {
    lines.push(
      `  replacing ${counted(policyEffect.installations, 'installation')} takes about ${durationText(policyEffect.replacingMs)}, and longer where an issuer limits orders`,
    );
  }
  if (byHand > 0) lines.push(`  ${String(byHand)} need a change of their declaration by somebody`);
  return `${lines.map((line) => line).join('\n')}\n`;
}

/** Certificates listed before the rest is counted. */
const shown = 20;

function approvalText({ approvals, hash }: ChangeReport, out: Out): string {
  if (approvals.length === 0) return '';
  const lines = approvals.map((each) => {
    const by = each.by.map((one) => one.principal).join(', ') || 'nobody yet';
    const mark = each.satisfied ? out.style('green', 'approved') : out.style('yellow', 'waits');
    return `${mark} ${each.rule}: ${String(each.needed)} of ${each.from.join(', ')} because ${each.why}; by ${by}`;
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
      ? out.style('red', `denied: ${counted(errors, 'error')}`)
      : waiting
        ? out.style('yellow', 'allowed, waits for approval')
        : out.style('green', 'allowed');
  return `${word}; plan ${hash}\n`;
}

/** The formats of `renewd check` and `renewd plan`, by the name on the command line. */
import type { ChangeReport, ReportedProblem } from '../../core/change-report.ts';
import type { Terminal } from '../../terminal.ts';
import { UsageError, stringFlag, type Flags } from '../command.ts';
import { humanReport } from './human.ts';
import { junitReport } from './junit.ts';
import { markdownReport } from './markdown.ts';
import { sarifReport } from './sarif.ts';

const names = ['human', 'markdown', 'json', 'sarif', 'junit'] as const;
export type Format = (typeof names)[number];

/** The option as commands declare it. */
export const formatOption = {
  type: 'string',
  value: names.join('|'),
  description: 'how the result is written (default: human)',
} as const;

/** The format that was asked for; `--json` is the same as `--format json`. @throws UsageError for a word that is none */
export function formatOf(flags: Flags): Format {
  const asked = stringFlag(flags, 'format') ?? (flags['json'] === true ? 'json' : 'human');
  const format = names.find((each) => each === asked);
  if (format === undefined)
    throw new UsageError(`--format is one of ${names.join(', ')}, not ${JSON.stringify(asked)}`);
  return format;
}

/** A change in the format that was asked for. Pure but for the style of the terminal. */
export function renderChange(report: ChangeReport, format: Format, out: Pick<Terminal, 'style'>): string {
  switch (format) {
    case 'human':
      return humanReport(report, out);
    case 'markdown':
      return markdownReport(report);
    case 'json':
      return `${JSON.stringify(report, null, 2)}\n`;
    case 'sarif':
      return sarifReport(report.problems);
    case 'junit':
      return junitReport(report.problems, filesOf(report));
  }
}

/**
 * One judgement in every form a pipeline hands on, by file name. All of them say the same, because nothing is judged twice. Pure but for the style of the terminal.
 */
export function reportFiles(report: ChangeReport, out: Pick<Terminal, 'style'>): ReadonlyMap<string, string> {
  return new Map([
    ['report.md', renderChange(report, 'markdown', out)],
    ['report.sarif', renderChange(report, 'sarif', out)],
    ['report.xml', renderChange(report, 'junit', out)],
    ['report.json', renderChange(report, 'json', out)],
    ['plan.json', `${JSON.stringify(report.plan, null, 2)}\n`],
  ]);
}

function filesOf({ plan }: ChangeReport): string[] {
  return plan.documents.map((each) => each.path);
}

/** Problems of a working tree in a format that knows nothing but problems; null for the formats that say more. Pure. */
export function renderProblems(
  problems: readonly ReportedProblem[],
  files: readonly string[],
  format: Format,
): string | null {
  if (format === 'sarif') return sarifReport(problems);
  return format === 'junit' ? junitReport(problems, files) : null;
}

/** Problems as JUnit XML, which every CI system can show: one test case a file. */
import { escapeControls } from '../../terminal.ts';
import type { ReportedProblem } from '../../core/change-report.ts';

/** One line of text inside XML 1.0: markup escaped; line ends, controls and what reorders text made visible. Pure. */
export function xmlText(text: string): string {
  return escapeControls(text)
    .replaceAll(/[\ufffe\uffff]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** The test suite. `files`: everything that was looked at; those without errors pass. Pure. */
export function junitReport(problems: readonly ReportedProblem[], files: readonly string[]): string {
  const names = [...new Set([...files, ...problems.map((each) => each.file)])].sort();
  const errorsOf = (file: string): ReportedProblem[] =>
    problems.filter((each) => each.file === file && each.severity === 'error');
  const failures = names.filter((file) => errorsOf(file).length > 0).length;
  const cases = names.map((file) => {
    const bodies = errorsOf(file).map(
      (each) =>
        `    <failure type="${xmlText(each.code)}" message="${xmlText(each.message)}">${xmlText(`${each.file}:${String(each.line)}:${String(each.column)}: ${each.message}`)}\n${xmlText(each.fix)}</failure>`,
    );
    const rest = problems.filter((each) => each.file === file && each.severity !== 'error');
    const said = rest.map((each) =>
      xmlText(`${String(each.line)}:${String(each.column)}: ${each.severity}: ${each.message}`),
    );
    if (said.length > 0) bodies.push(`    <system-out>${said.join('\n')}</system-out>`);
    const open = `  <testcase classname="renewd" name="${xmlText(file)}"`;
    return bodies.length === 0 ? `${open}/>` : `${open}>\n${bodies.join('\n')}\n  </testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="renewd" tests="${String(names.length)}" failures="${String(failures)}" errors="0">`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}

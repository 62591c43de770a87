/** Problems as SARIF 2.1.0 (OASIS), for code scanning pages of forges. */
import type { ReportedProblem } from '../../core/change-report.ts';
import { version } from '../../version.ts';

const levels = { error: 'error', warning: 'warning', note: 'note' } as const;

/** The SARIF log as JSON text. Rules in the order of their ids, results in the order of the problems: the same problems give the same bytes. Pure. */
export function sarifReport(problems: readonly ReportedProblem[]): string {
  const codes = [...new Set(problems.map((each) => each.code))].sort();
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'renewd',
            version,
            rules: codes.map((id) => {
              const rule = problems.find((each) => each.code === id)?.rule ?? null;
              const text = rule?.explanation ?? id.replaceAll('-', ' ');
              return {
                id,
                shortDescription: { text: id },
                fullDescription: { text },
                help: { text: rule?.citation ?? text },
              };
            }),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: problems.map((each) => ({
          ruleId: each.code,
          ruleIndex: codes.indexOf(each.code),
          level: levels[each.severity],
          message: { text: each.fix === '' ? each.message : `${each.message}. ${each.fix}` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: {
                  uri: each.file.split('/').map(encodeURIComponent).join('/'),
                  uriBaseId: '%SRCROOT%',
                },
                region: { startLine: each.line, startColumn: each.column },
              },
            },
          ],
        })),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

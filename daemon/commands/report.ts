/** `renewd report`: the evidence of a quarter, a month or a year as a pack of files: a page to print, JSON, tables. */
import { counted } from '../core/count.ts';
import { parsePeriod } from '../core/period.ts';
import { exitOf } from '../exit-codes.ts';
import { stringFlag, UsageError, type Command } from './command.ts';
import { csvTable } from './evidence/csv.ts';
import { oscalResults } from './evidence/oscal.ts';
import { evidencePage } from './evidence/page.ts';
import { gatherEvidence } from './evidence/pack.ts';
import { evidenceFigures, evidenceTables } from './evidence/tables.ts';
import { historyOptions, withHistory } from './open-history.ts';
import { warnOfForeign } from './foreign-records.ts';
import { writeInside } from './write-inside.ts';
import { makeDirectory } from '../make-directory.ts';

export const report: Command = {
  name: 'report',
  summary: 'write the evidence of a quarter: a page to print, JSON and tables',
  positionals: '',
  positionalsMax: 0,
  about:
    'Gathers from the repository alone what an auditor asks for: changes with signers and approvals, certificates issued and proved, the estate at the end, open findings, exceptions, rules in force, the figures of the service, maturity by team and the eight steps of certificates as a service. Writes report.html (to print), report.json, OSCAL assessment results and one CSV a table. The same commits and period give the same bytes. A period that is not over is reported as far as it is known, and says so. Exit code 0, 1 where records were not written by the daemon, which is said, 2 if the repository cannot be read.',
  options: {
    ...historyOptions,
    period: {
      type: 'string',
      value: 'yyyy-Qn',
      description: 'a quarter (2026-Q4), a month (2026-11) or a year (2026)',
    },
    out: { type: 'string', value: 'dir', description: 'where the files are written' },
  },
  examples: [
    'renewd report --period 2026-Q4 --out evidence',
    'renewd report --repo ./clone --period 2026-11 --out /tmp/november',
  ],
  run: (invocation) => {
    const { flags, out } = invocation;
    const period = parsePeriod(stringFlag(flags, 'period') ?? '');
    if (period === null)
      throw new UsageError('--period is a quarter (2026-Q4), a month (2026-11) or a year (2026)');
    const directory = stringFlag(flags, 'out');
    if (directory === null) throw new UsageError('--out names the directory to write into');
    return withHistory(invocation, async (history) => {
      const isForeign = await warnOfForeign(invocation, history);
      const pack = await gatherEvidence(history, period);
      makeDirectory(directory);
      const files = new Map([
        ['report.html', evidencePage(pack)],
        ['oscal-assessment-results.json', oscalResults(pack)],
        ['report.json', `${JSON.stringify(pack, null, 2)}\n`],
        ...evidenceTables(pack).map(({ name, heads, rows }): [string, string] => [
          `${name}.csv`,
          csvTable(heads, rows),
        ]),
      ]);
      for (const [name, text] of files) writeInside(directory, name, text, 'replace');
      for (const [figure, meaning] of evidenceFigures(pack))
        out.write(`${figure.padStart(10)}  ${meaning}\n`);
      for (const each of pack.maturity)
        out.write(
          `${`level ${String(each.level)}`.padStart(10)}  team ${each.team}${each.nextStep === null ? '' : `; next: ${each.nextStep}`}\n`,
        );
      out.write(`wrote ${counted(files.size, 'file')} to ${directory}; open report.html, or print it\n`);
      return exitOf(isForeign ? 'findings' : 'ok');
    });
  },
};

/** What the demo shows: titles, findings, progress, and the end with three things to try. Plain lines where there is no terminal. */
import type { House } from '../daemon/assembly.ts';
import { countStatuses, openFindings, progressLine, type Records } from '../daemon/commands/summary.ts';
import type { Config } from '../daemon/config.ts';
import type { Assessment } from '../daemon/core/assess.ts';
import type { ProgressEvent } from '../daemon/shell/world.ts';
import { escapeControls, type Terminal } from '../daemon/terminal.ts';
import type { DemoEstate } from './estate.ts';

export interface Screen {
  readonly terminal: Terminal;
  readonly title: (text: string) => void;
  readonly say: (text: string) => void;
  readonly show: (event: ProgressEvent) => void;
  readonly found: (assessments: Iterable<Assessment>) => void;
  readonly ending: (
    house: House,
    estate: DemoEstate,
    config: Config,
    url: string,
    stays: 'gone' | 'kept' | 'running',
  ) => void;
}

/** Makes the screen of one run. */
export function createScreen(terminal: Terminal): Screen {
  const say = (text: string): void => {
    terminal.write(`${text}\n`);
  };
  const started = performance.now();
  return {
    terminal,
    say,
    title: (text) => {
      const seconds = `${((performance.now() - started) / 1000).toFixed(0).padStart(3)} s`;
      say(`\n${terminal.style('dim', seconds)}  ${terminal.style('bold', text)}`);
    },
    show: (event) => {
      // The steps of a dozen installations side by side: only what moves something is shown.
      if (event.kind === 'step' && !['make the key', 'switch', 'roll back'].includes(event.step)) return;
      if (event.kind === 'observing') return;
      const line = progressLine(event, terminal);
      if (line !== null) say(`  ${line}`);
    },
    found: (assessments) => {
      const rank: Readonly<Record<string, number>> = { critical: 0, error: 1, warning: 2, info: 3 };
      const findings = [...assessments].flatMap((each) => each.findings);
      findings.sort((left, right) => (rank[left.severity] ?? 4) - (rank[right.severity] ?? 4));
      for (const finding of findings) {
        const style = finding.severity === 'warning' || finding.severity === 'info' ? 'yellow' : 'red';
        say(`  ${terminal.style(style, finding.code.padEnd(16))} ${escapeControls(finding.message)}`);
      }
    },
    ending: (house, estate, config, url, stays) => {
      const { certificateRecords, endpointRecords, repositoryRecord } = house.memory;
      const records: Records = {
        certificates: certificateRecords,
        endpoints: endpointRecords,
        repository: repositoryRecord,
      };
      const seconds = ((performance.now() - started) / 1000).toFixed(0);
      say(`\n${terminal.style('bold', `After ${seconds} seconds`)}: ${countStatuses(records, terminal)}`);
      for (const finding of openFindings(records)) {
        say(`  ${terminal.style('yellow', finding.code)} ${escapeControls(finding.message)}`);
      }
      if (stays === 'gone') {
        say(
          '\nEverything stood in a temporary directory and is gone now. npm run demo goes on running and serves the site; --dir keeps the files.',
        );
        return;
      }
      const renewd = 'npm run -s renewd --';
      const flags = `--repo ${estate.repository} --data ${config.dataDirectory}`;
      say(
        `\nThe site:        ${terminal.style('cyan', stays === 'running' ? url : config.site.outDirectory)}`,
      );
      say(`The log:         git -C ${estate.repository} log --stat renewd/state`);
      say(`Every finding:   ${renewd} status ${flags}`);
      if (stays !== 'running') return;
      say(
        `\n${terminal.style('bold', 'Three things to try')} (the daemon looks every five seconds; Ctrl-C ends everything):`,
      );
      say(
        `  1. Change what is wanted:  cd ${estate.repository}, edit inventory/certificates/web/blog.yaml (algorithm, lifetime, a name), git commit -am "Try"`,
      );
      const [machine] = estate.machines.values();
      const [site] = estate.sites.get(machine?.name ?? '') ?? [];
      say(
        `  2. Break an endpoint:      echo broken > ${site?.certificate ?? ''}, wait a minute, and see it found and put right`,
      );
      say(`  3. Open the log:           ${url}/audit/ and the page of any certificate`);
    },
  };
}

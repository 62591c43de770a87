/** `renewd once`: turns until there is nothing left to do now, then says how the estate stands. */
import { runTurn, type TurnReport } from '../cycle.ts';
import { leave } from '../shell/beats.ts';
import type { Config } from '../config.ts';
import { durationText } from '../core/duration.ts';
import { openJournal } from '../journal/journal.ts';
import { trustClock } from '../shell/clock.ts';
import { limits } from '../limits.ts';
import type { House } from '../assembly.ts';
import { repositoryOptions, type Command, type Invocation } from './command.ts';
import { EarlyExit } from './early-exit.ts';
import { exitOf } from '../exit-codes.ts';
import { configured, logOf, surroundings, withHouse } from './start.ts';
import {
  allIsWell,
  countStatuses,
  findingLines,
  openFindings,
  outcomeLine,
  progressLine,
  type Records,
} from './summary.ts';

export const once: Command = {
  name: 'once',
  summary: 'make everything match now, then exit',
  positionals: '',
  positionalsMax: 0,
  about:
    'Reads the repository, looks at every endpoint, issues, installs and proves what is due, and commits the records. What failed at an endpoint is tried now, however long it would wait. Ends when nothing is left to do now. Exit code 0 means that everything declared is served and compliant, 1 that findings remain, 2 that Git or the journal failed.',
  options: {
    ...repositoryOptions,
    'trust-clock': {
      type: 'boolean',
      description:
        'the clock of this host is right, whatever was seen before; a daemon that works with the data directory is told',
    },
  },
  examples: [
    'renewd once --repo /srv/estate.git --data /var/lib/renewd',
    'renewd once --json | jq .findings',
  ],
  run: runOnce,
};

async function runOnce(invocation: Invocation): Promise<number> {
  const config = await configured(invocation);
  const log = logOf(invocation, config, 'warn');
  const around = surroundings(invocation, log, (event) => {
    const line = progressLine(event, invocation.err);
    if (line !== null) invocation.err.write(`${line}\n`);
  });
  const trusts = invocation.flags['trust-clock'] === true;
  return withHouse(config, around, async (house) => {
    if (trusts) trustClock(house.world.journal, house.world.now());
    const reports = await turnsUntilQuiet(house, invocation.signal);
    await leave(house, AbortSignal.timeout(limits.turn.stopGraceMs));
    if (invocation.signal.aborted) return exitOf('interrupted');
    return invocation.flags['json'] === true
      ? printJson(invocation, house, reports)
      : print(invocation, house, reports);
  }).catch((error: unknown) => {
    if (!trusts || !(error instanceof EarlyExit) || error.exit !== 'another-instance') throw error;
    return trustBeside(invocation, config);
  });
}

/** Tells a daemon that works with the data directory that the clock is right: it is what doubts the clock, so it is there. It reads this at its next turn. IO: the journal. */
function trustBeside({ err }: Invocation, { dataDirectory, turn }: Config): number {
  const journal = openJournal(dataDirectory, { beside: true });
  try {
    trustClock(journal, Date.now());
  } finally {
    journal.close();
  }
  err.write(
    `the renewd that works with ${dataDirectory} believes its clock from its next turn on, within ${durationText(turn.pollIntervalMs)}; SIGHUP to it has it look at once\n`,
  );
  return exitOf('ok');
}

/**
 * Runs turns while a turn changed something or an issuer asks for a short wait. IO. Bounded by `limits.once`.
 * The first looks at everything and tries what waits for an endpoint, the following only at what is due.
 */
export async function turnsUntilQuiet(house: House, signal: AbortSignal): Promise<TurnReport[]> {
  const { world, estate, memory } = house;
  const reports: TurnReport[] = [];
  const deadline = world.now() + limits.once.waitMaxMs;
  while (reports.length < limits.once.turnsMax && !signal.aborted) {
    const isFirst = reports.length === 0;
    const options = { observeAll: isFirst, asked: isFirst, dryRun: false, heartbeat: true };
    const report = await runTurn(world, estate, memory, options, signal);
    reports.push(report);
    const waits = report.outcomes.some((outcome) => outcome.state === 'pending');
    const moved = report.outcomes.some((outcome) => outcome.state === 'done');
    // A try that failed for good may leave another way, such as a new certificate where putting back was in vain.
    const isDue = report.outcomes.length > 0 && report.nextDueAt !== null && report.nextDueAt <= world.now();
    if (waits && report.nextDueAt !== null && report.nextDueAt <= deadline) {
      await pause(Math.max(0, report.nextDueAt - world.now()), signal);
    } else if (!moved && !isDue) break;
  }
  return reports;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function recordsOf(house: House): Records {
  const { certificateRecords, endpointRecords, repositoryRecord } = house.memory;
  return { certificates: certificateRecords, endpoints: endpointRecords, repository: repositoryRecord };
}

function troublesOf(reports: readonly TurnReport[]): TurnReport['troubles'] {
  return reports.at(-1)?.troubles ?? [];
}

function exitCodeOf(house: House, reports: readonly TurnReport[]): number {
  if (troublesOf(reports).length > 0) return exitOf('operation-failed');
  return allIsWell(recordsOf(house)) ? exitOf('ok') : exitOf('findings');
}

function print({ out, err }: Invocation, house: House, reports: readonly TurnReport[]): number {
  const outcomes = reports.flatMap((report) => report.outcomes);
  for (const outcome of outcomes) out.write(`${outcomeLine(outcome, out)}\n`);
  const findings = openFindings(recordsOf(house));
  if (findings.length > 0) out.write('\n');
  for (const finding of findings.slice(0, limits.once.findingsShown))
    out.write(`${findingLines(finding, out)}\n`);
  if (findings.length > limits.once.findingsShown) {
    out.write(`and ${String(findings.length - limits.once.findingsShown)} more: renewd status\n`);
  }
  for (const trouble of troublesOf(reports)) err.write(`${trouble.code}: ${trouble.message}\n`);
  out.write(`${lastLine(house, reports, out)}\n`);
  return exitCodeOf(house, reports);
}

/** Nothing is claimed of what was not read. */
function lastLine(house: House, reports: readonly TurnReport[], out: Invocation['out']): string {
  if (house.memory.desired === null) return 'nothing was done: what is declared could not be read';
  const counts = countStatuses(recordsOf(house), out);
  if (reports.some((report) => report.outcomes.length > 0)) return counts;
  return troublesOf(reports).length > 0
    ? `nothing was done, and not everything could be read; as far as is known: ${counts}`
    : `nothing to do; ${counts}`;
}

function printJson({ out }: Invocation, house: House, reports: readonly TurnReport[]): number {
  const last = reports.at(-1);
  const document = {
    apiVersion: 'renewd/v1',
    kind: 'OnceReport',
    source: last?.source ?? null,
    published: reports.flatMap((report) => report.published ?? []),
    outcomes: reports.flatMap((report) =>
      report.outcomes.map(({ action, state, failure }) => ({ ...action, state, failure })),
    ),
    statuses: last?.statuses ?? {},
    findings: openFindings(recordsOf(house)),
    troubles: troublesOf(reports),
  };
  out.write(`${JSON.stringify(document, null, 2)}\n`);
  return exitCodeOf(house, reports);
}

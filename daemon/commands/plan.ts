/**
 * `renewd plan`: what the next turn would do, and what stops it. Works on a copy of the data directory that is thrown away,
 * so it changes nothing and may run beside the daemon.
 */
import { unreadEndpoints, waitingNow, type UnreadEndpoint, type Waiting } from './obstacles.ts';
import { counted } from '../core/count.ts';
import type { House } from '../assembly.ts';
import type { FindingDraft } from '../core/assess.ts';
import { runTurn, type TurnReport } from '../cycle.ts';
import { escapeControls } from '../terminal.ts';
import { openRepository } from '../git/repository.ts';
import { judgeChangeRequest } from './change-request.ts';
import { formatOf, formatOption, renderChange } from './formats/index.ts';
import { repositoryOptions, stringFlag, type Command, type Invocation } from './command.ts';
import { exitOf } from '../exit-codes.ts';
import { configured, logOf, surroundings, withCopyOfHouse } from './start.ts';
import { actionLine } from './summary.ts';

export const plan: Command = {
  name: 'plan',
  summary: 'say what would be done, and do nothing',
  positionals: '',
  positionalsMax: 0,
  about:
    'Reads the repository and looks at every endpoint, then prints the actions of the next turn with their reasons, and what policy stops. With --base and --head it plans a pull request instead, from Git alone: the plan depends on the two states and nothing else, and its hash is what approvals are bound to. Nothing is issued, installed or committed. It names every endpoint that cannot be read, and when each thing that waits is tried next. Exit code 0 means that nothing stands in the way, 1 that policy, a broken document or an endpoint that cannot be read stops something, 2 that the repository could not be read.',
  options: {
    ...repositoryOptions,
    base: {
      type: 'string',
      value: 'revision',
      description: 'plan a pull request of the repository in the current directory: what is in force',
    },
    head: { type: 'string', value: 'revision', description: 'what is asked for (default: HEAD)' },
    format: formatOption,
  },
  examples: [
    'renewd plan',
    'renewd plan --json | jq .actions',
    'renewd plan --base origin/main --head HEAD --json | jq -r .hash',
  ],
  run: async (invocation) => {
    const base = stringFlag(invocation.flags, 'base');
    if (base !== null) return planChange(invocation, base);
    const config = await configured(invocation);
    const log = logOf(invocation, config, 'warn');
    const around = surroundings(invocation, log, () => undefined);
    return withCopyOfHouse(config, around, async (house) => {
      const options = { observeAll: true, dryRun: true, heartbeat: false };
      const report = await runTurn(house.world, house.estate, house.memory, options, invocation.signal);
      return print(invocation, house, report);
    });
  },
};

/** The plan of a pull request: deterministic, with the hash that approvals are bound to. IO: reads Git. */
async function planChange({ flags, out, signal }: Invocation, base: string): Promise<number> {
  const head = stringFlag(flags, 'head') ?? 'HEAD';
  const url = stringFlag(flags, 'repo') ?? '.';
  const repository = await openRepository({ url, directory: url, now: Date.now });
  try {
    const report = await judgeChangeRequest(repository, { base, head }, Date.now(), signal);
    out.write(renderChange(report, formatOf(flags), out));
    return report.verdict === 'denied' ? exitOf('findings') : exitOf('ok');
  } finally {
    await repository.close();
  }
}

function stopped(house: House): FindingDraft[] {
  return [...house.memory.assessments.values()].flatMap((assessment) =>
    assessment.findings.filter((finding) => finding.code === 'policy-blocked'),
  );
}

function writeObstacles(
  out: Invocation['out'],
  unread: readonly UnreadEndpoint[],
  waiting: readonly Waiting[],
): void {
  for (const each of unread)
    out.write(
      `${out.style('red', 'unread')} ${escapeControls(`endpoint ${each.endpoint} (${each.installations.join(', ')}): ${each.message}`)}\n`,
    );
  for (const { subject, nextAt, message, isAsked } of waiting)
    out.write(
      `${out.style('yellow', 'waiting')} ${escapeControls(`${subject.replace(':', ' ')}: tried next at ${nextAt}${isAsked ? ', or now by renewd once' : ''}: ${message}`)}\n`,
    );
}

/** Nothing is claimed of what was not read. */
function lastLine({ source, planned, troubles }: TurnReport, unread: number): string {
  if (source === null) return 'there is no plan: what is declared could not be read';
  const at = source.slice(0, 10);
  if (planned.length > 0)
    return `${counted(planned.length, 'action')} at ${at}; renewd once does ${planned.length === 1 ? 'it' : 'them'}`;
  if (unread > 0) return `nothing is planned at ${at}, and ${counted(unread, 'endpoint')} could not be read`;
  return troubles.length > 0
    ? `nothing is planned at ${at}, which was accepted before; what is there now could not all be read`
    : `nothing to do at ${at}`;
}

function print({ flags, out, err }: Invocation, house: House, report: TurnReport): number {
  const blocked = stopped(house);
  const unread = unreadEndpoints(house.memory);
  const waiting = waitingNow(house.memory, house.world.now());
  const problems = (house.memory.desired?.problems ?? []).filter((problem) => problem.severity === 'error');
  const code =
    report.troubles.length > 0
      ? exitOf('operation-failed')
      : blocked.length + problems.length + unread.length > 0
        ? exitOf('findings')
        : exitOf('ok');
  if (flags['json'] === true) {
    const document = {
      apiVersion: 'renewd/v1',
      kind: 'Plan',
      source: report.source,
      actions: report.planned,
      blocked: blocked.map(({ installation, message, remedy, rule }) => ({
        installation,
        message,
        remedy,
        rule,
      })),
      problems: problems.map(({ code: name, message, source }) => ({ ...source, code: name, message })),
      unread,
      waiting,
      troubles: report.troubles,
    };
    out.write(`${JSON.stringify(document, null, 2)}\n`);
    return code;
  }
  for (const trouble of report.troubles) err.write(`${trouble.code}: ${trouble.message}\n`);
  for (const action of report.planned) out.write(`${actionLine(action)}\n`);
  for (const finding of blocked) {
    const rule =
      finding.rule === null
        ? ''
        : ` (rule ${finding.rule.id} in ${finding.rule.source.file}:${String(finding.rule.source.line)})`;
    out.write(
      `${out.style('red', 'stopped')} ${escapeControls(`${finding.installation ?? ''}: ${finding.message}${rule}`)}\n`,
    );
  }
  for (const { source, message } of problems) {
    out.write(
      escapeControls(`${source.file}:${String(source.line)}:${String(source.column)}: ${message}`) + '\n',
    );
  }
  writeObstacles(out, unread, waiting);
  out.write(`${lastLine(report, unread.length)}\n`);
  return code;
}

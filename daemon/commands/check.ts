/** `renewd check`: every mistake in a working tree at once, with its place, before anybody commits it. Reads files, changes nothing. */
import { counted } from '../core/count.ts';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Desired, DocumentProblem } from '../core/model.ts';
import { renderProblem } from '../documents/write.ts';
import type { ReportedProblem } from '../core/change-report.ts';
import { openRepository } from '../git/repository.ts';
import { judgeChangeRequest } from './change-request.ts';
import { checkDirectory, type CheckResult } from './check-directory.ts';
import { stringFlag, UsageError, type Command, type Invocation } from './command.ts';
import {
  formatOf,
  formatOption,
  renderChange,
  renderProblems,
  reportFiles,
  type Format,
} from './formats/index.ts';
import { exitOf } from '../exit-codes.ts';
import { writeInside } from './write-inside.ts';

export const check: Command = {
  name: 'check',
  summary: 'find every mistake in the declarations of a directory',
  positionals: '[dir]',
  positionalsMax: 1,
  about:
    'Reads inventory/ and policies/ below the directory (default: the current one) as the daemon would, resolves every reference and asks the policies whether each certificate may be issued. Prints file:line:col: message for each mistake. With --base and --head it judges a pull request from Git as the daemon will after the merge: by the policies, teams and signers of the base, never by its own; says what will be issued and where, who must approve, and what a change of policy does to everybody. With --config it reads the configuration of the daemon too, says what each secret in it is bound to, and refuses a declaration that names one bound to something else. Needs no network. Exit code 0 means valid or allowed, 1 that something must be mended or is denied, 2 that it could not be judged.',
  options: {
    base: {
      type: 'string',
      value: 'revision',
      description: 'judge a pull request: what is in force, e.g. origin/main',
    },
    head: { type: 'string', value: 'revision', description: 'what is asked for (default: HEAD)' },
    config: {
      type: 'string',
      value: 'file',
      description: "the daemon's configuration: check too whom it binds each secret to",
    },
    'require-approvals': { type: 'boolean', description: 'exit with 1 while approvals are missing' },
    reports: {
      type: 'string',
      value: 'dir',
      description:
        'with --base: write the verdict in every format into this directory, which must not be there yet',
    },
    format: formatOption,
    json: { type: 'boolean', description: 'the same as --format json' },
  },
  examples: [
    'renewd check',
    'renewd check ./estate --format sarif > renewd.sarif',
    'renewd check --base origin/main --head HEAD --format markdown',
  ],
  run: async (invocation) => {
    const directory = resolve(invocation.positionals[0] ?? '.');
    const format = formatOf(invocation.flags);
    const base = stringFlag(invocation.flags, 'base');
    if (base !== null) return checkChange(invocation, directory, base, format);
    for (const flag of ['head', 'reports'])
      if (stringFlag(invocation.flags, flag) !== null) throw new UsageError(`--${flag} needs --base`);
    const checked = checkDirectory(directory);
    const bound =
      stringFlag(invocation.flags, 'config') === null ? null : await checkSecrets(invocation, checked);
    const problems = [...checked.problems, ...(bound?.problems ?? [])];
    return report(invocation, { ...checked, problems }, format, bound?.secrets ?? []);
  },
};

/** Judges a pull request and prints the verdict. IO: reads Git. */
async function checkChange(
  { flags, out, signal }: Invocation,
  directory: string,
  base: string,
  format: Format,
): Promise<number> {
  const head = stringFlag(flags, 'head') ?? 'HEAD';
  const reports = stringFlag(flags, 'reports');
  if (reports !== null) makeFresh(reports);
  const repository = await openRepository({ url: directory, directory, now: Date.now });
  try {
    const judged = await judgeChangeRequest(repository, { base, head }, Date.now(), signal);
    if (reports !== null)
      for (const [name, text] of reportFiles(judged, out)) writeInside(reports, name, text, 'create');
    out.write(renderChange(judged, format, out));
    const waits = judged.waiting && flags['require-approvals'] === true;
    return judged.verdict === 'denied' || waits ? exitOf('findings') : exitOf('ok');
  } finally {
    await repository.close();
  }
}

/** A directory that somebody prepared could hold links under the names of our files. IO: makes it. @throws UsageError when something is there */
function makeFresh(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    throw new UsageError(
      `--reports ${directory} cannot be made: ${error instanceof Error ? error.message : String(error)}. Name a directory that is not there yet.`,
    );
  }
}

interface BoundSecret {
  readonly name: string;
  readonly bound: string;
  readonly users: string;
}

/** Which secret the configuration binds to whom, and which declarations it refuses. IO: reads the configuration. Loaded here: who checks without it waits for nothing. */
async function checkSecrets(
  invocation: Invocation,
  { desired }: CheckResult,
): Promise<{ readonly problems: readonly DocumentProblem[]; readonly secrets: readonly BoundSecret[] }> {
  const { configured } = await import('./start.ts');
  const { declaredSecrets, secretProblems, usersOf } = await import('../declared-secrets.ts');
  const { describeEntries } = await import('../vault.ts');
  const { ownSecrets } = await import('../config-secrets.ts');
  const config = await configured(invocation);
  const declared = declaredSecrets(desired);
  const secrets = describeEntries(config.secrets, ownSecrets(config)).map(({ name, agent, text }) => ({
    name,
    bound: text,
    users: usersOf(agent ? null : name, declared),
  }));
  return { problems: secretProblems(config, desired), secrets };
}

function report(
  { out }: Invocation,
  { desired, problems }: CheckResult,
  format: Format,
  secrets: readonly BoundSecret[],
): number {
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  const code = errors > 0 ? exitOf('findings') : exitOf('ok');
  const files = [...new Set([...desired.certificates.values()].map((each) => each.source.file))];
  const rendered = renderProblems(problems.map(reported), files, format);
  if (rendered !== null) {
    out.write(rendered);
    return code;
  }
  if (format === 'json') {
    const document = {
      apiVersion: 'renewd/v1',
      kind: 'CheckReport',
      valid: errors === 0,
      certificates: desired.certificates.size,
      ...(secrets.length === 0 ? {} : { secrets }),
      problems: problems.map(({ code: name, message, source, severity }) => ({
        file: source.file,
        line: source.line,
        column: source.column,
        severity,
        code: name,
        message,
      })),
    };
    out.write(`${JSON.stringify(document, null, 2)}\n`);
    return code;
  }
  const [open, close] = format === 'markdown' ? ['```\n', '```\n'] : ['', ''];
  out.write(open);
  for (const problem of problems)
    out.write(`${renderProblem(problem).replaceAll(open.trim() || '\0', "'''")}\n`);
  for (const { name, bound, users } of secrets) out.write(`secret ${name}: ${bound}; ${users}\n`);
  out.write(
    `${countsOf(desired)}: ${errors === 0 ? 'valid' : counted(errors, 'error')}${warningsOf(problems)}\n${close}`,
  );
  return code;
}

function reported({ source, severity, code, message }: DocumentProblem): ReportedProblem {
  return { ...source, severity, code, message, fix: '', rule: null };
}

function countsOf(desired: Desired): string {
  return [
    counted(desired.certificates.size, 'certificate'),
    counted(desired.endpoints.size, 'endpoint'),
    counted(desired.issuers.size, 'issuer'),
    counted(desired.teams.size, 'team'),
  ].join(', ');
}

function warningsOf(problems: readonly DocumentProblem[]): string {
  const warnings = problems.filter((problem) => problem.severity === 'warning').length;
  return warnings === 0 ? '' : `, ${counted(warnings, 'warning')}`;
}

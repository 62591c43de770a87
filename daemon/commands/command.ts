/** What a command is, and how its words are read. Help, parsing and errors are made from the same table, so they cannot disagree. */
import { parseArgs } from 'node:util';
import { didYouMean } from '../core/nearest.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  /** Shown in help: `--repo <path or URL>`. */
  readonly value?: string;
  readonly description: string;
}

export type Flags = Readonly<Record<string, string | boolean | undefined>>;

/** What a command gets. It writes results to `out` and everything else to `err`. */
export interface Invocation {
  readonly flags: Flags;
  readonly positionals: readonly string[];
  readonly out: Terminal;
  readonly err: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Fires on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Positional arguments as shown in the usage line; empty for none. */
  readonly positionals: string;
  readonly positionalsMax: number;
  /** Paragraph for the command's own help. */
  readonly about: string;
  readonly options: Readonly<Record<string, Option>>;
  readonly examples: readonly string[];
  /** Resolves to the exit code. */
  readonly run: (invocation: Invocation) => Promise<number>;
}

/** Options of every command that looks at a repository. */
export const repositoryOptions: Readonly<Record<string, Option>> = {
  repo: {
    type: 'string',
    value: 'path or URL',
    description: 'the watched repository (https, ssh, or a local path)',
  },
  branch: {
    type: 'string',
    value: 'name',
    description: 'branch that holds the declarations (default: main)',
  },
  data: {
    type: 'string',
    value: 'dir',
    description: 'directory for the journal, keys and the mirror (default: ./.renewd)',
  },
  config: { type: 'string', value: 'file', description: 'configuration file (docs/configuration.md)' },
  json: { type: 'boolean', description: 'print JSON instead of words' },
};

const help: Option = { type: 'boolean', description: 'show this help' };

/** A mistake on the command line: shown with the usage of the command, exit code 64. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Reads the words after the command's name. Throws UsageError that names the part that is wrong. Pure. */
export function parseWords(
  command: Command,
  words: readonly string[],
): { readonly flags: Flags; readonly positionals: readonly string[] } {
  const options = Object.fromEntries(
    Object.entries({ ...command.options, help }).map(([name, option]) => [name, { type: option.type }]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options,
      allowPositionals: true,
      strict: true,
    });
    if (positionals.length > command.positionalsMax) {
      throw new UsageError(`unexpected argument ${JSON.stringify(positionals[command.positionalsMax])}`);
    }
    return { flags: values, positionals };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const said = message.split('. ')[0] ?? message;
    const unknown = /^Unknown option '--?([^']+)'/.exec(said)?.[1];
    throw new UsageError(
      unknown === undefined
        ? said
        : `${said}.${didYouMean(unknown, Object.keys(options)).replace('"', '"--')}`,
    );
  }
}

/** The help text of one command. Pure. */
export function commandHelp(command: Command): string {
  const usage = ['renewd', command.name, '[options]', command.positionals]
    .filter((part) => part !== '')
    .join(' ');
  const options = Object.entries({ ...command.options, help }).map(([name, option]): [string, string] => [
    `--${name}${option.value === undefined ? '' : ` <${option.value}>`}`,
    option.description,
  ]);
  const width = Math.max(...options.map(([flag]) => flag.length)) + 2;
  const lines = [
    `${command.name}: ${command.summary}`,
    '',
    `usage: ${usage}`,
    '',
    ...wrapText(command.about, 100),
    '',
    'options:',
    ...options.map(([flag, description]) => `  ${flag.padEnd(width)}${description}`),
  ];
  if (command.examples.length > 0)
    lines.push('', 'examples:', ...command.examples.map((example) => `  ${example}`));
  lines.push('', `exit codes: ${exitSummary()}`);
  return `${lines.join('\n')}\n`;
}

function exitSummary(): string {
  return `0 all is well, 1 something needs a person, 2 an operation failed, ${String(exitCodes.usage.code)} wrong usage, ${String(exitCodes.configuration.code)} wrong configuration (docs/exit-codes.md)`;
}

function wrapText(text: string, width: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

/** A string option, or null when it was not given. */
export function stringFlag(flags: Flags, name: string): string | null {
  const value = flags[name];
  return typeof value === 'string' ? value : null;
}

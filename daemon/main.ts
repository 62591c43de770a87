/** The command line: finds the command, reads its words, runs it, exits with its code. The only file that ends the process. */
import { isOfTheSystem, remedyOfSystem } from './system-trouble.ts';
import { commandHelp, parseWords, UsageError, type Command } from './commands/command.ts';
import { commands } from './commands/index.ts';
import { EarlyExit } from './commands/early-exit.ts';
import { exitCodes } from './exit-codes.ts';
import { limits } from './limits.ts';
import { OperationError } from './ports/failure.ts';
import { openTerminal } from './terminal.ts';
import { version } from './version.ts';

function overview(): string {
  const width = Math.max(...commands.map((command) => command.name.length)) + 2;
  return [
    `renewd ${version}: TLS certificates as a service, run from a Git repository`,
    '',
    'usage: renewd <command> [options]',
    '',
    'commands:',
    ...commands.map((command) => `  ${command.name.padEnd(width)}${command.summary}`),
    '',
    'renewd <command> --help says more. First time: renewd init, then renewd check, then renewd once.',
    '',
  ].join('\n');
}

function nearest(name: string): string {
  const close = commands.find((command) => command.name.startsWith(name.slice(0, 2)));
  return close === undefined ? '' : ` Did you mean "${close.name}"?`;
}

/** Signals end the work in hand; a second one ends the process at once, which is safe at any point. */
function signalOfTheEnd(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCodes.interrupted.code);
      controller.abort(new Error(name));
    });
  }
  return controller.signal;
}

/** A reader that has seen enough (`| head`) closes the pipe: that is no mistake of ours, and nothing is left to say. */
function endQuietlyWhenNobodyReads(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}

async function run(command: Command, words: readonly string[]): Promise<number> {
  const out = openTerminal(process.stdout, process.env);
  const err = openTerminal(process.stderr, process.env);
  try {
    const { flags, positionals } = parseWords(command, words);
    if (flags['help'] === true) {
      out.write(commandHelp(command));
      return exitCodes.ok.code;
    }
    return await command.run({
      flags,
      positionals,
      out,
      err,
      environment: process.env,
      signal: signalOfTheEnd(),
    });
  } catch (error) {
    if (error instanceof UsageError) {
      err.write(`renewd ${command.name}: ${error.message}\ntry: renewd ${command.name} --help\n`);
      return exitCodes.usage.code;
    }
    if (error instanceof EarlyExit) {
      err.write(`${error.message}\n`);
      return exitCodes[error.exit].code;
    }
    if (error instanceof OperationError) {
      err.write(`renewd ${command.name}: ${error.message}\n`);
      return error.code === 'secret-unavailable'
        ? exitCodes['not-permitted'].code
        : exitCodes['operation-failed'].code;
    }
    if (isOfTheSystem(error)) {
      err.write(
        `renewd ${command.name}: ${error.message}. ${remedyOfSystem(error) ?? 'Check the path that it names.'} The next start goes on where this one ended.\n`,
      );
      const making = error.syscall === 'mkdir' || error.syscall === 'mkdtemp';
      return exitCodes[making ? 'cannot-create' : 'operation-failed'].code;
    }
    throw error;
  }
}

async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const about = commands.find((command) => command.name === rest[0]);
    process.stdout.write(about === undefined ? overview() : commandHelp(await about.load()));
    return name === undefined ? exitCodes.usage.code : exitCodes.ok.code;
  }
  if (name === '--version' || name === 'version') {
    process.stdout.write(`renewd ${version}\n`);
    return exitCodes.ok.code;
  }
  const command = commands.find((each) => each.name === name);
  if (command === undefined) {
    process.stderr.write(
      `renewd: there is no command ${JSON.stringify(name)}.${nearest(name)}\ntry: renewd --help\n`,
    );
    return exitCodes.usage.code;
  }
  return run(await command.load(), rest);
}

function tellOfMistake(error: unknown): void {
  process.stderr.write(
    `renewd: a mistake in renewd itself, please report it. The next start is correct.\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
}

/** A command that has said its last word ends, whatever it left open: a daemon that does nothing and lives is worse than none. */
function endSoon(code: number): void {
  process.exitCode = code;
  setTimeout(() => process.exit(), limits.process.endGraceMs).unref();
}

endQuietlyWhenNobodyReads();
// Without this Node would end with 1, which says "findings".
process.on('uncaughtException', (error) => {
  tellOfMistake(error);
  process.exit(exitCodes.internal.code);
});
try {
  endSoon(await main(process.argv.slice(2)));
} catch (error) {
  tellOfMistake(error);
  endSoon(exitCodes.internal.code);
}

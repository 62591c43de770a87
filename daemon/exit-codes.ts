/**
 * Exit codes: the only thing a script, a pipeline or systemd learns from a command without reading its output.
 * One meaning a number, for every command; `docs/exit-codes.md` is checked against this table.
 */

/** A number, its name and what it promises. Numbers from 64 up are those of BSD sysexits.h, so that init systems know them. */
export interface ExitCode {
  readonly code: number;
  readonly meaning: string;
}

export const exitCodes = {
  ok: {
    code: 0,
    meaning: 'Done, and all is well: every certificate is served and compliant, every document is valid.',
  },
  findings: {
    code: 1,
    meaning:
      'Done, and something needs a person: findings remain, a document is invalid or policy forbids a change.',
  },
  'operation-failed': {
    code: 2,
    meaning: 'Not done: Git, an endpoint, an issuer or a disk failed. Running the command again may succeed.',
  },
  usage: {
    code: 64,
    meaning:
      'The command line is wrong; nothing was started. The message says which part and shows the right form.',
  },
  internal: {
    code: 70,
    meaning: 'A mistake in renewd itself. The next start is correct by design; please report the message.',
  },
  'cannot-create': {
    code: 73,
    meaning: 'A directory (`--data`, `--out`) cannot be made or written; nothing was started.',
  },
  'another-instance': {
    code: 75,
    meaning: 'Another renewd works with the same data directory; nothing was started.',
  },
  'not-permitted': {
    code: 77,
    meaning:
      'A secret that renewd needs to start (custody identity, signing key, webhook secret) is not bound or cannot be read.',
  },
  configuration: {
    code: 78,
    meaning:
      'The configuration is wrong, each mistake with file, line and column, or names a clone of the repository to watch; nothing was started.',
  },
  interrupted: {
    code: 130,
    meaning: 'Ended by SIGINT. Nothing is lost: the next start resumes.',
  },
} as const satisfies Readonly<Record<string, ExitCode>>;

export type ExitName = keyof typeof exitCodes;

/** What `renewd daemon` exits with after SIGTERM: a wanted end is a good end. */
export const exitAfterTerm = exitCodes.ok.code;

/** The number for a name. */
export function exitOf(name: ExitName): number {
  return exitCodes[name].code;
}

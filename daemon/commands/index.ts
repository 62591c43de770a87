/** The list of commands, in the order of `renewd --help`. Each is loaded when it is called: `renewd check` in a pull request waits for nothing it does not need. */
import type { Command } from './command.ts';

export interface ListedCommand extends Pick<Command, 'name' | 'summary'> {
  readonly load: () => Promise<Command>;
}

export const commands: readonly ListedCommand[] = [
  {
    name: 'init',
    summary: 'write a first set of declarations into a directory',
    load: async () => (await import('./init.ts')).init,
  },
  {
    name: 'check',
    summary: 'find every mistake in the declarations of a directory',
    load: async () => (await import('./check.ts')).check,
  },
  {
    name: 'request',
    summary: 'ask for a certificate: questions, a checked file, a branch',
    load: async () => (await import('./request.ts')).request,
  },
  {
    name: 'renew',
    summary: 'replace certificates now, with new keys, by a change that is judged',
    load: async () => (await import('./renew.ts')).renew,
  },
  {
    name: 'plan',
    summary: 'say what would be done, and do nothing',
    load: async () => (await import('./plan.ts')).plan,
  },
  {
    name: 'once',
    summary: 'make everything match now, then exit',
    load: async () => (await import('./once.ts')).once,
  },
  {
    name: 'daemon',
    summary: 'keep everything matching: watch, issue, install, prove, record',
    load: async () => (await import('./daemon.ts')).daemon,
  },
  {
    name: 'status',
    summary: 'show how every certificate stands, from the records',
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'doctor',
    summary: 'check that the remote, every issuer and every endpoint can be used',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    name: 'helper',
    summary: 'print the script that root runs once on a machine, to let renewd do only what is declared',
    load: async () => (await import('./privilege.ts')).helper,
  },
  {
    name: 'audit',
    summary: 'verify a clone offline: who asked, who approved, what was done',
    load: async () => (await import('./audit.ts')).audit,
  },
  {
    name: 'diff',
    summary: 'say what happened between two moments: a change report',
    load: async () => (await import('./diff.ts')).diff,
  },
  {
    name: 'report',
    summary: 'write the evidence of a quarter: a page to print, JSON and tables',
    load: async () => (await import('./report.ts')).report,
  },
  {
    name: 'codeowners',
    summary: 'print CODEOWNERS from teams and change control, or write it',
    load: async () => (await import('./codeowners.ts')).codeowners,
  },
  {
    name: 'site',
    summary: 'build the static site from the records',
    load: async () => (await import('./site.ts')).site,
  },
  {
    name: 'schema',
    summary: 'print the JSON Schema of a kind, or write all of them',
    load: async () => (await import('./schema.ts')).schema,
  },
];

/** `renewd helper`: the script that root runs on a machine, so that renewd may do there what is declared and nothing else. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { exitOf } from '../exit-codes.ts';
import { didYouMean } from '../core/nearest.ts';
import { renderProblem } from '../documents/write.ts';
import { webrootsIn } from '../issuers/schemas.ts';
import { privilegeOf } from '../targets/ssh/privilege.ts';
import { neededLines } from '../targets/ssh/needed-lines.ts';
import { counted } from '../core/count.ts';
import type { Desired, Endpoint } from '../core/model.ts';
import { openRepository } from '../git/repository.ts';
import { builtIns, documentReader } from '../reader.ts';
import { escapeControls } from '../terminal.ts';
import { baseInForce } from './base-in-force.ts';
import { stringFlag, UsageError, type Command, type Invocation } from './command.ts';
import { helperSetup, pathFault } from './privilege-setup.ts';

export const helper: Command = {
  name: 'helper',
  summary: 'print the script that root runs once on a machine, to let renewd do only what is declared',
  positionals: '<endpoint> [dir]',
  positionalsMax: 2,
  about:
    'For an endpoint with privilege: { mode: helper }. Prints a shell script for root of that machine: it makes the user, lets it run one root-owned script through sudo, and writes the list of what that script may touch, with the lines that the certificates declared need. Read it, then run it: renewd helper web-01 | ssh root@web-01 sh. It is made from what is in force at a commit of the repository in the directory (default: HEAD, current directory), judged as the daemon judges it; what is not committed counts for nothing. Safe to run again; the list is written anew, so run it again when a certificate comes to another path, and renewd doctor says when. Needs no network. Exit code 0; or 1, and nothing is printed, where the endpoint is not in force, logs in as root, names a path where root should write nothing, or where a certificate declared there cannot be used and its lines would be missing.',
  options: {
    'public-key': {
      type: 'string',
      value: 'file',
      description: 'the public key renewd logs in with, for authorized_keys of the user',
    },
    at: {
      type: 'string',
      value: 'revision',
      description: 'a commit on the branch that renewd watches (default: HEAD)',
    },
    partial: {
      type: 'boolean',
      description: 'leave out certificates that cannot be used, instead of printing nothing',
    },
    list: { type: 'boolean', description: 'print the lines of the list alone' },
  },
  examples: [
    'renewd helper web-01 --public-key ~/.ssh/renewd.pub | ssh root@web-01 sh',
    'renewd helper web-01 --list',
  ],
  run: async ({ flags, positionals, out, err, signal }) => {
    const [name, directory] = positionals;
    if (name === undefined) throw new UsageError('name the endpoint: renewd helper <endpoint>');
    const file = stringFlag(flags, 'public-key');
    const publicKey = file === null ? null : await readKey(file);
    const { desired, commit, isAssumed } = await inForceAt(
      resolve(directory ?? '.'),
      stringFlag(flags, 'at') ?? 'HEAD',
      signal,
    );
    const endpoint = desired.endpoints.get(name);
    const user = String(endpoint?.config['user']);
    const fault =
      endpoint === undefined
        ? absent(name, commit, desired)
        : (refusal(endpoint, user) ?? leftOutText(endpoint, desired, flags['partial'] === true, err));
    if (endpoint === undefined || fault !== null) {
      err.write(`${fault ?? ''}\n`);
      return exitOf('findings');
    }
    err.write(
      `made from what is in force at ${commit.slice(0, 10)}${isAssumed ? ', by the dates of its commits: no record says when they came in (git fetch origin renewd/state:refs/remotes/origin/renewd/state)' : ''}\n`,
    );
    for (const each of desired.problems)
      if (each.source.file === endpoint.source.file && each.severity === 'error')
        err.write(`${renderProblem(each)}\nWhat was in force before it counts.\n`);
    const { lines } = neededLines(desired, endpoint, webrootsIn(desired.issuers.values()));
    if (flags['list'] === true) {
      for (const { kind, text } of lines) out.write(`${kind} ${text}\n`);
      return exitOf('ok');
    }
    const isJump = [...desired.endpoints.values()].some((each) => each.config['jump'] === name);
    out.write(helperSetup({ endpoint, user, lines, isJump, publicKey, commit }));
    if (privilegeOf(endpoint.config).mode !== 'helper')
      err.write(
        `${name} is declared with mode direct and will not use this: write privilege: { mode: helper } in ${endpoint.source.file}\n`,
      );
    return exitOf('ok');
  },
};

/** What the daemon goes by at a commit. IO: reads Git. @throws OperationError where that cannot be said; UsageError for an unknown revision */
async function inForceAt(
  directory: string,
  revision: string,
  signal: AbortSignal,
): Promise<{ readonly desired: Desired; readonly commit: string; readonly isAssumed: boolean }> {
  const repository = await openRepository({ url: directory, directory, now: Date.now });
  try {
    const commit = await repository.resolve(revision, signal);
    if (commit === null)
      throw new UsageError(
        `${JSON.stringify(revision)} is no commit of ${directory}. What is declared counts once it is committed: git add -A && git commit`,
      );
    const reader = documentReader();
    const { desired, isAssumed } = await baseInForce({
      repository,
      reader,
      builtInsFor: () => builtIns(reader),
      base: commit,
      changes: [],
      scope: 'all',
      now: Date.now(),
      signal,
    });
    return { desired, commit, isAssumed };
  } finally {
    await repository.close();
  }
}

function absent(name: string, commit: string, { endpoints, problems }: Desired): string {
  const broken = problems.find((each) => each.source.file.endsWith(`/${name}.yaml`));
  return broken === undefined
    ? `no endpoint ${JSON.stringify(name)} is in force at ${commit.slice(0, 10)}.${didYouMean(name, endpoints.keys())} What is not committed, or waits for approval, does not count`
    : renderProblem(broken);
}

/** Why root should not do for an endpoint what it declares; null where it may. */
function refusal({ name, source, config }: Endpoint, user: string): string | null {
  if (user === 'root')
    return `${name} logs in as root, who needs no helper: name another user in ${source.file}`;
  const { path } = privilegeOf(config);
  const wrong = pathFault(path);
  return wrong === null
    ? null
    : `privilege.path of ${name}, ${path}, ${wrong}: root would write there. Declare another in ${source.file}, such as /usr/local/sbin/renewd-endpoint`;
}

/** What has to be put right before a list is whole; null where it is, or where the rest is asked for and this was said. */
function leftOutText(
  endpoint: Endpoint,
  desired: Desired,
  isPartial: boolean,
  err: Invocation['err'],
): string | null {
  const { leftOut } = neededLines(desired, endpoint, webrootsIn(desired.issuers.values()));
  if (leftOut.length === 0) return null;
  const shown = leftOut
    .map(({ certificate, message }) => escapeControls(`${certificate}: ${message}`))
    .join('\n  ');
  const text = `the lines of ${counted(leftOut.length, 'certificate')} at ${endpoint.name} cannot be said:\n  ${shown}`;
  if (!isPartial)
    return `${text}\nNothing was printed: a list without them would take them away. renewd check names each fault with its line; --partial leaves these certificates out`;
  err.write(`${text}\n`);
  return null;
}

/** One line of a public key. IO: reads the file. @throws UsageError where it is none, above all where it is the private key */
async function readKey(file: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new UsageError(`--public-key: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (/^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,2}( [^\n\r]*)?$/.test(text))
    return text;
  throw new UsageError(
    `--public-key ${file} does not hold one public key; it is the file that ends in .pub beside the private key`,
  );
}

/** `renewd helper`: the script that root runs on a machine, so that renewd may do there what is declared and nothing else. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { exitOf } from '../exit-codes.ts';
import { didYouMean } from '../core/nearest.ts';
import { renderProblem } from '../documents/write.ts';
import { webrootsIn } from '../issuers/schemas.ts';
import { privilegeOf } from '../targets/ssh/privilege.ts';
import { neededLines } from '../targets/ssh/needed-lines.ts';
import { checkDirectory } from './check-directory.ts';
import { stringFlag, UsageError, type Command } from './command.ts';
import { helperSetup } from './privilege-setup.ts';

export const helper: Command = {
  name: 'helper',
  summary: 'print the script that root runs once on a machine, to let renewd do only what is declared',
  positionals: '<endpoint> [dir]',
  positionalsMax: 2,
  about:
    'For an endpoint with privilege: { mode: helper }. Prints a shell script for root of that machine: it makes the user, lets it run one root-owned script through sudo, and writes the list of what that script may touch, with the lines that the certificates declared in the directory (default: the current one) need now. Read it, then run it: renewd helper web-01 | ssh root@web-01 sh. Safe to run again; the list is written anew, so run it again when a certificate comes to another path, and renewd doctor says when. Give it the branch that is in force, not a pull request: what is declared there may be done on the machine. Needs no network. Exit code 0, or 1 where the endpoint is not declared or logs in as root.',
  options: {
    'public-key': {
      type: 'string',
      value: 'file',
      description: 'the public key renewd logs in with, for authorized_keys of the user',
    },
    list: { type: 'boolean', description: 'print the lines of the list alone' },
  },
  examples: [
    'renewd helper web-01 --public-key ~/.ssh/renewd.pub | ssh root@web-01 sh',
    'renewd helper web-01 --list',
  ],
  run: async ({ flags, positionals, out, err }) => {
    const [name, directory] = positionals;
    if (name === undefined) throw new UsageError('name the endpoint: renewd helper <endpoint>');
    const { desired, problems } = checkDirectory(resolve(directory ?? '.'));
    const endpoint = desired.endpoints.get(name);
    if (endpoint === undefined) {
      const broken = problems.find((each) => each.source.file.endsWith(`/${name}.yaml`));
      err.write(
        broken === undefined
          ? `no endpoint ${JSON.stringify(name)} is declared here.${didYouMean(name, desired.endpoints.keys())}\n`
          : `${renderProblem(broken)}\n`,
      );
      return exitOf('findings');
    }
    const user = String(endpoint.config['user']);
    if (user === 'root') {
      err.write(
        `${name} logs in as root, who needs no helper: name another user in ${endpoint.source.file}\n`,
      );
      return exitOf('findings');
    }
    const lines = neededLines(desired, endpoint, webrootsIn(desired.issuers.values()));
    // A line end in a word would be a line of its own in the list.
    const odd = lines.find(({ text }) => /\p{Cc}/u.test(text));
    if (odd !== undefined) {
      err.write(
        `a ${odd.kind} for ${name} holds a control character, so it can stand in no list: ${JSON.stringify(odd.text)}. Correct the profile or the endpoint that says it\n`,
      );
      return exitOf('findings');
    }
    if (flags['list'] === true) {
      for (const { kind, text } of lines) out.write(`${kind} ${text}\n`);
      return exitOf('ok');
    }
    const file = stringFlag(flags, 'public-key');
    const isJump = [...desired.endpoints.values()].some((each) => each.config['jump'] === name);
    out.write(
      helperSetup({ endpoint, user, lines, isJump, publicKey: file === null ? null : await readKey(file) }),
    );
    if (privilegeOf(endpoint.config).mode !== 'helper')
      err.write(
        `${name} is declared with mode direct and will not use this: write privilege: { mode: helper } in ${endpoint.source.file}\n`,
      );
    return exitOf('ok');
  },
};

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

/** `renewd request`: asks what somebody needs, writes the declaration, checks it as the daemon will, and puts it on a branch. */
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { whereItStands } from '../core/installed-files.ts';
import type { Desired } from '../core/model.ts';
import { placementOf } from '../core/placement.ts';
import { renderProblem } from '../documents/write.ts';
import { exitOf } from '../exit-codes.ts';
import { OperationError } from '../ports/failure.ts';
import { checkDirectory } from './check-directory.ts';
import { UsageError, type Command, type Invocation } from './command.ts';
import { gatherAnswers, type Ask } from './request/answers.ts';
import { NotCommitted, putOnBranch, refuseBranch } from './request/branch.ts';
import { requestPath, requestText, type RequestAnswers } from './request/declaration.ts';
import { writeInside } from './write-inside.ts';

export const request: Command = {
  name: 'request',
  summary: 'ask for a certificate: questions, a checked file, a branch',
  positionals: '[dir]',
  positionalsMax: 1,
  about:
    'For people who know their service and not TLS. Asks what is needed (offers are in policies/offers), for which names and which servers, writes inventory/certificates/<team>/<name>.yaml and checks it as the daemon will: whose names they are, which servers, which rules. What is denied is said with the reason and what to do, and no file is left. It says where the files will stand on each server, for whoever configures it. With --branch it commits the file to a branch of its own, made from main, with your git (your name, your signature); with --push it pushes that and shows where to open the pull request. Without a terminal every answer must be given as an option. Exit code 0 means written and allowed, 1 denied, 64 that an answer is missing or wrong.',
  options: {
    offer: { type: 'string', value: 'name', description: 'which offer of the catalogue' },
    team: { type: 'string', value: 'name', description: 'the team it is for' },
    dns: { type: 'string', value: 'names', description: 'names that clients use, with commas between them' },
    name: { type: 'string', value: 'name', description: 'what it is called (default: from the first name)' },
    endpoint: { type: 'string', value: 'names', description: 'servers it is installed on' },
    issuer: { type: 'string', value: 'name', description: 'without an offer: who issues it' },
    profile: { type: 'string', value: 'name', description: 'kind of server, where the offer does not say' },
    parameter: { type: 'string', value: 'name=value,...', description: 'parameters of the profile' },
    serves: {
      type: 'string',
      value: 'host:port,...',
      description: 'where clients see it (default: every name at port 443)',
    },
    label: { type: 'string', value: 'name=value,...', description: 'labels, such as env=prod' },
    branch: { type: 'boolean', description: 'commit it to the branch request/<team>-<name>' },
    push: { type: 'boolean', description: 'push the branch too' },
  },
  examples: [
    'renewd request',
    'renewd request --offer internal-web --team web --dns shop.example.internal --endpoint web-01 --branch --push',
  ],
  run: runRequest,
};

async function runRequest(invocation: Invocation): Promise<number> {
  const { flags, out, positionals } = invocation;
  const directory = resolve(positionals[0] ?? '.');
  const { desired } = checkDirectory(directory);
  if (desired.teams.size === 0)
    throw new UsageError(
      `there are no teams in ${directory}; stand in a clone of the repository with the declarations, or name it`,
    );
  const { ask, close } = questioner(invocation);
  try {
    const { answers, offer } = await gatherAnswers(flags, desired, ask);
    refuseTwins(directory, desired, answers);
    const path = requestPath(answers);
    const branch = branchFor(flags, answers);
    if (branch !== null) refuseBranch(directory, branch);
    const denied = writeChecked(invocation, directory, path, requestText(answers, offer));
    if (denied) return exitOf('findings');
    out.write(`wrote ${path}: it keeps to every rule\n`);
    tellPaths(out, checkDirectory(directory).desired, answers);
    try {
      finish(invocation, directory, answers, path);
    } catch (error) {
      // What is committed stays; what is not is as if nothing was asked.
      if (!(error instanceof NotCommitted)) throw error;
      rmSync(join(directory, path), { force: true });
      throw new OperationError('git-unavailable', `${error.message}. Nothing is left of the request`, {
        disposition: 'stall',
        endsWhen: ['repository'],
        cause: error,
      });
    }
    return exitOf('ok');
  } finally {
    close();
  }
}

/** The branch it is put on; null where it is only written. */
function branchFor(flags: Invocation['flags'], { team, name }: RequestAnswers): string | null {
  return flags['branch'] === true || flags['push'] === true ? `request/${team}-${name}` : null;
}

/** Says for each server where the files will stand: nobody else tells who configures it. */
function tellPaths(out: Invocation['out'], desired: Desired, { team, name }: RequestAnswers): void {
  const certificate = [...desired.certificates.values()].find(
    (each) => each.team === team && each.name === name,
  );
  for (const installation of certificate?.installations ?? []) {
    const endpoint = desired.endpoints.get(installation.endpoint);
    const profile = desired.profiles.get(installation.profile);
    if (certificate === undefined || endpoint === undefined || profile === undefined) continue;
    const placed = placementOf({ certificate, installation, endpoint, profile });
    if ('placement' in placed)
      out.write(`on ${endpoint.name}: ${whereItStands(placed.placement, profile)}\n`);
  }
}

/** Questions go to the error stream, so that what is written can be piped. Without a terminal nobody is asked. */
function questioner({ err }: Invocation): { readonly ask: Ask; readonly close: () => void } {
  if (!process.stdin.isTTY) return { ask: null, close: () => undefined };
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  return {
    ask: async (question, choices) => {
      err.write(`${question}\n`);
      if (choices.length > 0) err.write(`  (${choices.join(', ')})\n`);
      return (await reader.question('> ')).trim();
    },
    close: () => {
      reader.close();
    },
  };
}

/** What is there already is not asked for again: the file, or a certificate for the same name. */
function refuseTwins(directory: string, desired: Desired, answers: RequestAnswers): void {
  const path = requestPath(answers);
  if (existsSync(join(directory, path)))
    throw new UsageError(`${path} is there already; change that file, or choose another --name`);
  for (const each of desired.certificates.values()) {
    const same = each.dnsNames.filter((name) => answers.dnsNames.includes(name));
    if (same.length > 0) {
      throw new UsageError(
        `${same.join(', ')} is in ${each.id} already (${each.source.file}); add your server there, or ask its team`,
      );
    }
  }
}

/** Writes the file, judges the whole tree with it, and takes it back when it is denied. True: denied. */
function writeChecked({ out }: Invocation, directory: string, path: string, text: string): boolean {
  const full = join(directory, path);
  writeInside(directory, path, text, 'create');
  const problems = checkDirectory(directory).problems.filter((each) => each.source.file === path);
  for (const problem of problems) out.write(`${renderProblem(problem)}\n`);
  const denied = problems.some((each) => each.severity === 'error');
  if (denied) {
    rmSync(full);
    out.write('denied: nothing was written\n');
  }
  return denied;
}

function finish({ flags, out }: Invocation, directory: string, answers: RequestAnswers, path: string): void {
  const branch = `request/${answers.team}-${answers.name}`;
  const push = flags['push'] === true;
  if (flags['branch'] !== true && !push) {
    out.write(
      `next: git switch -c ${branch} && git add ${path} && git commit -m "Request ${answers.team}/${answers.name}" && git push -u origin ${branch}\n`,
    );
    return;
  }
  const message = `Request ${answers.team}/${answers.name}\n\nFor ${answers.dnsNames.join(', ')} on ${answers.endpoints.join(', ')}.`;
  putOnBranch(out, directory, { branch, paths: [path], message }, push);
}

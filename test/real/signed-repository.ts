/** People with real OpenSSH keys and a repository with change control, for tests of who may change what. Commits are made and signed by stock git. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Person {
  readonly name: string;
  readonly principal: string;
  readonly keyFile: string;
  readonly publicKey: string;
}

/** A person with a new Ed25519 key made by ssh-keygen. */
export function makePerson(directory: string, name: string): Person {
  mkdirSync(directory, { recursive: true });
  const keyFile = join(directory, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', keyFile]);
  const [type = '', key = ''] = readFileSync(`${keyFile}.pub`, 'utf8').split(' ');
  return { name, principal: `${name}@example.com`, keyFile, publicKey: `${type} ${key}` };
}

/** Lines of an allowed_signers file. */
export function allowedSigners(people: readonly Person[]): string {
  return people.map(({ principal, publicKey }) => `${principal} namespaces="git" ${publicKey}\n`).join('');
}

export interface CommitOptions {
  /** null: not signed. */
  readonly by: Person | null;
  /** Written as author and committer, whoever signs. */
  readonly as?: string;
  readonly trailers?: readonly string[];
  /** UTC epoch ms, as author and committer date; absent: now. */
  readonly at?: number | null;
}

export interface WorkTree {
  readonly directory: string;
  readonly git: (...words: string[]) => string;
  /** Writes files (null removes) and commits. Returns the id. */
  readonly commit: (
    files: Readonly<Record<string, string | null>>,
    message: string,
    options: CommitOptions,
  ) => string;
}

function dated(at: number): string {
  return `@${String(Math.floor(at / 1000))} +0000`;
}

/** A work tree in which stock git signs with SSH keys. */
export function workTree(directory: string): WorkTree {
  const run = (as: string, at: number | null, ...words: string[]): string =>
    execFileSync('git', ['-C', directory, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_AUTHOR_NAME: as,
        GIT_AUTHOR_EMAIL: `${as}@example.com`,
        GIT_COMMITTER_NAME: as,
        GIT_COMMITTER_EMAIL: `${as}@example.com`,
        ...(at !== null && { GIT_AUTHOR_DATE: dated(at), GIT_COMMITTER_DATE: dated(at) }),
      },
    }).trim();
  const git = (...words: string[]): string => run('nobody', null, ...words);
  return {
    directory,
    git,
    commit: (files, message, { by, as = by?.name ?? 'mallory', trailers = [], at = null }) => {
      for (const [path, text] of Object.entries(files)) {
        const full = join(directory, path);
        if (text === null) rmSync(full);
        else {
          mkdirSync(dirname(full), { recursive: true });
          writeFileSync(full, text);
        }
      }
      git('add', '-A');
      const signing = by === null ? [] : ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${by.keyFile}`];
      const sign = by === null ? [] : ['-S'];
      const words = trailers.flatMap((each) => ['--trailer', each]);
      run(as, at, ...signing, 'commit', '-q', '--allow-empty', ...sign, '-m', message, ...words);
      return git('rev-parse', 'HEAD');
    },
  };
}

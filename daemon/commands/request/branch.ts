/** Puts a request on a branch with the requester's own git, so that their name and their signature stand on it, and says where to open the pull request. */
import { execFileSync } from 'node:child_process';
import { OperationError } from '../../ports/failure.ts';
import type { Terminal } from '../../terminal.ts';
import { UsageError } from '../command.ts';

/** Runs git in a directory. @throws OperationError `git-unavailable` with what git said */
function git(directory: string, ...words: string[]): string {
  try {
    return execFileSync('git', ['-C', directory, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  } catch (cause) {
    const said = (cause as { stderr?: unknown }).stderr;
    const text = typeof said === 'string' && said.trim() !== '' ? said.trim() : String(cause);
    throw new OperationError('git-unavailable', `git ${words[0] ?? ''} failed: ${text}`, {
      disposition: 'stall',
      endsWhen: ['repository'],
      cause,
    });
  }
}

/** Nothing was committed: the branch and the index are as they were before. */
export class NotCommitted extends OperationError {}

/**
 * Refuses a branch that cannot be made, before anything is written. IO: asks git; changes nothing.
 * @throws UsageError for one that is there already; OperationError `git-unavailable` outside of a repository, or where git does not know who commits
 */
export function refuseBranch(directory: string, branch: string): void {
  git(directory, 'rev-parse', '--verify', 'HEAD');
  git(directory, 'var', 'GIT_COMMITTER_IDENT');
  if (!exists(directory, branch)) return;
  throw new UsageError(
    `the branch ${branch} is there already. Change the file there (git switch ${branch}), or take the branch away (git branch -D ${branch}), or choose another --name; nothing was written`,
  );
}

function exists(directory: string, branch: string): boolean {
  return git(directory, 'for-each-ref', `refs/heads/${branch}`) !== '';
}

/** Where a branch begins: at the branch of the declarations, so that nothing else comes along; where there is none of its usual names, where one stands. */
function startOf(directory: string): string {
  return ['main', 'master'].find((name) => exists(directory, name)) ?? 'HEAD';
}

/**
 * Makes the branch and commits these files. IO: the repository in `directory`. Settings of git about signing are respected.
 * @throws NotCommitted with what git said, when all is as before but for the files themselves
 */
function commitRequest(directory: string, branch: string, paths: readonly string[], message: string): string {
  const before = git(directory, 'rev-parse', '--abbrev-ref', 'HEAD');
  const back = before === 'HEAD' ? ['--detach', git(directory, 'rev-parse', 'HEAD')] : [before];
  let made = false;
  try {
    git(directory, 'switch', '-q', '-c', branch, startOf(directory));
    made = true;
    git(directory, 'add', '--', ...paths);
    git(directory, 'commit', '-q', '-m', message, '--', ...paths);
    return git(directory, 'rev-parse', 'HEAD');
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    if (made) {
      git(directory, 'reset', '-q', '--', ...paths);
      git(directory, 'switch', '-q', ...back);
      git(directory, 'branch', '-q', '-D', branch);
    }
    throw new NotCommitted('git-unavailable', error.message, {
      disposition: 'stall',
      endsWhen: ['repository'],
      cause: error,
    });
  }
}

/** Pushes it to `origin`. IO: network. */
function pushRequest(directory: string, branch: string): void {
  git(directory, 'push', '-q', '-u', 'origin', branch);
}

/** A change that a command wrote, to be put on a branch. */
export interface BranchedChange {
  readonly branch: string;
  readonly paths: readonly string[];
  readonly message: string;
}

/** Commits a change to a branch of its own, pushes it where `push` says so, and says what comes next. IO: git in `directory`, with push the network. */
export function putOnBranch(
  out: Terminal,
  directory: string,
  { branch, paths, message }: BranchedChange,
  push: boolean,
): void {
  const commit = commitRequest(directory, branch, paths, message);
  out.write(`committed ${commit.slice(0, 10)} on ${branch}\n`);
  if (!push) {
    out.write(`next: git push -u origin ${branch}\n`);
    return;
  }
  try {
    pushRequest(directory, branch);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    throw new OperationError(
      'git-unavailable',
      `${error.message}. It is committed on ${branch}; when what git said is corrected: git push -u origin ${branch}`,
      { disposition: 'stall', endsWhen: ['repository'], cause: error },
    );
  }
  const page = pullRequestPage(directory, 'main', branch);
  out.write(
    page === null ? `pushed ${branch}: open a pull request for it\n` : `open the pull request: ${page}\n`,
  );
}

/** The page on which the forge opens a pull request for a branch; null when there is no remote that has pages. IO: asks git for the remote. */
export function pullRequestPage(directory: string, base: string, branch: string): string | null {
  let remote: string;
  try {
    remote = git(directory, 'remote', 'get-url', 'origin');
  } catch {
    return null;
  }
  return pageOf(remote, base, branch);
}

/** As `pullRequestPage`, of a remote's address. GitLab by its name; GitHub, Gitea and Forgejo share a form. Pure. */
export function pageOf(remote: string, base: string, branch: string): string | null {
  const match =
    /^(?:https?:\/\/(?:[^@/]*@)?|ssh:\/\/(?:[^@/]*@)?|[^@/:]+@)([^/:]+)(?::\d+)?[/:](.+?)(?:\.git)?\/?$/.exec(
      remote,
    );
  if (match === null) return null;
  const [host = '', path = ''] = match.slice(1);
  const [from, to] = [encodeURIComponent(branch), encodeURIComponent(base)];
  if (host.includes('gitlab')) {
    return `https://${host}/${path}/-/merge_requests/new?merge_request%5Bsource_branch%5D=${from}&merge_request%5Btarget_branch%5D=${to}`;
  }
  return `https://${host}/${path}/compare/${to}...${from}`;
}

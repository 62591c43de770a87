/** Puts a request on a branch with the requester's own git, so that their name and their signature stand on it, and says where to open the pull request. */
import { execFileSync } from 'node:child_process';
import { OperationError } from '../../ports/failure.ts';
import type { Terminal } from '../../terminal.ts';

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

/** Makes the branch from where one stands and commits these files. IO: the repository in `directory`. Settings of git about signing are respected. */
function commitRequest(directory: string, branch: string, paths: readonly string[], message: string): string {
  git(directory, 'switch', '-q', '-c', branch);
  git(directory, 'add', '--', ...paths);
  git(directory, 'commit', '-q', '-m', message, '--', ...paths);
  return git(directory, 'rev-parse', 'HEAD');
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
  pushRequest(directory, branch);
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

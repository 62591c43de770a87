/**
 * What a schema cannot say about the configuration: keys that contradict each other, paths that would destroy something,
 * addresses that would leak a secret. Pure: it reads no file, follows no path and repeats no credential.
 */
import { checkSecrets } from './config-secrets.ts';
import type { Config } from './config.ts';
import type { DocumentProblem, SourcePosition } from './core/model.ts';
import type { ParsedConfig } from './documents/config-file.ts';
import { limits } from './limits.ts';

type Flag = 'repo' | 'branch' | 'data';

/** One thing that is wrong about the configuration. */
export interface Complaint {
  readonly key: readonly string[];
  /** The flag that wins over the key, where there is one. */
  readonly flag?: Flag;
  readonly code: string;
  readonly message: string;
  readonly severity: 'error' | 'warning';
}

const error = (key: string, code: string, message: string, flag?: Flag): Complaint => ({
  key: key.split('.'),
  code,
  message,
  severity: 'error',
  ...(flag === undefined ? {} : { flag }),
});

const warning = (key: string, code: string, message: string): Complaint => ({
  ...error(key, code, message),
  severity: 'warning',
});

/** Whether a repository is named by a path on this machine: no scheme, and no `host:` before the first slash (gitrevisions' own rule). Pure. */
export function isPath(text: string): boolean {
  return !/^[a-z][a-z0-9+.-]*:\/\//i.test(text) && !/^[^/]+:/.test(text);
}

/**
 * Everything that is wrong or unwise about a configuration that its schema accepts, each with its position (`flags` that were
 * given stand at `command line`). `repo` is as written, null when nobody named it; `path` names the file. Pure, never throws.
 */
export function findConfigProblems(
  config: Config,
  repo: string | null,
  parsed: ParsedConfig,
  flags: { readonly [name in Flag]?: string | undefined },
  path: string,
): readonly DocumentProblem[] {
  const complaints = [
    ...checkRepo(config, repo),
    ...checkBranches(config),
    ...checkSecrets(config),
    ...checkAgent(config),
    ...checkHttp(config, parsed),
    ...checkIntervals(config),
    ...checkDirectories(config),
  ];
  const problems = complaints.map(({ key, flag, code, message, severity }): DocumentProblem => {
    const given = flag !== undefined && flags[flag] !== undefined;
    const source: SourcePosition = given
      ? { file: 'command line', line: 1, column: 1 }
      : parsed.positionOf(key);
    const name = given ? `--${flag}` : key.join('.');
    return { code, message: `${name}: ${message}`, source, excerpt: null, severity, scope: path };
  });
  return [...parsed.problems, ...problems].slice(0, limits.config.problemsMax);
}

function checkRepo(config: Config, repo: string | null): Complaint[] {
  const wrong = (code: string, message: string): Complaint[] => [error('repo', code, message, 'repo')];
  if (repo === null || repo === '')
    return wrong(
      'config-repo-missing',
      'the watched repository is not named; give --repo URL, or write "repo: https://..." into the file',
    );
  // oxlint-disable-next-line no-control-regex -- the schema forbids them in the file, nothing does on the command line
  if (/[\u0000-\u0020\u007f]/.test(repo))
    return wrong('config-repo', 'holds a space or a control character; write them as %20');
  if (isPath(repo)) return [];
  const { ssh, tokenSecret } = config.git;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(repo)?.[1]?.toLowerCase() ?? 'ssh';
  if (scheme !== 'https' && scheme !== 'http' && scheme !== 'ssh')
    return wrong(
      'config-repo',
      `the protocol ${scheme} is not spoken; use https://, ssh://, user@host:path or a plain path`,
    );
  const url = URL.canParse(repo) && repo.includes('://') ? new URL(repo) : null;
  if (repo.includes('://') && (url === null || url.hostname === ''))
    return wrong('config-repo', 'is not a URL with a host; check it for a typing mistake');
  // Never show it: a repository address ends up in logs, on the site and in the journal.
  if (url !== null && (url.password !== '' || (url.username !== '' && scheme !== 'ssh')))
    return wrong(
      'config-repo-credentials',
      'holds credentials; take them out, bind them under "secrets" and name the secret at git.token',
    );
  if (scheme === 'http' && url !== null && !isLoopback(url.hostname))
    return wrong('config-repo', 'plain http lets anybody on the way change what is asked for; use https://');
  if (scheme !== 'ssh') return [];
  return [
    ...(ssh.keySecret === null && ssh.agentSocket === null
      ? [error('git.ssh', 'config-ssh', 'SSH needs a key: set git.ssh.key, or git.ssh.agent: true')]
      : []),
    ...(ssh.knownHostsFile === null && ssh.hostKeys.length === 0
      ? [
          error(
            'git.ssh',
            'config-ssh',
            'the Git server cannot be recognised: set git.ssh.knownHostsFile or git.ssh.hostKeys',
          ),
        ]
      : []),
    ...(tokenSecret === null
      ? []
      : [warning('git.token', 'config-unused', 'has no use with a repository over SSH')]),
  ];
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

/** git-check-ref-format(1), as far as a branch needs it. */
function isBranchName(name: string): boolean {
  return (
    /^[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$/.test(name) &&
    !/\.\.|\/\/|\/\.|\.lock(\/|$)|[./]$/.test(name) &&
    name !== 'HEAD'
  );
}

function checkBranches({ branch, state }: Config): Complaint[] {
  const rule =
    'is not a branch name; use letters, digits, dot, dash, underscore and slash, for example "main"';
  const names = [
    ...(isBranchName(branch) ? [] : [error('branch', 'config-branch', rule, 'branch')]),
    ...(isBranchName(state.branch) ? [] : [error('state.branch', 'config-branch', rule)]),
  ];
  // A loose ref is a file: git cannot have both `main` and `main/state`.
  const inside = state.branch.startsWith(`${branch}/`) || branch.startsWith(`${state.branch}/`);
  if (names.length > 0 || !inside) return names;
  return [
    error(
      'state.branch',
      'config-branch',
      `Git cannot hold ${state.branch} beside ${branch}: one name is a directory of the other; choose another, for example "renewd/state"`,
    ),
  ];
}

function checkAgent({ git }: Config): Complaint[] {
  if (git.ssh.agentSocket !== '') return [];
  return [
    error(
      'git.ssh.agent',
      'config-ssh',
      'SSH_AUTH_SOCK is not set; start an agent, or set git.ssh.key instead',
    ),
  ];
}

function checkHttp({ http }: Config, parsed: ParsedConfig): Complaint[] {
  if (http === null) {
    return parsed.value?.http?.webhook?.secret === undefined
      ? []
      : [warning('http.webhook', 'config-unused', 'has no use while http.listen is none')];
  }
  // Port 0 lets the system choose, which tests use.
  return http.port > 65_535 ? [error('http.listen', 'config-http', 'a port is at most 65535')] : [];
}

function checkIntervals({ turn }: Config): Complaint[] {
  const between = (key: string, ms: number, minMs: number): Complaint[] => {
    if (ms >= minMs && ms <= limits.config.intervalMaxMs) return [];
    const bound =
      ms < minMs ? `at least ${minMs / 1000}s` : `at most ${limits.config.intervalMaxMs / 86_400_000}d`;
    return [error(`turn.${key}`, 'config-interval', `must be ${bound}`)];
  };
  const found = [
    ...between('pollInterval', turn.pollIntervalMs, limits.config.pollIntervalMinMs),
    ...between('observeInterval', turn.observeIntervalMs, limits.config.pollIntervalMinMs),
    ...between('observeAgainInterval', turn.observeAgainMs, limits.config.pollIntervalMinMs),
  ];
  if (found.length === 0 && turn.observeAgainMs > turn.observeIntervalMs)
    found.push(
      warning(
        'turn.observeAgainInterval',
        'config-interval',
        'is longer than turn.observeInterval, so trouble is looked at less often than good order',
      ),
    );
  return found;
}

/** The site's directory is replaced as a whole: whatever else stands in it would be gone. */
function checkDirectories({ site, dataDirectory, repo }: Config): Complaint[] {
  const holds = (inner: string): boolean =>
    site.outDirectory === '/' || inner === site.outDirectory || inner.startsWith(`${site.outDirectory}/`);
  const lost = holds(dataDirectory)
    ? 'the data directory'
    : isPath(repo) && holds(repo)
      ? 'the repository'
      : null;
  if (lost === null) return [];
  return [
    error(
      'site.outDir',
      'config-site',
      `is replaced at every build and would take ${lost} with it; choose a directory of its own`,
    ),
  ];
}

/**
 * The daemon's configuration: command line over file over defaults, complete and checked, so that nobody else asks twice.
 * It refuses to hold a secret: only names of secrets and where their values are.
 */
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { findConfigProblems, isPath } from './config-checks.ts';
import type { DocumentProblem, DriftMode } from './core/model.ts';
import { type ConfigFile, parseConfigText } from './documents/config-file.ts';
import { limits } from './limits.ts';
import type { LogLevel } from './log.ts';
import type { SecretBinding } from './secrets.ts';

/** Everything an operator decides. Paths are absolute; names under `...Secret` are names of secrets. */
export interface Config {
  /** URL, `user@host:path`, or an absolute path. Never holds credentials. */
  readonly repo: string;
  readonly branch: string;
  readonly dataDirectory: string;
  readonly git: {
    readonly username: string;
    readonly tokenSecret: string | null;
    readonly caFile: string | null;
    readonly ssh: {
      readonly keySecret: string | null;
      readonly knownHostsFile: string | null;
      readonly hostKeys: readonly string[];
      /** Path of the agent's socket; null: no agent. */
      readonly agentSocket: string | null;
    };
  };
  /** `prefix` is empty on a branch of its own and `status/` on the branch of intent (DESIGN section 2). */
  readonly state: { readonly branch: string; readonly prefix: '' | 'status/' };
  /** `keySecret` null: a key is generated and kept in custody. */
  readonly signing: { readonly keySecret: string | null; readonly name: string; readonly email: string };
  /** null: an identity is generated in the data directory. */
  readonly custody: { readonly identitySecret: string | null };
  readonly secrets: Readonly<Record<string, SecretBinding>>;
  /** null: no HTTP server. */
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** null: no webhook. */
    readonly webhookSecret: string | null;
  } | null;
  readonly turn: {
    readonly pollIntervalMs: number;
    readonly observeIntervalMs: number;
    readonly observeAgainMs: number;
    readonly concurrentEndpoints: number;
    readonly concurrentObservations: number;
  };
  readonly site: {
    readonly build: boolean;
    readonly outDirectory: string;
    readonly base: string;
    /** How much the site tells: counts and policy only; no people and log-ins; all of it. */
    readonly redaction: 'public' | 'internal' | 'full';
    /** Where people see the repository in a browser; null: as its address says, where it says so. */
    readonly forge: {
      readonly kind: 'github' | 'gitea' | 'forgejo' | 'gitlab';
      readonly url: string;
    } | null;
  };
  /** The first commit that counts; null: the newest at the first start. */
  readonly trust: { readonly commit: string | null };
  readonly drift: { readonly default: DriftMode };
  readonly log: { readonly level: LogLevel; readonly format: 'auto' | 'plain' | 'json' };
}

export interface ConfigSources {
  /** Values of `--repo`, `--branch`, `--data`; undefined where not given. They win over the file. */
  readonly flags: {
    readonly repo?: string | undefined;
    readonly branch?: string | undefined;
    readonly data?: string | undefined;
  };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Value of `--config`; null: no file, only flags and defaults. */
  readonly file: string | null;
  /** Relative paths on the command line start here; those in the file start at the file's directory. */
  readonly currentDirectory: string;
}

export interface ConfigResult {
  /** null when any problem is an error. */
  readonly config: Config | null;
  readonly problems: readonly DocumentProblem[];
}

/**
 * Reads and checks the configuration. Reads one file and writes nothing; safe to repeat. Never throws for what is written
 * there or for a file that cannot be read: `problems` says what, where and what to do next (exit code 78).
 */
export async function readConfig(sources: ConfigSources): Promise<ConfigResult> {
  const { flags, file, currentDirectory } = sources;
  const path = file === null ? null : resolve(currentDirectory, file);
  const text = path === null ? '' : await readText(path);
  if (typeof text !== 'string') return { config: null, problems: [text] };
  const parsed = parseConfigText(text, path ?? 'command line');
  if (parsed.value === null) return { config: null, problems: parsed.problems };
  const written = parsed.value;
  const fromFile = (value: string): string =>
    resolve(path === null ? currentDirectory : dirname(path), value);

  const repo = flags.repo ?? written.repo ?? null;
  const branch = flags.branch ?? written.branch ?? 'main';
  const stateDirectory = sources.environment['STATE_DIRECTORY']?.split(':')[0];
  const dataDirectory =
    flags.data === undefined
      ? written.data === undefined
        ? resolve(currentDirectory, stateDirectory ?? '.renewd')
        : fromFile(written.data)
      : resolve(currentDirectory, flags.data);
  const stateBranch = written.state?.branch ?? 'renewd/state';
  const git = readGit(written, fromFile, sources.environment);
  const config: Config = {
    repo:
      repo === null || !isPath(repo)
        ? (repo ?? '')
        : flags.repo === undefined
          ? fromFile(repo)
          : resolve(currentDirectory, repo),
    branch,
    dataDirectory,
    git,
    state: { branch: stateBranch, prefix: stateBranch === branch ? 'status/' : '' },
    signing: {
      keySecret: written.signing?.key?.secret ?? null,
      name: written.signing?.name ?? 'renewd',
      email: written.signing?.email ?? 'renewd@localhost',
    },
    custody: { identitySecret: written.custody?.identity?.secret ?? null },
    secrets: readBindings(written, fromFile),
    http: readHttp(written),
    turn: readTurn(written),
    site: {
      build: written.site?.build ?? true,
      outDirectory:
        written.site?.outDir === undefined ? resolve(dataDirectory, 'site') : fromFile(written.site.outDir),
      base: written.site?.base ?? '/',
      redaction: written.site?.redaction ?? 'full',
      forge:
        written.site?.forge === undefined
          ? null
          : { kind: written.site.forge.kind, url: written.site.forge.url.replace(/\/+$/, '') },
    },
    trust: { commit: written.trust?.commit ?? null },
    drift: { default: written.drift?.default ?? 'enforce' },
    log: { level: written.log?.level ?? 'info', format: written.log?.format ?? 'auto' },
  };
  const problems = findConfigProblems(config, repo, parsed, flags, path ?? 'command line');
  return { config: problems.some(({ severity }) => severity === 'error') ? null : config, problems };
}

function readGit(
  written: ConfigFile,
  fromFile: (path: string) => string,
  environment: ConfigSources['environment'],
): Config['git'] {
  const git = written.git ?? {};
  const ssh = git.ssh ?? {};
  return {
    username: git.username ?? 'renewd',
    tokenSecret: git.token?.secret ?? null,
    caFile: git.caFile === undefined ? null : fromFile(git.caFile),
    ssh: {
      keySecret: ssh.key?.secret ?? null,
      knownHostsFile: ssh.knownHostsFile === undefined ? null : fromFile(ssh.knownHostsFile),
      hostKeys: ssh.hostKeys ?? [],
      agentSocket: ssh.agent === true ? (environment['SSH_AUTH_SOCK'] ?? '') : null,
    },
  };
}

function readBindings(
  written: ConfigFile,
  fromFile: (path: string) => string,
): Readonly<Record<string, SecretBinding>> {
  const entries = Object.entries(written.secrets ?? {}).map(([name, { file, age, ...rest }]) => [
    name,
    {
      ...rest,
      ...(file === undefined ? {} : { file: fromFile(file) }),
      ...(age === undefined ? {} : { age: fromFile(age) }),
    },
  ]);
  // That exactly one of the sources stands there is checked with everything else that a schema cannot say.
  return Object.fromEntries(entries) as Readonly<Record<string, SecretBinding>>;
}

function readHttp(written: ConfigFile): Config['http'] {
  const listen = written.http?.listen ?? '127.0.0.1:9753';
  if (listen === 'none') return null;
  const colon = listen.lastIndexOf(':');
  return {
    host: listen.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: Number(listen.slice(colon + 1)),
    webhookSecret: written.http?.webhook?.secret?.secret ?? null,
  };
}

function readTurn(written: ConfigFile): Config['turn'] {
  const turn = written.turn ?? {};
  const interval = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : durationMs(text);
  return {
    pollIntervalMs: interval(turn.pollInterval, limits.turn.pollIntervalMs),
    observeIntervalMs: interval(turn.observeInterval, limits.turn.observeIntervalMs),
    observeAgainMs: interval(turn.observeAgainInterval, limits.turn.observeAgainMs),
    concurrentEndpoints: turn.concurrentEndpoints ?? limits.turn.concurrentEndpoints,
    concurrentObservations: turn.concurrentObservations ?? limits.turn.concurrentObservations,
  };
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The schema has checked the form. */
function durationMs(text: string): number {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(text);
  return Number(match?.[1]) * (unitsMs[match?.[2] ?? ''] ?? Number.NaN);
}

/** The text, or the problem that keeps it from being read. Bounded by `limits.config.sizeMaxBytes`. */
async function readText(path: string): Promise<string | DocumentProblem> {
  const problem = (message: string): DocumentProblem => ({
    code: 'config-unreadable',
    message,
    source: { file: path, line: 1, column: 1 },
    excerpt: null,
    severity: 'error',
    scope: path,
  });
  try {
    const handle = await open(path);
    try {
      const buffer = Buffer.alloc(limits.config.sizeMaxBytes + 1);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      if (bytesRead > limits.config.sizeMaxBytes)
        return problem(`is larger than ${limits.config.sizeMaxBytes} bytes`);
      return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof TypeError) return problem('is not UTF-8 text');
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return problem(`the configuration file cannot be read (${code}): check the path given with --config`);
  }
}

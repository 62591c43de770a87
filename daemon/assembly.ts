/**
 * Puts the house together: configuration in, `World`, `Estate` and `Memory` out. The only place that knows every plug-in and door
 * at once; it decides nothing. Tests use it with their own clock, chance and crash points, so that what is tested is what runs.
 */
import { provenRecords } from './audit/proven-records.ts';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Config } from './config.ts';
import type { Endpoint, Issuer as IssuerSpec } from './core/model.ts';
import { withJumps } from './core/jump-hosts.ts';
import { declaredSecrets, secretStamps } from './declared-secrets.ts';
import type { DeclaredUse } from './core/secret-binding.ts';
import { keyOf } from './core/same.ts';
import { openRepository, type Repository } from './git/repository.ts';
import { createIssuerPlugins } from './issuers/index.ts';
import { openJournal, type Journal } from './journal/journal.ts';
import { limits } from './limits.ts';
import { OperationError } from './ports/failure.ts';
import type { IssuanceMemory, Issuer, Publisher } from './ports/issuer.ts';
import type { Log, Plugin, Secret, Tools } from './ports/plugin.ts';
import type { KeyProver, Permitting, Target, WebrootWriter } from './ports/target.ts';
import type { TrustedRoots } from './ports/trusted-roots.ts';
import { openSecrets, signingKey } from './open-vault.ts';
import { builtIns, documentReader } from './reader.ts';
import type { Estate } from './shell/estate.ts';
import { recall, type Memory } from './shell/memory.ts';
import { publishedRecord } from './shell/published-log.ts';
import { recordTrust, stateTipFact } from './shell/record-trust.ts';
import { clockSources, createClockWitness, machineTime, type MachineTime } from './shell/clock.ts';
import type { ProgressEvent, World } from './shell/world.ts';
import { createSolvers } from './solvers/index.ts';
import { createGitSshConnect } from './ssh/git-connect.ts';
import { createSshPool } from './ssh/pool.ts';
import { createTargetPlugins } from './targets/index.ts';
import { observeHandshake } from './tls/prober.ts';
import { systemRoots } from './tls/trust.ts';
import type { Vault } from './vault.ts';
import { version } from './version.ts';
import { readTrustedRoots } from './x509/roots.ts';
import { makeDirectory } from './make-directory.ts';

/** What the surroundings give: time, chance, places to write, and for tests the points at which to end. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  readonly random: () => number;
  readonly log: Log;
  readonly progress: (event: ProgressEvent) => void;
  readonly crashPoint: (name: string) => void;
  readonly stopping: () => boolean;
  /** The machine's own time; left out: that of this machine. */
  readonly machine?: MachineTime;
  /** The data directory is a copy that is thrown away: what is made in it is nothing to tell of. */
  readonly onCopy?: boolean;
}

export interface House {
  readonly world: World;
  readonly estate: Estate;
  readonly memory: Memory;
  readonly vault: Vault;
  /** Public half of the key that signs records now, as one line of an allowed-signers file. */
  readonly signingKey: () => string;
  /** Takes a new key that signs records, where its source has one. IO. Between turns. What is wrong with it comes back; the one before goes on. */
  readonly refresh: () => Promise<OperationError | null>;
  readonly close: () => Promise<void>;
}

type AnyTarget = Target & Partial<WebrootWriter & KeyProver & Permitting>;
type AnyIssuer = Issuer & Partial<Publisher & IssuanceMemory>;

/**
 * Opens everything a turn needs. IO: makes the data directory, opens journal and mirror, reads or makes the signing key.
 * @throws OperationError when the journal, custody, a secret that is needed at once, or the mirror cannot be opened
 */
export async function assemble(config: Config, surroundings: Surroundings): Promise<House> {
  const { log, now } = surroundings;
  makeDirectory(config.dataDirectory, 0o700);
  const journal = openJournal(config.dataDirectory);
  const { vault, custody } = await openSecrets(config, surroundings, journal);
  const signing = await signingKey(config, vault, custody);
  const repository = await openConfiguredRepository(config, {
    vault,
    log,
    now,
    wasThere: journal.fact('accepted-commit') !== null,
  });
  const reader = documentReader(config.drift.default);
  const pool = createSshPool({ log, now });
  const solvers = createSolvers({ log });
  const tools = (kind: 'issuers' | 'targets'): Tools => ({
    now,
    secret: (name, user, to) => vault.openFor(name, { use: useOf[kind], name: user }, to),
    agentSocket: (user, to) => vault.agentFor({ use: useOf[kind], name: user }, to),
    directory: directoryOf(config, kind),
    published: (path) => published(path),
    custody,
    log,
  });
  const targets = createTargetCache(createTargetPlugins({ pool }), tools);
  const issuers = createIssuerCache(createIssuerPlugins(), tools);
  const memory = recall(journal);
  const witness = createClockWitness({
    now,
    journal,
    machine: surroundings.machine ?? machineTime(),
    sources: () => clockSources(config.repo, memory.desired),
  });
  const world: World = {
    ...worldly(config, surroundings, journal),
    judgeClock: witness.judge,
    secretStamps: (desired) => secretStamps(declaredSecrets(desired), vault.stamp),
    issuer: issuers,
    target: targets.of,
    solver: (spec, target) => solvers.solverFor(spec, target),
  };
  const estate: Estate = {
    intent: {
      repository,
      reader,
      builtIns: builtIns(reader),
      branch: config.branch,
      trustedCommit: config.trust.commit,
      records: {
        ref: `refs/heads/${config.state.branch}`,
        prefix: config.state.prefix,
        get signers() {
          return `records ${signing.current().publicKey}`;
        },
        prove: provenRecords,
      },
      files: new Map(),
      trust: new Map(),
    },
    state: {
      repository,
      ref: `refs/heads/${config.state.branch}`,
      prefix: config.state.prefix,
      get signer() {
        return signing.current();
      },
      author: { name: config.signing.name, email: config.signing.email },
      instance: hostname(),
      version,
    },
  };
  const published: Tools['published'] = async (path) => {
    const signal = AbortSignal.timeout(limits.work.publishedTimeoutMs);
    const { state, intent } = estate;
    const tip = (await repository.advertise(signal, [state.ref])).get(state.ref);
    if (tip !== undefined) await repository.fetch([state.ref], signal);
    // Where the branch was rewritten or is gone, what we left there is what we know.
    const tips = [tip, journal.fact(stateTipFact)].flatMap((each) => each ?? []);
    return publishedRecord(state, tips, path, recordTrust(world, state, memory, intent.trust));
  };
  return {
    world,
    estate,
    memory,
    vault,
    signingKey: () => `${config.signing.email} namespaces="git" ${signing.current().publicKey}`,
    refresh: signing.refresh,
    close: async () => {
      witness.close();
      await solvers.close();
      await targets.close();
      await pool.close();
      await repository.close();
      journal.close();
    },
  };
}

function worldly(
  config: Config,
  surroundings: Surroundings,
  journal: Journal,
): Omit<World, 'issuer' | 'target' | 'solver' | 'judgeClock' | 'secretStamps'> {
  const { now, random, log, progress, crashPoint, stopping } = surroundings;
  return {
    pace: config.turn,
    now,
    random,
    log,
    journal,
    progress,
    crashPoint,
    stopping,
    systemRoots,
    handshake: (address, reach, anchors, signal, keyAlgorithm) =>
      observeHandshake({
        address,
        reach,
        anchors,
        signal,
        timeoutMs: limits.work.handshakeTimeoutMs,
        now: now(),
        ...(keyAlgorithm === undefined ? {} : { keyAlgorithm }),
      }),
  };
}

/** What a plug-in of this room may ask the vault for. */
const useOf: Readonly<Record<'issuers' | 'targets', DeclaredUse>> = {
  issuers: 'issuers',
  targets: 'endpoints',
};

/** Opens the watched repository as the configuration says. IO: the mirror's directory; secrets. */
export async function openConfiguredRepository(
  config: Config,
  tools: {
    readonly vault: Vault;
    readonly log: Log;
    readonly now: () => number;
    /** As `RepositoryOptions.wasThere`. */
    readonly wasThere?: boolean;
  },
): Promise<Repository> {
  const { git } = config;
  // Read at each use. Once here, too: what is not bound or cannot be read is said before anything begins.
  const atEachUse = async <T>(name: string | null, read: (name: string) => Promise<T>) => {
    if (name === null) return null;
    await read(name);
    return () => read(name);
  };
  const secret = (name: string): Promise<Secret> => tools.vault.openOwn(name, 'git');
  return openRepository({
    url: config.repo,
    directory: join(config.dataDirectory, 'mirror'),
    http: {
      username: git.username,
      token: await atEachUse(git.tokenSecret, secret),
      ca: await atEachUse(git.caFile, async (path) => rootsIn(await readText(path), path)),
    },
    ssh: {
      connect: createGitSshConnect({
        key: await atEachUse(git.ssh.keySecret, secret),
        agentSocket: git.ssh.agentSocket,
        hostKeys: git.ssh.hostKeys,
        knownHostsText: await atEachUse(git.ssh.knownHostsFile, readText),
        log: tools.log,
      }),
    },
    now: tools.now,
    log: tools.log,
    wasThere: tools.wasThere ?? false,
  });
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new OperationError('git-auth', `${path} cannot be read; the configuration names it`, {
      disposition: 'retry',
      cause,
    });
  }
}

function rootsIn(pem: string, path: string): TrustedRoots {
  try {
    return readTrustedRoots(pem);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unknown reason';
    throw new OperationError(
      'git-auth',
      `${path} is no bundle of PEM certificates (${why}); the configuration names it`,
      { disposition: 'retry', cause },
    );
  }
}

function directoryOf(config: Config, kind: string): (name: string) => Promise<string> {
  return async (name) => {
    const path = join(config.dataDirectory, kind, name);
    makeDirectory(path, 0o700);
    return path;
  };
}

function createIssuerCache(
  plugins: readonly Plugin<AnyIssuer>[],
  tools: (kind: 'issuers' | 'targets') => Tools,
): (spec: IssuerSpec) => AnyIssuer {
  const made = new Map<string, AnyIssuer>();
  return (spec) => {
    const key = keyOf(spec.name, spec.blob);
    let issuer = made.get(key);
    if (issuer === undefined) {
      const plugin = plugins.find((each) => each.kind === spec.type);
      if (plugin === undefined) throw unknownType('issuer', spec.name, spec.type);
      issuer = plugin.create(spec.name, spec.config, tools('issuers'));
      made.set(key, issuer);
    }
    return issuer;
  };
}

function createTargetCache(
  plugins: readonly Plugin<AnyTarget>[],
  tools: (kind: 'issuers' | 'targets') => Tools,
): {
  readonly of: (endpoint: Endpoint, endpoints: ReadonlyMap<string, Endpoint>) => AnyTarget;
  readonly close: () => Promise<void>;
} {
  const made = new Map<string, { readonly key: string; readonly target: AnyTarget }>();
  return {
    of: (endpoint, endpoints) => {
      const whole = withJumps(endpoint, endpoints);
      if (whole === null) throw unknownJump(endpoint);
      const { config, blobs } = whole;
      const key = keyOf(...blobs);
      const known = made.get(endpoint.name);
      if (known?.key === key) return known.target;
      const plugin = plugins.find((each) => each.kind === endpoint.type);
      if (plugin === undefined) throw unknownType('endpoint', endpoint.name, endpoint.type);
      const target = plugin.create(endpoint.name, config, tools('targets'));
      made.set(endpoint.name, { key, target });
      // The one before is closed once nothing of this turn can still be using it; its connections time out by themselves.
      if (known !== undefined) void known.target.close();
      return target;
    },
    close: async () => {
      for (const { target } of made.values()) await target.close();
    },
  };
}

function unknownJump(endpoint: Endpoint): OperationError {
  return new OperationError(
    'unsupported',
    `endpoint ${endpoint.name} jumps through ${String(endpoint.config['jump'])}, which is not declared`,
    { disposition: 'retry' },
  );
}

function unknownType(what: string, name: string, type: string): OperationError {
  return new OperationError(
    'unsupported',
    `${what} ${name} is of type ${type}, which this renewd does not know`,
    {
      disposition: 'stall',
      endsWhen: ['declaration'],
    },
  );
}

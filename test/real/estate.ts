/**
 * A real estate on loopback for end-to-end tests: a git repository, one machine (real sshd), one real nginx behind a script that can be told to misbehave,
 * and a house of renewd around a clock that tests can move.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { assemble, type House } from '../../daemon/assembly.ts';
import type { Config } from '../../daemon/config.ts';
import type { CertificateRecord } from '../../daemon/core/record-format.ts';
import { runTurn, type TurnOptions, type TurnReport } from '../../daemon/cycle.ts';
import { createLog } from '../../daemon/log.ts';
import { sshdMissing, startSshd } from '../fixtures/sshd.ts';

const execute = promisify(execFile);

/** Why the suites of this folder cannot run here; null when they can. */
export function missingServers(): string | null {
  const sshd = sshdMissing();
  if (sshd !== null) return sshd;
  if (!existsSync('/usr/sbin/nginx')) return 'nginx is not installed (Debian: nginx-light)';
  return null;
}

export interface RealEstate {
  readonly root: string;
  /** Work tree of a person; `commit` writes, commits and pushes to the bare repository. */
  readonly commit: (files: Readonly<Record<string, string | null>>, message?: string) => Promise<string>;
  readonly git: (...words: string[]) => Promise<string>;
  readonly bare: string;
  readonly sshd: Awaited<ReturnType<typeof startSshd>>;
  readonly nginx: RealNginx;
  /** The certificate store of `web/shop` on the machine. */
  readonly store: string;
  readonly config: (changes?: Partial<Config>) => Config;
  readonly openHouse: (options?: HouseOptions) => Promise<House>;
  readonly stop: () => Promise<void>;
}

export interface HouseOptions {
  readonly config?: Partial<Config>;
  /** Added to the real time. */
  readonly clockOffsetMs?: () => number;
  /** The offset is a clock that is wrong: uptime and servers do not follow. Otherwise time passes everywhere. */
  readonly clockIsWrong?: boolean;
  readonly crashPoint?: (name: string) => void;
  /** Names this start of the machine. */
  readonly boot?: string;
}

export interface RealNginx {
  readonly port: number;
  readonly httpPort: number;
  readonly webroot: string;
  readonly certificate: string;
  readonly key: string;
  /** Its configuration file. */
  readonly conf: string;
  /** Stands in the profile's commands. Understands `test` and `reload`. */
  readonly control: string;
  /** What the next commands do: `test-fails`, `reload-fails`, `reload-ignored`, or null for the real thing. */
  readonly misbehave: (how: 'test-fails' | 'reload-fails' | 'reload-ignored' | null) => void;
  readonly reload: () => Promise<void>;
  readonly stop: () => void;
}

/** Starts everything. `httpPort` fixes nginx's plain port where a CA must know it beforehand. */
export async function startEstate(options: { readonly httpPort?: number } = {}): Promise<RealEstate> {
  const root = mkdtempSync(join(tmpdir(), 'renewd-real-'));
  const bare = join(root, 'estate.git');
  const work = join(root, 'work');
  const git = async (...words: string[]): Promise<string> => {
    const { stdout } = await execute('git', ['-C', work, ...words], {
      env: {
        ...process.env,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_AUTHOR_NAME: 'Ada',
        GIT_AUTHOR_EMAIL: 'ada@example.com',
        GIT_COMMITTER_NAME: 'Ada',
        GIT_COMMITTER_EMAIL: 'ada@example.com',
      },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  };
  await execute('git', ['init', '-q', '--bare', '-b', 'main', bare]);
  mkdirSync(work);
  await git('init', '-q', '-b', 'main');
  await git('remote', 'add', 'origin', bare);
  const sshd = await startSshd();
  const nginx = await startRealNginx(join(root, 'nginx'), options.httpPort);
  mkdirSync(join(root, 'machine'), { mode: 0o700 });
  writeFileSync(join(root, 'deploy-key'), sshd.userKeyPem, { mode: 0o600 });

  const config = (changes: Partial<Config> = {}): Config => ({
    ...plainConfig(root, bare),
    ...changes,
  });
  return {
    root,
    git,
    bare,
    sshd,
    nginx,
    store: join(root, 'machine', 'web', 'shop'),
    config,
    commit: async (files, message = 'Change what is declared') => {
      for (const [path, text] of Object.entries(files)) {
        const full = join(work, path);
        if (text === null) rmSync(full);
        else {
          mkdirSync(dirname(full), { recursive: true });
          writeFileSync(full, text);
        }
      }
      await git('add', '-A');
      await git('commit', '-q', '--allow-empty', '-m', message);
      await git('push', '-q', 'origin', 'main');
      return (await git('rev-parse', 'HEAD')).trim();
    },
    openHouse: (houseOptions = {}) => openHouse(config(houseOptions.config), houseOptions),
    stop: async () => {
      nginx.stop();
      await sshd.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** A house around `config` whose log goes to stderr when RENEWD_TEST_LOG is set. */
export async function openHouse(config: Config, options: HouseOptions = {}): Promise<House> {
  const offset = options.clockOffsetMs ?? (() => 0);
  const level = process.env['RENEWD_TEST_LOG'] === undefined ? 'error' : 'debug';
  return assemble(config, {
    environment: process.env,
    now: () => Date.now() + offset(),
    random: Math.random,
    log: createLog({
      level,
      destination: { write: (line) => (level === 'debug' ? process.stderr.write(line) : true) },
      pretty: true,
    }),
    progress: () => undefined,
    crashPoint: options.crashPoint ?? (() => undefined),
    stopping: () => false,
    machine: {
      boot: options.boot ?? 'one',
      uptimeMs: () => Date.now() + (options.clockIsWrong === true ? 0 : offset()),
      serversAheadMs: () => (options.clockIsWrong === true ? 0 : offset()),
    },
  });
}

/** One turn of a house, looking at everything unless told otherwise. */
export async function turn(house: House, options: Partial<TurnOptions> = {}): Promise<TurnReport> {
  return runTurn(
    house.world,
    house.estate,
    house.memory,
    { observeAll: true, dryRun: false, heartbeat: false, ...options },
    new AbortController().signal,
  );
}

/** The configuration of a plain local estate: data, keys and site below `root`. */
export function plainConfig(root: string, repo: string): Config {
  return {
    repo,
    branch: 'main',
    dataDirectory: join(root, 'data'),
    git: {
      username: 'renewd',
      tokenSecret: null,
      caFile: null,
      ssh: { keySecret: null, knownHostsFile: null, hostKeys: [], agentSocket: null },
    },
    state: { branch: 'renewd/state', prefix: '' },
    signing: { keySecret: null, name: 'renewd', email: 'renewd@example.com' },
    custody: { identitySecret: null },
    secrets: {
      'deploy-key': { file: join(root, 'deploy-key'), for: 'endpoints', hosts: ['127.0.0.1:*'] },
    },
    http: null,
    turn: {
      pollIntervalMs: 60_000,
      observeIntervalMs: 6 * 3_600_000,
      observeAgainMs: 600_000,
      concurrentEndpoints: 4,
      concurrentObservations: 8,
    },
    site: { build: false, outDirectory: join(root, 'site'), base: '/', redaction: 'full', forge: null },
    trust: { commit: null },
    drift: { default: 'enforce' },
    log: { level: 'error', format: 'plain' },
  };
}

/** The smallest complete estate for `estate`: one team, the embedded CA, the machine, one certificate on nginx. */
export function declarations(
  estate: Pick<RealEstate, 'root' | 'sshd' | 'nginx'>,
  changes: { readonly lifetime?: string; readonly issuer?: string; readonly renewAt?: string } = {},
): Record<string, string> {
  const { root, sshd, nginx } = estate;
  const head = 'apiVersion: renewd/v1\n';
  return {
    'inventory/teams/web.yaml': `${head}kind: Team\nmetadata: { name: web }\nspec:\n  displayName: Web\n  owners: [ada]\n  contacts: [{ email: web@example.com }]\n  dnsNames: ['*.example.com']\n`,
    'inventory/issuers/internal-ca.yaml': `${head}kind: Issuer\nmetadata: { name: internal-ca }\nspec:\n  type: ca\n  organization: Example\n  permittedDnsNames: [example.com]\n  lifetime: 90d\n`,
    'inventory/endpoints/web-01.yaml': `${head}kind: Endpoint\nmetadata: { name: web-01, team: web }\nspec:\n  type: ssh\n  host: 127.0.0.1\n  port: ${String(sshd.port)}\n  user: ${sshd.user}\n  hostKeys: ['${sshd.hostKeyLine}']\n  auth: { key: { secret: deploy-key } }\n  networks: ['127.0.0.0/8']\n  privilege: { mode: direct }\n  directory: ${join(root, 'machine')}\n`,
    'policies/test-nginx.yaml': testProfile(nginx),
    'inventory/certificates/web/shop.yaml': `${head}kind: Certificate\nmetadata: { name: shop, team: web }\nspec:\n  dnsNames: [shop.example.com]\n  issuer: ${changes.issuer ?? 'internal-ca'}\n  key: { algorithm: ecdsa-p256 }\n${changes.lifetime === undefined ? '' : `  lifetime: ${changes.lifetime}\n`}${changes.renewAt === undefined ? '' : `  renewAt: ${changes.renewAt}\n`}  installations:\n    - endpoint: web-01\n      profile: test-nginx\n      serves: [{ address: '127.0.0.1:${String(nginx.port)}', serverName: shop.example.com }]\n`,
  };
}

function testProfile(nginx: RealNginx): string {
  return `apiVersion: renewd/v1
kind: Profile
metadata: { name: test-nginx }
spec:
  description: nginx behind a script that can be told to misbehave
  files:
    - { name: fullchain.pem, content: fullchain, mode: '0644' }
    - { name: privkey.pem, content: key, mode: '0600' }
  links:
    - { path: '${nginx.certificate}', file: fullchain.pem }
    - { path: '${nginx.key}', file: privkey.pem }
  test: [['${nginx.control}', test]]
  reload: [['${nginx.control}', reload]]
  settle: 4s
`;
}

async function startRealNginx(prefix: string, httpPort?: number): Promise<RealNginx> {
  for (const name of ['tls', 'logs', 'temp', 'webroot']) mkdirSync(join(prefix, name), { recursive: true });
  const [port, plain] = [await freePort(), httpPort ?? (await freePort())];
  const certificate = join(prefix, 'tls/shop.crt');
  const key = join(prefix, 'tls/shop.key');
  const conf = join(prefix, 'nginx.conf');
  const mode = join(prefix, 'misbehave');
  const control = join(prefix, 'control');
  await selfSigned(certificate, key, '/CN=put there by hand', 'shop.example.com');
  writeFileSync(conf, nginxConf(prefix, port, plain, certificate, key));
  writeFileSync(
    control,
    `#!/bin/sh
how=$(cat '${mode}' 2>/dev/null)
case "$1" in
  test)
    if [ "$how" = test-fails ]; then echo 'nginx: [emerg] told to fail' >&2; exit 1; fi
    exec /usr/sbin/nginx -t -q -p '${prefix}' -c '${conf}' -e '${prefix}/logs/error.log' ;;
  reload)
    if [ "$how" = reload-fails ]; then echo 'reload told to fail' >&2; exit 1; fi
    if [ "$how" = reload-ignored ]; then exit 0; fi
    exec /usr/sbin/nginx -s reload -p '${prefix}' -c '${conf}' -e '${prefix}/logs/error.log' ;;
esac
`,
  );
  chmodSync(control, 0o755);
  const child = spawn('/usr/sbin/nginx', ['-p', prefix, '-c', conf, '-e', join(prefix, 'logs/error.log')], {
    stdio: 'ignore',
  });
  await listening(port, child);
  return {
    port,
    httpPort: plain,
    webroot: join(prefix, 'webroot'),
    certificate,
    key,
    conf,
    control,
    misbehave: (how) => {
      writeFileSync(mode, how ?? '');
    },
    reload: async () => {
      await execute('/usr/sbin/nginx', [
        '-s',
        'reload',
        '-p',
        prefix,
        '-c',
        conf,
        '-e',
        join(prefix, 'logs/error.log'),
      ]);
    },
    stop: () => {
      child.kill('SIGTERM');
    },
  };
}

function nginxConf(prefix: string, port: number, plain: number, certificate: string, key: string): string {
  const temp = join(prefix, 'temp');
  return `daemon off; master_process on; worker_processes 1; pid ${prefix}/nginx.pid; error_log ${prefix}/logs/error.log;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${temp}/a; proxy_temp_path ${temp}/b; fastcgi_temp_path ${temp}/c; uwsgi_temp_path ${temp}/d; scgi_temp_path ${temp}/e;
  server { listen 127.0.0.1:${String(plain)}; location / { root ${prefix}/webroot; } }
  server { listen 127.0.0.1:${String(port)} ssl; server_name shop.example.com; ssl_certificate ${certificate}; ssl_certificate_key ${key}; return 200 ok; }
}
`;
}

/** Makes a self-signed certificate with openssl, as an administrator in a hurry would. */
export async function selfSigned(
  certificate: string,
  key: string,
  subject: string,
  name: string,
): Promise<void> {
  await execute('openssl', [
    ...[
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '3000',
    ],
    ...['-subj', subject, '-addext', `subjectAltName=DNS:${name}`, '-out', certificate, '-keyout', key],
  ]);
}

/** A TCP port on loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, '127.0.0.1', resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return port;
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${String(child.exitCode)}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connectTcp(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => {
        resolve(false);
      });
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nothing listens on ${String(port)}`);
}

/** What a TLS client sees at `port` when it asks for `serverName`: SHA-256 fingerprint, lower-case hex. Independent of the daemon's own prober. */
export async function servedFingerprint(port: number, serverName: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls(
      { host: '127.0.0.1', port, servername: serverName, rejectUnauthorized: false },
      () => {
        const { fingerprint256 } = socket.getPeerCertificate();
        socket.destroy();
        resolve(fingerprint256.replaceAll(':', '').toLowerCase());
      },
    );
    socket.once('error', reject);
  });
}

/** The record of a certificate as stock git reads it from the bare repository. */
export async function recordOf(estate: RealEstate, id: string): Promise<CertificateRecord> {
  return JSON.parse(await stateFile(estate, `certificates/${id}.json`)) as CertificateRecord;
}

/** Any file of the state branch as stock git reads it. */
export async function stateFile(estate: RealEstate, path: string): Promise<string> {
  const { stdout } = await execute('git', ['-C', estate.bare, 'show', `renewd/state:${path}`]);
  return stdout;
}

/** Real Git for the tests: repositories made by stock git, `git http-backend` behind a small CGI server, and services spawned as SSH would. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { saidText, type SaidText } from '../../daemon/said-text.ts';
import type { GitSshConnect } from '../../daemon/ports/git-ssh.ts';
import type { Secret } from '../../daemon/ports/plugin.ts';
import type { PublishRequest } from '../../daemon/git/repository.ts';

const environment = {
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@example.com',
};

export interface Workshop {
  readonly directory: string;
  /** Runs stock git in the directory and returns what it prints. */
  readonly git: (...args: string[]) => string;
  /** Runs stock git with standard input. */
  readonly gitWith: (input: string | Uint8Array, ...args: string[]) => string;
  /** Commits files into a bare repository by way of a clone; null deletes. */
  readonly commit: (bare: string, files: Readonly<Record<string, string | null>>, branch?: string) => string;
}

/** A temporary directory with git in it; removed with the test. */
export function workshop(context: TestContext): Workshop {
  const directory = mkdtempSync(join(tmpdir(), 'renewd-git-'));
  context.after(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const gitWith = (input: string | Uint8Array, ...args: string[]): string =>
    execFileSync('git', args, { cwd: directory, encoding: 'utf8', env: environment, input });
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: directory, encoding: 'utf8', env: environment, stdio: 'pipe' });
  const commit = (bare: string, files: Readonly<Record<string, string | null>>, branch = 'main'): string => {
    const lines = [
      `commit refs/heads/${branch}`,
      'committer A <a@example.com> 1700000000 +0000',
      'data 1',
      'c',
    ];
    const has = git('-C', bare, 'for-each-ref', `refs/heads/${branch}`) !== '';
    if (has) lines.push(`from refs/heads/${branch}^0`);
    for (const [path, text] of Object.entries(files)) {
      if (text === null) lines.push(`D ${path}`);
      else lines.push(`M 100644 inline ${path}`, `data ${Buffer.byteLength(text)}`, text);
    }
    gitWith(`${lines.join('\n')}\n`, '-C', bare, 'fast-import', '--quiet', '--force');
    return git('-C', bare, 'rev-parse', `refs/heads/${branch}`).trim();
  };
  return { directory, git, gitWith, commit };
}

export interface HttpOptions {
  /** `user:token` that is asked for; null: open to everybody. */
  readonly credentials?: string;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Runs before git; true when it has answered. */
  readonly intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** Serves the repositories below a directory with `git http-backend`. Returns the base URL. */
export async function serveHttp(
  context: TestContext,
  root: string,
  options: HttpOptions = {},
): Promise<{ readonly url: string; readonly requests: string[] }> {
  const requests: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (options.intercept?.(request, response) === true) return;
    const expected = options.credentials;
    if (
      expected !== undefined &&
      request.headers.authorization !== `Basic ${Buffer.from(expected).toString('base64')}`
    ) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"', 'content-type': 'text/plain' });
      response.end('no such token');
      return;
    }
    runBackend(root, request, response);
  };
  const server =
    options.tls === undefined ? createHttpServer(answer) : createHttpsServer(options.tls, answer);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, requests };
}

function runBackend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const child = spawn('git', ['-c', 'http.receivepack=true', 'http-backend'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...environment,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REMOTE_USER: 'tester',
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: request.headers['content-length'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
  });
  child.stdin.on('error', () => undefined);
  request.pipe(child.stdin);
  void buffer(child.stdout).then((bytes) => {
    const split = bytes.indexOf('\r\n\r\n');
    const headers = Object.fromEntries(
      bytes
        .toString('latin1', 0, split)
        .split('\r\n')
        .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const),
    );
    const { Status: status = '200', ...rest } = headers;
    response.writeHead(Number(status.slice(0, 3)), rest);
    response.end(bytes.subarray(split + 4));
  });
}

/** What an SSH server would do with `git-upload-pack '<path>'`: runs it here. */
export const spawnAsSsh: GitSshConnect = (location, service) => {
  const child = spawn(service, [location.path], { env: environment });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  child.stdin.on('error', () => undefined);
  const exit = new Promise<{ code: number; stderr: SaidText }>((resolve) => {
    child.on('close', (code) => {
      resolve({ code: code ?? 255, stderr: saidText(stderr) });
    });
  });
  return Promise.resolve({
    readable: child.stdout,
    write: (bytes) =>
      new Promise<void>((resolve, reject) => {
        child.stdin.write(bytes, (error) => {
          if (error) reject(error);
          else resolve();
        });
      }),
    endInput: () => {
      child.stdin.end();
      return Promise.resolve();
    },
    exit,
    close: () => {
      child.stdin.destroy();
      child.stdout.destroy();
      child.kill();
    },
  });
};

/** A secret as the daemon gives it. */
export function secret(text: string): Secret {
  return { reveal: () => text, toString: () => '[secret]', toJSON: () => '[secret]' };
}

/** A certificate for 127.0.0.1 signed by its own CA. */
export function makeTls(directory: string): {
  readonly ca: string;
  readonly key: string;
  readonly cert: string;
} {
  const run = (...args: string[]): string =>
    execFileSync('openssl', args, { cwd: directory, encoding: 'utf8', stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  run('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test CA', '-days', '2');
  run('req', ...newKey, '-keyout', 'tls.key', '-out', 'tls.csr', '-subj', '/CN=git');
  writeFileSync(join(directory, 'san'), 'subjectAltName=IP:127.0.0.1\n');
  run(
    'x509',
    '-req',
    '-in',
    'tls.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-days',
    '2',
    '-extfile',
    'san',
    '-out',
    'tls.pem',
  );
  const read = (name: string): string => execFileSync('cat', [name], { cwd: directory, encoding: 'utf8' });
  return { ca: read('ca.pem'), key: read('tls.key'), cert: read('tls.pem') };
}

/** A publish of these files; what a test does not care about is filled in. */
export function publishing(
  files: Readonly<Record<string, string | null>>,
  more: Partial<Omit<PublishRequest, 'message' | 'trailers' | 'edit'>> & {
    readonly message?: () => string;
    readonly trailers?: readonly (readonly [string, string])[];
    readonly edit?: (tip: string | null) => Promise<ReadonlyMap<string, string | null>>;
  } = {},
): PublishRequest {
  const request = {
    ref: 'refs/heads/renewd/state',
    edit: () => Promise.resolve(new Map(Object.entries(files))),
    message: () => 'records: changed',
    trailers: [['Renewd-Source', 'none']] as const,
    author: { name: 'renewd', email: 'renewd@example.com' },
    at: Date.UTC(2026, 10, 20),
    signer: null,
    ...more,
  };
  // What these tests publish is raw on purpose: Git itself is what they look at.
  return request as unknown as PublishRequest;
}

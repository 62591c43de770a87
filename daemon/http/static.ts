/**
 * Serves one directory of plain files, such as the built site, over HTTP. It refuses to leave the directory, to list it,
 * to follow a symbolic link and to take anything but GET and HEAD. Who may read is decided by whoever can reach the address.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, resolve } from 'node:path';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';

export interface StaticServer {
  /** `http://host:port`, without a slash at its end. */
  readonly url: string;
  /** Ends every connection. Safe to call twice. */
  readonly close: () => Promise<void>;
}

/** Extensions of the site's own files; anything else is sent as bytes that a browser does not interpret. */
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.csv': 'text/csv; charset=utf-8',
  '.ics': 'text/calendar; charset=utf-8',
  '.xml': 'application/atom+xml; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8',
  '.pem': 'application/x-pem-file',
};

/** What a meta element cannot say (frame-ancestors, nosniff) and, in case a page has none, the policy itself. */
const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'x-robots-tag': 'noindex',
};

/**
 * Listens at once and serves until closed. `port` 0 lets the system choose. The directory may be replaced while serving,
 * which is how a site is rebuilt: every request opens its file anew. Reads files and binds a socket; writes nothing.
 * Throws `http-unavailable` (stall).
 */
export async function serveDirectory(options: {
  readonly directory: string;
  readonly host: string;
  readonly port: number;
}): Promise<StaticServer> {
  const root = resolve(options.directory);
  const server = createServer(
    {
      maxHeaderSize: limits.http.headerMaxBytes,
      headersTimeout: limits.http.headersTimeoutMs,
      requestTimeout: limits.http.requestTimeoutMs,
      keepAliveTimeout: limits.http.keepAliveTimeoutMs,
    },
    (request, response) => {
      answer(root, request, response).catch(() => {
        if (response.headersSent) response.destroy();
        else plain(request, response, 500, 'The file could not be read.');
      });
    },
  );
  server.maxConnections = limits.http.connectionsMax;
  server.maxRequestsPerSocket = limits.http.requestsPerSocketMax;
  const { promise, resolve: listening, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(options.port, options.host, listening);
  try {
    await promise;
  } catch (cause) {
    throw new OperationError(
      'http-unavailable',
      `cannot listen on ${options.host}:${options.port}; choose another port or end the program that has it`,
      { disposition: 'stall', endsWhen: ['configuration'], cause },
    );
  }
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : options.port;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  let closed: Promise<void> | null = null;
  return {
    url: `http://${host}:${port}`,
    close: () => {
      closed ??= new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      });
      return closed;
    },
  };
}

async function answer(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    plain(request, response, 405, 'Only GET and HEAD.');
    return;
  }
  const path = pathOf(request.url ?? '/');
  if (path === null) {
    plain(request, response, 400, 'Not a path.');
    return;
  }
  const file = await readWithin(root, path.endsWith('/') ? `${path}index.html` : path);
  if (file === 'directory') {
    // Relative, so that it is right behind a proxy that cuts a prefix.
    response.setHeader('location', `${encodeURIComponent(path.slice(path.lastIndexOf('/') + 1))}/`);
    plain(request, response, 301, 'Moved.');
    return;
  }
  if (file === null) {
    const page = await readWithin(root, '/404.html');
    if (page === null || page === 'directory') plain(request, response, 404, 'There is no such page.');
    else send(request, response, 404, page, '.html');
    return;
  }
  send(request, response, 200, file, extname(path) === '' ? '.html' : extname(path));
}

/** The path of a request, decoded once; null where it is malformed, leaves the directory or names a hidden file. */
function pathOf(target: string): string | null {
  let path: string;
  try {
    path = decodeURIComponent(target.replace(/[?#].*$/s, ''));
  } catch {
    return null;
  }
  // oxlint-disable-next-line no-control-regex -- a NUL ends the path for the kernel but not for us
  if (!path.startsWith('/') || /[\u0000-\u001f\\]/.test(path)) return null;
  return path.split('/').some((part) => part.startsWith('.')) ? null : path;
}

/** The bytes of a regular file below the root; null when there is none, `directory` when it is one. */
async function readWithin(root: string, path: string): Promise<Buffer | 'directory' | null> {
  const name = join(root, path);
  try {
    // A symbolic link on the way would lead outside; only the root itself may be one.
    if ((await realpath(name)) !== join(await realpath(root), path.replace(/\/$/, ''))) return null;
    const file = await open(name, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const status = await file.stat();
      if (status.isDirectory()) return 'directory';
      if (!status.isFile() || status.size > limits.http.staticFileMaxBytes) return null;
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENAMETOOLONG') return null;
    throw error;
  }
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: Buffer,
  extension: string,
): void {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  // RFC 9110 section 13.1.2: If-None-Match compares weakly and may name several or any.
  const known = (request.headers['if-none-match'] ?? '')
    .split(',')
    .map((each) => each.trim().replace(/^W\//, ''));
  const unchanged = status === 200 && (known.includes(etag) || known.includes('*'));
  response.writeHead(unchanged ? 304 : status, {
    ...securityHeaders,
    etag,
    // Asked again every time, answered with 304: a page must never be older than the site.
    'cache-control': 'no-cache',
    ...(unchanged
      ? {}
      : { 'content-type': types[extension] ?? 'application/octet-stream', 'content-length': body.length }),
  });
  response.end(request.method === 'HEAD' || unchanged ? undefined : body);
}

function plain(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  const body = `${text}\n`;
  response.writeHead(status, {
    ...securityHeaders,
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

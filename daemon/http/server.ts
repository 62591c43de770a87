/**
 * The daemon's own HTTP server: health, metrics and the webhook receiver. On loopback unless configured otherwise, bounded in
 * every direction, and it refuses to know anything: answers come from `state` and `metrics`, a webhook is only a hint.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Log, Secret } from '../ports/plugin.ts';
import { recordLine } from '../record-text.ts';
import { expositionContentType } from './exposition.ts';
import type { Metrics } from './metrics.ts';
import { createWebhookJudge, type WebhookJudge } from './webhook.ts';

/** What `/readyz` reports. */
export interface HealthState {
  /** UTC epoch ms at which the first turn of this process ended; null while none has. */
  readonly firstTurnAt: number | null;
  /** Why not, in sentences without secrets: journal not writable, repository not readable, ... Empty: all is usable. */
  readonly problems: readonly string[];
}

export interface HttpOptions {
  /** Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly state: () => HealthState;
  readonly metrics: Metrics;
  /** Asked at each delivery. null: `/webhook` does not exist. */
  readonly webhookSecret: (() => Promise<Secret>) | null;
  /** "Take a turn soon": must return at once and may be called at any time. */
  readonly onHint: () => void;
  readonly log: Log;
  /** UTC epoch ms, for the replay window. */
  readonly now: () => number;
}

export interface HttpServer {
  readonly address: { readonly host: string; readonly port: number };
  /** Stops listening and ends every connection. Safe to repeat. */
  readonly close: () => Promise<void>;
}

/**
 * Starts the server; resolves when it listens. Throws `http-unavailable` (stall) when the address cannot be had.
 * Routes: GET `/healthz` 200; GET `/readyz` 200 or 503 with reasons; GET `/metrics`; POST `/webhook` 202, 200 for a replay, 401, 413, 503 while its secret cannot be read.
 */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const judge = options.webhookSecret === null ? null : createWebhookJudge();
  const warn = createThrottledWarning(options);
  const server = createServer(
    {
      maxHeaderSize: limits.http.headerMaxBytes,
      headersTimeout: limits.http.headersTimeoutMs,
      requestTimeout: limits.http.requestTimeoutMs,
      keepAliveTimeout: limits.http.keepAliveTimeoutMs,
      connectionsCheckingInterval: limits.http.connectionCheckIntervalMs,
    },
    (request, response) => {
      route(request, response, options, judge, warn).catch((error: unknown) => {
        // A client that went away in the middle of its body; there is nobody to answer.
        options.log.debug({ error }, 'http: request ended early');
        response.destroy();
      });
    },
  );
  server.maxConnections = limits.http.connectionsMax;
  server.maxHeadersCount = limits.http.headersMaxCount;
  server.maxRequestsPerSocket = limits.http.requestsPerSocketMax;
  await listen(server, options.listen);
  const { address, port } = server.address() as AddressInfo;
  return {
    address: { host: address, port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: HttpOptions['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new OperationError(
          'http-unavailable',
          `cannot listen on ${host}:${port} (${cause.code ?? cause.message}); set http.listen to an address that is free`,
          { disposition: 'stall', endsWhen: ['configuration'], cause },
        ),
      );
    });
    server.listen(port, host, resolve);
  });
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpOptions,
  judge: WebhookJudge | null,
  warn: (message: string) => void,
): Promise<void> {
  const path = (request.url ?? '').split('?')[0];
  if (path === '/webhook' && judge !== null) {
    if (request.method !== 'POST') return answer(response, 405, 'send a POST\n', { allow: 'POST' });
    return receive(request, response, options, judge, warn);
  }
  if (path !== '/healthz' && path !== '/readyz' && path !== '/metrics') {
    return answer(response, 404, 'there is /healthz, /readyz and /metrics here\n');
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return answer(response, 405, 'send a GET\n', { allow: 'GET, HEAD' });
  }
  if (path === '/healthz') return answer(response, 200, 'alive\n');
  if (path === '/metrics') {
    return answer(response, 200, options.metrics.render(), { 'content-type': expositionContentType });
  }
  const reasons = reasonsAgainst(options.state());
  if (reasons.length === 0) return answer(response, 200, 'ready\n');
  answer(response, 503, `not ready\n${reasons.map((reason) => `- ${recordLine(reason)}\n`).join('')}`);
}

function reasonsAgainst({ firstTurnAt, problems }: HealthState): string[] {
  return [...(firstTurnAt === null ? ['the first turn has not ended yet'] : []), ...problems];
}

async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpOptions,
  judge: WebhookJudge,
  warn: (message: string) => void,
): Promise<void> {
  const body = await readBody(request);
  if (body === null) {
    options.metrics.webhookReceived('refused');
    warn(`larger than ${limits.http.webhookBodyMaxBytes} bytes`);
    // Node discards the rest of the body, for `requestTimeoutMs` at most, so that the client sees the answer.
    return answer(response, 413, 'the body is too large\n');
  }
  const secret = await secretNow(options);
  if (secret === null) {
    options.metrics.webhookReceived('refused');
    warn('http.webhook.secret cannot be read');
    return answer(response, 503, 'the secret cannot be read just now; send it again later\n');
  }
  const verdict = judge({ headers: request.headers, body }, secret.reveal(), options.now());
  options.metrics.webhookReceived(verdict);
  if (verdict === 'refused') {
    warn('no signature or token that fits http.webhook.secret');
    return answer(response, 401, 'the signature does not fit\n');
  }
  if (verdict === 'replayed') return answer(response, 200, 'this delivery was received before\n');
  options.onHint();
  answer(response, 202, 'accepted\n');
}

/** null: it cannot be read now. */
async function secretNow({ webhookSecret }: HttpOptions): Promise<Secret | null> {
  try {
    return (await webhookSecret?.()) ?? null;
  } catch (error) {
    if (error instanceof OperationError) return null;
    throw error;
  }
}

/** The raw body, or null when it is larger than `limits.http.webhookBodyMaxBytes`; a declared length is believed when it says so. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | null> {
  if (Number(request.headers['content-length'] ?? 0) > limits.http.webhookBodyMaxBytes) return null;
  const chunks: Uint8Array[] = [];
  let lengthBytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    lengthBytes += chunk.byteLength;
    if (lengthBytes > limits.http.webhookBodyMaxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function answer(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  // Node leaves the body out for HEAD.
  response.end(body);
}

/** One line in `limits.http.webhookWarnIntervalMs`, with the number of deliveries it stands for. */
function createThrottledWarning({ log, now }: HttpOptions): (message: string) => void {
  let warnedAt: number | null = null;
  let silent = 0;
  return (reason) => {
    const at = now();
    if (warnedAt !== null && Math.abs(at - warnedAt) < limits.http.webhookWarnIntervalMs) {
      silent++;
      return;
    }
    log.warn({ reason, notLogged: silent }, 'webhook delivery refused');
    warnedAt = at;
    silent = 0;
  };
}

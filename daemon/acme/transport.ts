/** HTTPS to an ACME server: one request, one answer, bounded in time and size. No redirect is followed and nothing is tried again here. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { untrustedServer } from '../core/untrusted-server.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { TrustedRoots } from '../ports/trusted-roots.ts';

export interface AcmeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Link headers (RFC 8288): relation and target. */
  readonly links: readonly { readonly rel: string; readonly url: string }[];
  readonly body: string;
  /** From Retry-After, UTC epoch ms; null when not given. */
  readonly retryAt: number | null;
}

export type AcmeTransport = (
  method: 'GET' | 'HEAD' | 'POST',
  url: string,
  body: string | null,
  signal: AbortSignal,
) => Promise<AcmeAnswer>;

/** Makes a transport for one issuer. `trust` are roots for the server's own certificate; null means the system's. */
export function createTransport(options: {
  readonly issuer: string;
  readonly trust: TrustedRoots | null;
  readonly now: () => number;
}): AcmeTransport {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 4,
    ...(options.trust === null ? {} : { ca: [...options.trust] }),
  });
  return (method, url, body, signal) =>
    new Promise((resolve, reject) => {
      const fail = (cause: unknown): void => {
        const how = `write it (PEM) under trust in the declaration of issuer ${options.issuer}`;
        const untrusted = untrustedServer(cause, { how, given: options.trust !== null });
        const said = cause instanceof Error ? cause.message : String(cause);
        const reason = signal.aborted ? 'the time of this call is over' : (untrusted ?? said);
        reject(
          new OperationError(
            'acme-server',
            `issuer ${options.issuer} could not be reached at ${URL.parse(url)?.host ?? url}: ${reason}`,
            {
              scope: 'issuer',
              disposition: 'retry',
              cause,
            },
          ),
        );
      };
      const bound = AbortSignal.any([signal, AbortSignal.timeout(limits.acme.requestTimeoutMs)]);
      const settings = {
        method,
        signal: bound,
        headers: {
          // RFC 8555 section 6.1 asks for one.
          'user-agent': 'renewd (RFC 8555 client)',
          ...(body === null
            ? {}
            : { 'content-type': 'application/jose+json', 'content-length': Buffer.byteLength(body) }),
        },
      };
      const onResponse = (response: IncomingMessage): void => {
        read(response, url, options.now).then(resolve, fail);
      };
      try {
        const sent = url.startsWith('https:')
          ? httpsRequest(url, { ...settings, agent }, onResponse)
          : httpRequest(url, settings, onResponse);
        sent.on('error', fail);
        sent.end(body ?? undefined);
      } catch (cause) {
        // Node refuses some addresses and trust anchors before anything is sent.
        fail(cause);
      }
    });
}

async function read(response: IncomingMessage, url: string, now: () => number): Promise<AcmeAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limits.acme.responseMaxBytes) {
      response.destroy();
      throw new Error('the answer is too long');
    }
    chunks.push(chunk);
  }
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
  return {
    status: response.statusCode ?? 0,
    headers,
    links: linksOf(headers['link'] ?? '', url),
    body: Buffer.concat(chunks).toString('utf8'),
    retryAt: retryAfter(headers['retry-after'], now()),
  };
}

/** RFC 8288, as far as ACME uses it; targets may be relative. */
function linksOf(header: string, base: string): { readonly rel: string; readonly url: string }[] {
  return [...header.matchAll(/<([^<>]+)>\s*;\s*rel="?([a-z-]+)"?/g)]
    .map(([, target = '', rel = '']) => ({ rel, url: URL.parse(target, base)?.href ?? '' }))
    .filter(({ url }) => url !== '');
}

/** RFC 9110 section 10.2.3: seconds or a date. Never in the past, and never so far away that nobody would look again. */
function retryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  const at = /^\d{1,9}$/.test(value.trim()) ? now + Number(value) * 1000 : Date.parse(value);
  return Number.isNaN(at) ? null : Math.min(Math.max(at, now), now + limits.backoff.retryAfterMaxMs);
}

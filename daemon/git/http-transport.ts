/** Git over HTTP(S), the smart protocol only (gitprotocol-http). A token goes to the configured origin only, and never over plain HTTP to another machine. */
import { notSupportedByPeer } from '../core/not-supported.ts';
import { keyOf } from '../core/same.ts';
import { untrustedServer } from '../core/untrusted-server.ts';
import { decodedPart } from './transport.ts';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIPv4 } from 'node:net';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { saidText, type SaidText } from '../said-text.ts';
import type { TrustedRoots } from '../ports/trusted-roots.ts';
import type { GitService } from '../ports/git-ssh.ts';
import type { Secret } from '../ports/plugin.ts';
import { listRefsRequest, readAdvertisement, readListedRefs, type Advertisement } from './advertisement.ts';
import { createPacketReader, nonsense, remoteWords, type Packet, type PacketReader } from './pkt-line.ts';
import type { Session, Transport } from './transport.ts';

export interface HttpAccess {
  readonly username: string;
  /** Asked before each exchange: a token that was rotated is sent from the next on. null: none is sent. */
  readonly token: (() => Promise<Secret>) | null;
  /** PEM; replaces the system's trust as `http.sslCAInfo` of git does. Asked before each exchange. null: the system's. */
  readonly ca: (() => Promise<TrustedRoots>) | null;
}

/** Makes a transport for an http(s) address. Does no IO itself. @throws OperationError `git-auth` when the token would travel in clear */
export function createHttpTransport(address: URL, access: HttpAccess | null, now: () => number): Transport {
  const base = new URL(address.href);
  base.username = '';
  base.hash = '';
  base.search = '';
  const root = base.href.replace(/\/+$/, '');
  const token = access?.token ?? null;
  const named = decodedPart(address.username, root);
  if (token !== null && base.protocol === 'http:' && !isLoopback(base.hostname)) {
    throw new OperationError(
      'git-auth',
      `${root} would send the token in clear; use https:// for the repository`,
      {
        disposition: 'stall',
        endsWhen: ['secret', 'repository'],
      },
    );
  }
  const wire: Wire = {
    root,
    now,
    ownRoots: access?.ca != null,
    agents: base.protocol === 'https:' ? agentsByRoots(access?.ca ?? null) : oneAgent(),
    authorization:
      token === null
        ? null
        : async () => {
            const user = named || (access?.username ?? '');
            return `Basic ${Buffer.from(`${user}:${(await token()).reveal()}`).toString('base64')}`;
          },
    origin: base.origin,
  };
  let versionTwoAt: string | null = null;

  const listRefs = async (
    wanted: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> => {
    if (versionTwoAt === null) {
      const found = await discover(wire, 'git-upload-pack', wanted, true, signal);
      if (!found.advertisement.versionTwo) return found.advertisement.refs;
      versionTwoAt = found.root;
    }
    const root = versionTwoAt;
    versionTwoAt = null;
    const ask = async (prefixes: readonly string[]): Promise<ReadonlyMap<string, string>> => {
      const body = await post(wire, root, 'git-upload-pack', listRefsRequest(prefixes), true, signal);
      const reader = createPacketReader(body, limits.git.advertisementMaxBytes, wire.root);
      return readListedRefs(reader, root, wanted);
    };
    const branches = wanted.filter((each) => each === 'HEAD' || each.startsWith('refs/heads/'));
    const named = branches.length === 0 ? new Map<string, string>() : await ask(branches);
    // Where the first is not there, what there is instead.
    const refs = named.has(wanted[0] ?? '') ? named : new Map([...(await ask(allPrefixes)), ...named]);
    // Remembered only after it worked: the next look needs one round trip.
    versionTwoAt = root;
    return refs;
  };
  const open = async (service: GitService, ref: string, signal: AbortSignal): Promise<Session> => {
    const found = await discover(wire, service, [ref], false, signal);
    return {
      advertisement: found.advertisement,
      request: (body) => post(wire, found.root, service, body, false, signal),
      close: () => undefined,
    };
  };
  return {
    place: root,
    listRefs,
    open,
    close: () => {
      wire.agents.destroy();
    },
  };
}

/** Only branches are watched; `HEAD` tells which one a fresh repository means. */
const allPrefixes = ['HEAD', 'refs/heads/'] as const;

interface Wire {
  readonly root: string;
  readonly origin: string;
  readonly now: () => number;
  readonly agents: Agents;
  /** The configuration names roots for this server. */
  readonly ownRoots: boolean;
  readonly authorization: (() => Promise<string>) | null;
}

/** Keeps connections for the next request. */
interface Agents {
  readonly now: () => Promise<HttpAgent | HttpsAgent>;
  readonly destroy: () => void;
}

function oneAgent(): Agents {
  const agent = new HttpAgent({ keepAlive: true });
  return {
    now: () => Promise.resolve(agent),
    destroy: () => {
      agent.destroy();
    },
  };
}

/** An agent for the roots as they are: connections that were made by other roots are used for nothing new. */
function agentsByRoots(roots: HttpAccess['ca']): Agents {
  let current: { readonly key: string; readonly agent: HttpsAgent } | null = null;
  const made: HttpsAgent[] = [];
  return {
    now: async () => {
      const ca = roots === null ? null : await roots();
      const key = ca === null ? '' : keyOf(...ca);
      if (current?.key === key) return current.agent;
      const agent = new HttpsAgent({ keepAlive: true, ...(ca === null ? {} : { ca: [...ca] }) });
      made.push(agent);
      // What the one before still carries is not cut off; its idle connections end with the server's patience, or with us.
      current = { key, agent };
      return agent;
    },
    destroy: () => {
      for (const agent of made) agent.destroy();
    },
  };
}

interface Discovered {
  /** Where the service really is, after redirects. */
  readonly root: string;
  readonly advertisement: Advertisement;
}

async function discover(
  wire: Wire,
  service: GitService,
  wanted: readonly string[],
  versionTwo: boolean,
  signal: AbortSignal,
): Promise<Discovered> {
  let url = `${wire.root}/info/refs?service=${service}`;
  for (let redirects = 0; ; redirects++) {
    const response = await send(wire, { url, method: 'GET', versionTwo, body: null, type: null, signal });
    const location = response.headers.location;
    if (response.statusCode !== undefined && response.statusCode >= 300 && response.statusCode < 400) {
      response.destroy();
      const next = location === undefined ? null : URL.parse(location, url);
      const suffix = `/info/refs?service=${service}`;
      if (
        next === null ||
        redirects >= limits.git.redirectsMax ||
        !next.href.endsWith(suffix) ||
        (wire.origin.startsWith('https:') && next.protocol !== 'https:')
      ) {
        throw nonsense(wire.root, 'with a redirect that leads nowhere safe');
      }
      url = next.href;
      continue;
    }
    await expectSuccess(wire, response);
    if (response.headers['content-type'] !== `application/x-${service}-advertisement`) {
      response.destroy();
      throw nonsense(wire.root, 'a page instead of a Git repository');
    }
    const bytes = await collect(response, limits.git.advertisementMaxBytes, wire.root);
    const reader = createPacketReader(once(bytes), limits.git.advertisementMaxBytes, wire.root);
    const advertisement = await readAdvertisement(withoutServiceLine(reader), wire.root, wanted);
    return { root: url.slice(0, url.indexOf('/info/refs?')), advertisement };
  }
}

/** gitprotocol-http: `# service=…` and a flush precede the advertisement; version 2 servers may leave both out. */
function withoutServiceLine(reader: PacketReader): PacketReader {
  let first = true;
  const next = async (): Promise<Packet | null> => {
    const line = await reader.next();
    if (!first) return line;
    first = false;
    if (line?.kind !== 'data' || !line.bytes.toString('latin1').startsWith('# service=')) return line;
    const flush = await reader.next();
    return flush?.kind === 'flush' ? reader.next() : flush;
  };
  return { next, rest: reader.rest };
}

async function post(
  wire: Wire,
  root: string,
  service: GitService,
  body: Uint8Array,
  versionTwo: boolean,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const url = `${root}/${service}`;
  const response = await send(wire, { url, method: 'POST', versionTwo, body, type: service, signal });
  await expectSuccess(wire, response);
  return failuresNamed(response, wire.root);
}

interface HttpExchange {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly versionTwo: boolean;
  readonly body: Uint8Array | null;
  readonly type: GitService | null;
  readonly signal: AbortSignal;
}

async function send(wire: Wire, exchange: HttpExchange): Promise<IncomingMessage> {
  const url = new URL(exchange.url);
  const headers: Record<string, string> = { 'user-agent': 'git/renewd', accept: '*/*' };
  if (exchange.versionTwo) headers['git-protocol'] = 'version=2';
  // A redirect to another origin gets no token (git: credentials belong to a host).
  if (wire.authorization !== null && url.origin === wire.origin) {
    headers['authorization'] = await wire.authorization();
  }
  if (exchange.type !== null) {
    headers['content-type'] = `application/x-${exchange.type}-request`;
    headers['accept'] = `application/x-${exchange.type}-result`;
    headers['content-length'] = String(exchange.body?.length ?? 0);
  }
  const agent = url.origin === wire.origin ? { agent: await wire.agents.now() } : {};
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send(
    url,
    {
      method: exchange.method,
      headers,
      signal: AbortSignal.any([exchange.signal, AbortSignal.timeout(limits.git.transferTimeoutMs)]),
      ...agent,
    },
    resolve,
  );
  request.on('error', reject);
  request.setTimeout(limits.git.idleTimeoutMs, () => {
    request.destroy(new Error(`nothing received for ${limits.git.idleTimeoutMs / 1000} s`));
  });
  request.end(exchange.body ?? undefined);
  try {
    return await promise;
  } catch (cause) {
    exchange.signal.throwIfAborted();
    throw unreachable(wire.root, cause, wire.ownRoots);
  }
}

async function expectSuccess(wire: Wire, response: IncomingMessage): Promise<void> {
  const status = response.statusCode ?? 0;
  if (status === 200) return;
  const text = await readSome(response);
  const words = /html/i.test(response.headers['content-type'] ?? '')
    ? ''
    : remoteWords(text, limits.git.remoteWordsMaxChars);
  const said = words === '' ? '' : `: ${words}`;
  const unsupported = notSupportedByPeer(text);
  if (unsupported !== null)
    throw new OperationError('unsupported', `${wire.root} answered ${status}: ${unsupported}`, {
      disposition: 'stall',
      endsWhen: ['repository', 'configuration'],
    });
  if (status === 401 || status === 403) {
    throw new OperationError(
      'git-auth',
      `${wire.root} refused access (${status})${said}; check the token and its rights`,
      { disposition: 'stall', endsWhen: ['secret', 'repository'] },
    );
  }
  const wait = retryAfterMs(response.headers['retry-after'], wire.now());
  if ((status === 429 || status === 503) && wait !== null) {
    throw new OperationError(
      'git-unavailable',
      `${wire.root} asks us to come back later (${status})${said}`,
      {
        disposition: 'wait',
        retryAt: wire.now() + Math.min(wait, limits.backoff.retryAfterMaxMs),
      },
    );
  }
  const hint =
    status === 404
      ? '; the repository is not there: it was moved, renamed or deleted, or the address is wrong. Some servers answer so too where the credentials may not see it'
      : '';
  throw new OperationError('git-unavailable', `${wire.root} answered ${status}${said}${hint}`, {
    disposition: 'retry',
  });
}

/** RFC 9110 section 10.2.3: seconds or a date. */
function retryAfterMs(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.max(ms, 0) : null;
}

/** The beginning of an answer, as far as it is shown. */
async function readSome(response: IncomingMessage): Promise<SaidText> {
  let text = '';
  let isWhole = false;
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > limits.git.remoteWordsMaxChars) break;
    }
    isWhole = text.length <= limits.git.remoteWordsMaxChars;
  } catch {
    // The status alone says enough.
  }
  response.destroy();
  return saidText(text, { after: !isWhole });
}

async function collect(source: AsyncIterable<Uint8Array>, maxBytes: number, place: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const part of failuresNamed(source, place)) {
    total += part.length;
    if (total > maxBytes) throw nonsense(place, `more than ${maxBytes} bytes of references`);
    parts.push(part);
  }
  return Buffer.concat(parts, total);
}

async function* failuresNamed(source: AsyncIterable<Uint8Array>, place: string): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (cause) {
    throw unreachable(place, cause);
  }
}
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function unreachable(place: string, cause: unknown, given = false): OperationError {
  const how = 'name a file that holds it (PEM) as git.caFile in the configuration';
  const reason =
    untrustedServer(cause, { how, given }) ?? (cause instanceof Error ? cause.message : String(cause));
  const words = remoteWords(saidText(reason), limits.git.remoteWordsMaxChars);
  const unsupported = notSupportedByPeer(reason);
  return new OperationError(
    'git-unavailable',
    `${place} could not be reached: ${words}${unsupported === null ? '' : `; ${unsupported}`}`,
    {
      disposition: 'retry',
      cause,
    },
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

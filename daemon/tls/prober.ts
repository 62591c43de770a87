/**
 * One real TLS handshake, as a client makes it: what is served at an address under a name, and whether its chain verifies. It looks and never judges names
 * or times: that is `core/served.ts`. Everything a server sends is bounded.
 */
import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, rootCertificates, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { Address, CertificateFacts, Handshake, Instant } from '../core/model.ts';
import { limits } from '../limits.ts';
import { judgeChain } from '../x509/chain.ts';
import { certificateFacts } from '../x509/facts.ts';
import { pemToDer } from '../x509/pem.ts';

export interface HandshakeQuestion {
  readonly address: Address;
  /** PEM roots that clients of the issuer trust; null: the roots that come with Node. */
  readonly anchors: readonly string[] | null;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly now: Instant;
}

type Failure = NonNullable<Handshake['failure']>;

/** Looks once. IO: DNS and one connection. Never rejects for what a server does; rejects only with the reason of `signal`. */
export async function observeHandshake(question: HandshakeQuestion): Promise<Handshake> {
  const { address, signal } = question;
  signal.throwIfAborted();
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(question.timeoutMs)]);
  const host = await resolve(address.host);
  if (host === null)
    return failed(address, { result: 'name-unresolved', detail: `${address.host} has no address in DNS` });
  const socket = await openSocket(host, address.port, deadline, question.timeoutMs);
  if (!('write' in socket)) {
    signal.throwIfAborted();
    return failed(address, socket);
  }
  const seen = await shakeHands(socket, address, deadline, question.timeoutMs);
  socket.destroy();
  signal.throwIfAborted();
  return 'result' in seen ? failed(address, seen) : observed(question, seen);
}

interface Seen {
  /** DER as sent, leaf first. */
  readonly chain: readonly Uint8Array[];
  readonly protocol: string | null;
}

function failed(address: Address, failure: Failure): Handshake {
  return { address, leaf: null, chain: [], failure, trust: 'not-judged', protocol: null };
}

async function resolve(host: string): Promise<string | null> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch {
    return null;
  }
}

function openSocket(
  host: string,
  port: number,
  deadline: AbortSignal,
  timeoutMs: number,
): Promise<Socket | Failure> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port, noDelay: true });
    const give = (detail: string): void => {
      socket.destroy();
      resolve({ result: 'connection-failed', detail });
    };
    const onDeadline = (): void => {
      give(`no connection within ${String(timeoutMs / 1000)} s`);
    };
    deadline.addEventListener('abort', onDeadline, { once: true });
    socket.once('connect', () => {
      deadline.removeEventListener('abort', onDeadline);
      resolve(socket);
    });
    // Stays for the life of the socket: a late error has nobody else to tell.
    socket.on('error', (error) => {
      deadline.removeEventListener('abort', onDeadline);
      give(reasonOf(error));
    });
  });
}

function reasonOf(error: Error & { readonly code?: string }): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'the connection was refused: nothing listens there';
    case 'ECONNRESET':
      return 'the server ended the connection';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no route to the host';
    default:
      return error.message.split('\n')[0] ?? error.message;
  }
}

function shakeHands(
  socket: Socket,
  address: Address,
  deadline: AbortSignal,
  timeoutMs: number,
): Promise<Seen | Failure> {
  return new Promise((resolve) => {
    const tls: TLSSocket = connectTls({
      socket,
      // RFC 6066: a server name is a DNS name, never an address.
      ...(isIP(address.serverName) === 0 ? { servername: address.serverName } : {}),
      rejectUnauthorized: false,
      // An observer must see what old and badly configured servers show, too.
      minVersion: 'TLSv1',
      ciphers: 'ALL:@SECLEVEL=0',
    });
    let bytes = 0;
    const settle = (value: Seen | Failure): void => {
      deadline.removeEventListener('abort', onDeadline);
      socket.off('data', countBytes);
      resolve(value);
      tls.destroy();
    };
    function onDeadline(): void {
      settle({
        result: 'handshake-failed',
        detail: `the handshake did not end within ${String(timeoutMs / 1000)} s`,
      });
    }
    function countBytes(chunk: Uint8Array): void {
      bytes += chunk.length;
      if (bytes > limits.tls.handshakeMaxBytes)
        settle({ result: 'handshake-failed', detail: 'the server sent too much for a handshake' });
    }
    deadline.addEventListener('abort', onDeadline, { once: true });
    tls.once('secureConnect', () => {
      const chain = chainOf(tls);
      const protocol = tls.getProtocol();
      settle(
        chain.length === 0
          ? { result: 'no-certificate', detail: 'the handshake ended without a certificate' }
          : { chain, protocol },
      );
    });
    tls.on('error', (error: Error & { readonly code?: string; readonly reason?: string }) => {
      // A server that wants a client certificate may refuse us after it has shown its own.
      const chain = chainOf(tls);
      if (chain.length > 0) settle({ chain, protocol: tls.getProtocol() });
      else settle({ result: 'handshake-failed', detail: handshakeReason(error) });
    });
    tls.once('close', () => {
      settle({ result: 'handshake-failed', detail: 'the server ended the connection during the handshake' });
    });
  });
}

function handshakeReason(error: Error & { readonly code?: string; readonly reason?: string }): string {
  if (error.code === 'ECONNRESET') return 'the server ended the connection during the handshake';
  if (error.code === 'ERR_SSL_WRONG_VERSION_NUMBER' || error.code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return 'the port answers, but not with TLS';
  return error.reason ?? error.message.split('\n')[0] ?? error.message;
}

/** The certificates as sent. Node links each to its issuer; a root links to itself, and a hostile chain may be long. */
function chainOf(tls: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let peer = tls.getPeerCertificate(true) as PeerCertificate & {
    readonly issuerCertificate?: PeerCertificate & { raw?: Buffer };
  };
  const seen = new Set<string>();
  while (
    (peer as { readonly raw?: Buffer } | null)?.raw !== undefined &&
    chain.length < limits.x509.chainMax
  ) {
    if (seen.has(peer.fingerprint256)) break;
    seen.add(peer.fingerprint256);
    chain.push(new Uint8Array(peer.raw));
    const next = (peer as { readonly issuerCertificate?: typeof peer }).issuerCertificate;
    if (next === undefined) break;
    peer = next;
  }
  return chain;
}

function observed({ address, anchors, now }: HandshakeQuestion, { chain, protocol }: Seen): Handshake {
  const [first, ...rest] = chain;
  const leaf = first === undefined ? null : factsOf(first);
  if (first === undefined || leaf === null) {
    return failed(address, {
      result: 'handshake-failed',
      detail: 'what the server sent as its certificate cannot be read',
    });
  }
  return {
    address,
    leaf,
    chain: rest.map(factsOf).filter((each) => each !== null),
    failure: null,
    trust: trustOf(first, rest, anchors, leaf, now),
    protocol,
  };
}

/** Certificates come back at every look: their facts are kept by their bytes. */
const known = new Map<string, CertificateFacts>();

function factsOf(der: Uint8Array): CertificateFacts | null {
  const key = Buffer.from(der).toString('latin1');
  const kept = known.get(key);
  if (kept !== undefined) return kept;
  try {
    const facts = certificateFacts(der);
    if (known.size >= limits.tls.factsKept) known.clear();
    known.set(key, facts);
    return facts;
  } catch {
    return null;
  }
}

const anchorsRead = new WeakMap<readonly string[], readonly Uint8Array[]>();

function derOf(anchors: readonly string[] | null): readonly Uint8Array[] {
  const pems = anchors ?? rootCertificates;
  let ders = anchorsRead.get(pems);
  if (ders === undefined) {
    ders = pems.flatMap((pem) => pemToDer(pem));
    anchorsRead.set(pems, ders);
  }
  return ders;
}

/** Names and times of the leaf are judged elsewhere: here only whether the chain leads to an anchor, at a time at which the leaf is valid. */
function trustOf(
  leaf: Uint8Array,
  intermediates: readonly Uint8Array[],
  anchors: readonly string[] | null,
  facts: CertificateFacts,
  now: Instant,
): Handshake['trust'] {
  const at = Math.min(Math.max(now, facts.notBefore), facts.notAfter);
  const { verdict } = judgeChain({ leaf, intermediates, anchors: derOf(anchors), now: at });
  // A lone leaf of an issuer we know nothing of, below our own root: what was not sent is the intermediate.
  if (
    verdict === 'untrusted' &&
    intermediates.length === 0 &&
    !facts.selfSigned &&
    issuedBelow(facts, anchors)
  )
    return 'chain-incomplete';
  return verdict;
}

/** Whether the issuer's organisation is the one of an anchor: the sign that a private CA's intermediate is missing, since private CAs give no address to fetch it from. */
function issuedBelow(facts: CertificateFacts, anchors: readonly string[] | null): boolean {
  if (anchors === null) return false;
  const organization = organizationOf(facts.issuer);
  return (
    organization !== null &&
    derOf(anchors).some((der) => organizationOf(factsOf(der)?.subject ?? '') === organization)
  );
}

function organizationOf(name: string): string | null {
  return /(?:^|, )(O=(?:[^,\\]|\\.)+)/.exec(name)?.[1] ?? null;
}

/**
 * One real TLS handshake, as a client makes it: what is served at an address under a name, and whether its chain verifies. It looks and never judges names
 * or times: that is `core/served.ts`. Everything a server sends is bounded.
 */
import { constants, hash } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls, rootCertificates, type TLSSocket } from 'node:tls';
import type { Address, CertificateFacts, Handshake, Instant } from '../core/model.ts';
import { limits } from '../limits.ts';
import { judgeChain } from '../x509/chain.ts';
import { certificateFacts } from '../x509/facts.ts';
import { pemToDer } from '../x509/pem.ts';
import { openConnection, seconds, systemResolver, type Failure, type Resolver } from './connection.ts';

export interface HandshakeQuestion {
  readonly address: Address;
  /** PEM roots that clients of the issuer trust; null: the roots that come with Node. */
  readonly anchors: readonly string[] | null;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly now: Instant;
  /** How host names become addresses; as everywhere on this machine unless told. */
  readonly resolver?: Resolver;
}

/**
 * Looks once. IO: DNS and one connection, over after `timeoutMs` at the latest. Safe to repeat. Never rejects for what a server does; rejects only with
 * the reason of `signal`. The message sizes of a handshake are bounded by OpenSSL itself (100 KiB of certificates); nothing else of a server is kept.
 */
export async function observeHandshake(question: HandshakeQuestion): Promise<Handshake> {
  const { address, signal } = question;
  signal.throwIfAborted();
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(question.timeoutMs)]);
  const socket = await openConnection(
    address,
    question.resolver ?? systemResolver,
    deadline,
    question.timeoutMs,
  );
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

/**
 * Groups in the order of what clients prefer, then every other one this OpenSSL knows: a server that takes only a rare one is seen, too.
 * A question mark passes over what is not known, a star sends a key share at once.
 */
const groups =
  '?*X25519MLKEM768:?*X25519:?P-256:?P-384:?P-521:?X448:?SecP256r1MLKEM768:?SecP384r1MLKEM1024:?MLKEM1024';

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
      // Anonymous suites last: no client asks for them, but they tell a server without a certificate from one that is broken.
      ciphers: 'ALL:+aNULL:@SECLEVEL=0',
      ecdhCurve: groups,
      // Servers from before RFC 5746 are refused by default before they have shown anything.
      secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT,
    });
    let keyProved = false;
    let settled = false;
    const settle = (value: Seen | Failure): void => {
      settled = true;
      deadline.removeEventListener('abort', onDeadline);
      resolve(value);
      tls.destroy();
    };
    function onDeadline(): void {
      settle({
        result: 'handshake-failed',
        detail: `the handshake did not end within ${seconds(timeoutMs)}`,
      });
    }
    deadline.addEventListener('abort', onDeadline, { once: true });
    if (deadline.aborted) onDeadline();
    // The secret in the line is not looked at. Up to TLS 1.2 it is logged when the server's whole flight was read, its signature with it; TLS 1.3 logs others.
    tls.on('keylog', (line: Buffer) => {
      if (line.toString('latin1', 0, 14) === 'CLIENT_RANDOM ') keyProved = signsItsShare(tls);
    });
    tls.once('secureConnect', () => {
      const chain = chainOf(tls);
      const protocol = tls.getProtocol();
      settle(
        chain.length === 0
          ? { result: 'no-certificate', detail: 'the handshake ended without a certificate' }
          : { chain, protocol },
      );
    });
    tls.on('error', (error: TlsError) => {
      if (settled) return;
      // Up to TLS 1.2 a server that wants a client certificate refuses us after it has shown its own and proved that it has the key.
      // Any other failure is one for every client, whatever certificate was shown before it.
      const chain = keyProved && refusesClient(error) ? chainOf(tls) : [];
      if (chain.length > 0) settle({ chain, protocol: tls.getProtocol() });
      else settle(handshakeFailure(error, address));
    });
    tls.once('close', () => {
      settle({ result: 'handshake-failed', detail: 'the server ended the connection during the handshake' });
    });
  });
}

type TlsError = Error & { readonly code?: string; readonly reason?: string };

/** An ephemeral share is signed with the key of the certificate (RFC 5246 section 7.4.3); without one nothing is, before the end. */
function signsItsShare(tls: TLSSocket): boolean {
  return Object.keys(tls.getEphemeralKeyInfo() ?? {}).length > 0;
}

/** Alerts (RFC 8446 section 6.2) a server gives to a client without a certificate: handshake_failure, the certificate ones, unknown_ca, access_denied, certificate_required. */
const clientRefusals: readonly number[] = [40, 41, 42, 43, 44, 45, 46, 48, 49, 116];
const unrecognizedName = 112;

/** OpenSSL's names of alerts differ from version to version, their numbers do not. */
function alertOf(error: TlsError): number | null {
  const number = /SSL alert number (\d+)/.exec(error.message)?.[1];
  return number === undefined ? null : Number(number);
}

function refusesClient(error: TlsError): boolean {
  const alert = alertOf(error);
  // Some servers only hang up.
  return alert === null ? error.code === 'ECONNRESET' : clientRefusals.includes(alert);
}

function handshakeFailure(error: TlsError, { serverName }: Address): Failure {
  // RFC 6066 section 3: the server knows no certificate for this name.
  if (alertOf(error) === unrecognizedName)
    return { result: 'no-certificate', detail: `the server has no certificate for ${serverName}` };
  return { result: 'handshake-failed', detail: handshakeReason(error) };
}

function handshakeReason(error: TlsError): string {
  if (error.code === 'ECONNRESET') return 'the server ended the connection during the handshake';
  if (error.code === 'ERR_SSL_WRONG_VERSION_NUMBER' || error.code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return 'the port answers, but not with TLS';
  return error.reason ?? error.message.split('\n')[0] ?? error.message;
}

/**
 * The certificates exactly as sent, leaf first. Not `getPeerCertificate(true)`: that one builds a path, leaves out what does not fit and adds roots of the store.
 * Takes them out of the connection: to be called once.
 */
function chainOf(tls: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let peer = tls.getPeerX509Certificate();
  while (peer !== undefined && chain.length < limits.x509.chainMax) {
    chain.push(new Uint8Array(peer.raw));
    peer = peer.issuerCertificate;
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
    ...trustOf(first, rest, anchors, leaf, now),
    protocol,
  };
}

/** Certificates come back at every look: their facts are kept by the hash of their bytes. */
const known = new Map<string, CertificateFacts>();

function factsOf(der: Uint8Array): CertificateFacts | null {
  const key = hash('sha256', der);
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
): Pick<Handshake, 'trust' | 'distrust'> {
  const at = Math.min(Math.max(now, facts.notBefore), facts.notAfter);
  const { verdict, reason } = judgeChain({ leaf, intermediates, anchors: derOf(anchors), now: at });
  // A lone leaf of an issuer we know nothing of, below our own root: what was not sent is the intermediate.
  if (
    verdict === 'untrusted' &&
    intermediates.length === 0 &&
    !facts.selfSigned &&
    issuedBelow(facts, anchors)
  )
    return { trust: 'chain-incomplete', distrust: 'the certificate was sent without its intermediates' };
  return { trust: verdict, distrust: reason };
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

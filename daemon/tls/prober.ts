/**
 * Real TLS handshakes, as clients make them: what is served at each address of a host under a name, and whether its chain verifies. It looks and never judges names
 * or times: that is `core/served.ts`. Everything a server sends is bounded.
 */
import { constants } from 'node:crypto';
import type { LookupAddress } from 'node:dns';
import { isIP, type Socket } from 'node:net';
import {
  connect as connectTls,
  createSecureContext,
  type DetailedPeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { Address, Anchors, Handshake, Instant } from '../core/model.ts';
import { counted, listed } from '../core/count.ts';
import type { Reach } from '../core/reach.ts';
import { limits } from '../limits.ts';
import {
  addressesToTry,
  openSocket,
  seconds,
  systemResolver,
  type Failure,
  type Resolver,
} from './connection.ts';
import { newEffort, type Effort } from '../x509/chain.ts';
import { factsOf, judgeSent, type Judged } from './trust.ts';

export interface HandshakeQuestion {
  readonly address: Address;
  /** Over which addresses it may be looked at. */
  readonly reach: Reach;
  /** PEM roots that clients of the issuer trust; null: the roots that come with Node. */
  readonly anchors: Anchors;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly now: Instant;
  /** Of the certificate that is to be seen: a server with several shows the one with this kind of key. Absent: whatever it prefers. */
  readonly keyAlgorithm?: string;
  /** How host names become addresses; as everywhere on this machine unless told. */
  readonly resolver?: Resolver;
}

/**
 * Looks once at every address of the host. IO: DNS and a connection to each, over after `timeoutMs` at the latest. Safe to repeat. Never rejects for what a server
 * does; rejects only with the reason of `signal`. Of several addresses those to which nobody can connect are passed over while another answers, because clients do so
 * too (RFC 8305); each that answers is one that some client gets, and `others` holds them. Those that may not be looked at, or that are too many, are among them
 * as `address-refused`: what was not seen is never left out. The message sizes of a handshake are bounded by OpenSSL itself (100 KiB of
 * certificates); nothing else of a server is kept.
 */
export async function observeHandshake(question: HandshakeQuestion): Promise<Handshake> {
  const { address, signal, timeoutMs } = question;
  signal.throwIfAborted();
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const found = await addressesToTry(
    address,
    question.reach,
    question.resolver ?? systemResolver,
    deadline,
    timeoutMs,
  );
  if ('result' in found) {
    signal.throwIfAborted();
    return failed(address, found);
  }
  const max = limits.tls.addressesPerNameMax;
  // One for all of them: whoever owns a name chooses how many addresses it has.
  const look = { ...question, effort: newEffort(limits.tls.signaturesPerLookMax) };
  const looks = await Promise.all(found.permitted.slice(0, max).map((each) => lookAt(each, look, deadline)));
  signal.throwIfAborted();
  const beyond = found.permitted.slice(max).map((each) => each.address);
  const unseen = [
    ...found.refused.map((each) => ({ ...failed(address, each.failure), at: each.address })),
    ...(beyond.length === 0 ? [] : [failed(address, tooMany(address, beyond))]),
  ];
  const answered = looks.filter((each) => each.failure?.result !== 'connection-failed');
  const [
    one = failed(address, { result: 'name-unresolved', detail: `${address.host} has no address in DNS` }),
    ...others
  ] = [...(answered.length > 0 ? answered : looks.slice(0, 1)), ...unseen];
  return others.length === 0 ? one : { ...one, others };
}

/** A name with more addresses than are looked at: what the rest of its clients get, nobody saw. */
function tooMany({ host, port, serverName }: Address, beyond: readonly string[]): Failure {
  const max = limits.tls.addressesPerNameMax;
  const [first = ''] = beyond;
  const written = isIP(first) === 6 ? `[${first}]` : first;
  return {
    result: 'address-refused',
    detail: `${host} leads to ${counted(max + beyond.length, 'address')}, and at most ${String(max)} are looked at: not at ${listed(beyond)}. Declare its addresses under serves in place of the name, such as { address: '${written}:${String(port)}', serverName: ${serverName} }`,
  };
}

/** A question on its way to the addresses. */
interface Look extends HandshakeQuestion {
  readonly effort: Effort;
}

/** One address, and once more where another kind of key is shown than was installed: a server with an RSA and an ECDSA certificate shows by what is asked for. */
async function lookAt(to: LookupAddress, question: Look, deadline: AbortSignal): Promise<Handshake> {
  const seen = await lookOnce(to, question, deadline, 'any');
  const wanted = question.keyAlgorithm === undefined ? null : familyOf(question.keyAlgorithm);
  if (seen.leaf === null || wanted === null || familyOf(seen.leaf.keyAlgorithm) === wanted) return seen;
  const again = await lookOnce(to, question, deadline, wanted);
  return again.leaf === null ? seen : again;
}

async function lookOnce(
  to: LookupAddress,
  question: Look,
  deadline: AbortSignal,
  family: Family,
): Promise<Handshake> {
  const { address, timeoutMs } = question;
  const socket = await openSocket(to, address.port, deadline, timeoutMs);
  if (!('write' in socket)) return { ...failed(address, socket), at: to.address };
  const seen = await shakeHands(socket, to.address, question, deadline, family);
  socket.destroy();
  return {
    ...('result' in seen ? failed(address, seen) : observed(address, seen, question.effort)),
    at: to.address,
  };
}

type Family = 'any' | 'rsa' | 'ecdsa' | 'ed25519';

/** Of an algorithm such as `ecdsa-p256`; null where clients cannot ask for it apart. */
function familyOf(algorithm: string): Exclude<Family, 'any'> | null {
  const [family = ''] = algorithm.split('-');
  return family === 'rsa' || family === 'ecdsa' || family === 'ed25519' ? family : null;
}

/** What is offered (RFC 8446 section 4.2.3), so that a server with several certificates shows the one with this kind of key. */
const offers: Readonly<Record<Family, { readonly ciphers: string; readonly sigalgs?: string }>> = {
  // Anonymous suites last: no client asks for them, but they tell a server without a certificate from one that is broken.
  // No finite-field DHE: the server chooses its group, and one of 10,000 bits held this process for 1.2 s (measured). No browser offers it.
  any: { ciphers: 'ALL:+aNULL:!kDHE:!SRP:!PSK:@SECLEVEL=0' },
  rsa: {
    ciphers: 'aRSA:!kDHE:!SRP:!PSK:@SECLEVEL=0',
    sigalgs:
      'rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA1',
  },
  ecdsa: {
    ciphers: 'aECDSA:!kDHE:!SRP:!PSK:@SECLEVEL=0',
    sigalgs: 'ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ECDSA+SHA1',
  },
  ed25519: { ciphers: 'aECDSA:!kDHE:!SRP:!PSK:@SECLEVEL=0', sigalgs: 'ed25519' },
};

interface Seen extends Judged {
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

const contexts = new Map<Family, SecureContext>();

/** One for all looks of a kind: it holds nothing of a connection, and making one costs as much as the handshake. Sessions are never resumed: a look must see the certificate. */
function observerContext(family: Family): SecureContext {
  let context = contexts.get(family);
  if (context === undefined) {
    context = createSecureContext({
      // An observer must see what old and badly configured servers show, too.
      minVersion: 'TLSv1',
      ...offers[family],
      ecdhCurve: groups,
      // Servers from before RFC 5746 are refused by default before they have shown anything.
      secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT,
      // No roots here: Node would put them behind what was sent. Trust is judged apart.
      ca: [],
    });
    contexts.set(family, context);
  }
  return context;
}

function shakeHands(
  socket: Socket,
  at: string,
  question: Look,
  deadline: AbortSignal,
  family: Family,
): Promise<Seen | Failure> {
  const { address, timeoutMs } = question;
  return new Promise((resolve, reject) => {
    const tls: TLSSocket = connectTls({
      socket,
      // RFC 6066: a server name is a DNS name, never an address.
      ...(isIP(address.serverName) === 0 ? { servername: address.serverName } : {}),
      rejectUnauthorized: false,
      secureContext: observerContext(family),
    });
    let keyProved = false;
    let settled = false;
    const settle = (value: Seen | Failure): void => {
      settled = true;
      deadline.removeEventListener('abort', onDeadline);
      resolve(value);
      tls.destroy();
    };
    /** What is thrown while an event is handled would end the process: it is the failure of this look instead. */
    const held =
      <Heard extends readonly unknown[]>(handle: (...heard: Heard) => void) =>
      (...heard: Heard): void => {
        try {
          handle(...heard);
        } catch (thrown) {
          settled = true;
          deadline.removeEventListener('abort', onDeadline);
          reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
          tls.destroy();
        }
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
    tls.on(
      'keylog',
      held((line: Buffer) => {
        if (line.toString('latin1', 0, 14) === 'CLIENT_RANDOM ') keyProved = signsItsShare(tls);
      }),
    );
    tls.once(
      'secureConnect',
      held(() => {
        settle(
          seen(tls, at, question) ?? {
            result: 'no-certificate',
            detail: 'the handshake ended without a certificate',
          },
        );
      }),
    );
    const onError = held((error: TlsError) => {
      if (settled) return;
      // Up to TLS 1.2 a server that wants a client certificate refuses us after it has shown its own and proved that it has the key.
      // Any other failure is one for every client, whatever certificate was shown before it.
      const shown = keyProved && refusesClient(error) ? seen(tls, at, question) : null;
      settle(shown ?? handshakeFailure(error, address, linkedChain(tls).length > 0));
    });
    tls.on('error', onError);
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

const alertHandshakeFailure = 40;
/** Alerts (RFC 8446 section 6.2) a server gives to a client without a certificate: handshake_failure, the certificate ones, unknown_ca, access_denied, certificate_required. */
const clientRefusals: readonly number[] = [alertHandshakeFailure, 41, 42, 43, 44, 45, 46, 48, 49, 116];
const unrecognizedName = 112;

/** A server that takes none of our suites says handshake_failure before it has shown anything (RFC 5246 section 7.4.1.3); one that chooses what was not offered is one too. */
const noCommonSuite =
  'the server takes none of the cipher suites that are asked for: ECDHE, RSA key exchange and those of TLS 1.3. Suites with finite-field DHE are not asked for; switch on ECDHE or TLS 1.3 there';

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

function handshakeFailure(error: TlsError, { serverName }: Address, hasShown: boolean): Failure {
  const alert = alertOf(error);
  if (!hasShown && (alert === alertHandshakeFailure || error.code === 'ERR_SSL_WRONG_CIPHER_RETURNED'))
    return { result: 'handshake-failed', detail: noCommonSuite };
  // RFC 6066 section 3: the server knows no certificate for this name.
  if (alert === unrecognizedName)
    return { result: 'no-certificate', detail: `the server has no certificate for ${serverName}` };
  return { result: 'handshake-failed', detail: handshakeReason(error) };
}

function handshakeReason(error: TlsError): string {
  if (error.code === 'ECONNRESET') return 'the server ended the connection during the handshake';
  if (error.code === 'ERR_SSL_WRONG_VERSION_NUMBER' || error.code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return 'the port answers, but not with TLS';
  return error.reason ?? error.message.split('\n')[0] ?? error.message;
}

function seen(tls: TLSSocket, at: string, question: Look): Seen | null {
  const linked = linkedChain(tls);
  if (linked.length === 0) return null;
  return { ...judgeSent(linked, () => sentChain(tls), { ...question, at }), protocol: tls.getProtocol() };
}

/** From the leaf upwards through what was sent: Node takes the first certificate that has the issuer's name. A root links to itself. */
function linkedChain(tls: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  const met = new Set<string>();
  let peer: Partial<DetailedPeerCertificate> | undefined = tls.getPeerCertificate(true);
  while (peer?.raw !== undefined && chain.length < limits.x509.chainMax) {
    const fingerprint = peer.fingerprint256 ?? '';
    if (met.has(fingerprint)) break;
    met.add(fingerprint);
    chain.push(new Uint8Array(peer.raw));
    peer = peer.issuerCertificate;
  }
  return chain;
}

/** Everything that was sent, in its order. Takes it out of the connection, and Node 24 never frees what it took (8 KB a call, measured): only for where it is needed. */
function sentChain(tls: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let peer = tls.getPeerX509Certificate();
  while (peer !== undefined && chain.length < limits.x509.chainMax) {
    chain.push(new Uint8Array(peer.raw));
    peer = peer.issuerCertificate;
  }
  return chain;
}

function observed(address: Address, { chain, trust, distrust, protocol }: Seen, effort: Effort): Handshake {
  const [leaf = null, ...rest] = chain.map((der) => factsOf(der, effort));
  if (leaf === null) {
    return failed(address, {
      result: 'handshake-failed',
      detail: 'what the server sent as its certificate cannot be read',
    });
  }
  const readable = rest.filter((each) => each !== null);
  return { address, leaf, chain: readable, failure: null, trust, distrust, protocol };
}

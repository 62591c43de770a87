/** Whether what a server sent leads to an anchor, and what is remembered so that looking again is cheap. Judges neither names nor the times of the leaf. */
import { hash } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import type { Address, Anchors, CertificateFacts, Handshake, Instant } from '../core/model.ts';
import { keyOf } from '../core/same.ts';
import { limits } from '../limits.ts';
import { judgeChain, type Effort } from '../x509/chain.ts';
import { certificateFacts } from '../x509/facts.ts';
import { pemToDer } from '../x509/pem.ts';

export interface Judged {
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[];
  readonly trust: Handshake['trust'];
  readonly distrust: string | null;
}

export interface TrustQuestion {
  readonly address: Pick<Address, 'port' | 'serverName'>;
  /** The IP address that sent it. */
  readonly at: string;
  /** What the look may spend on signatures, over all its addresses. */
  readonly effort: Effort;
  readonly anchors: Anchors;
  readonly now: Instant;
}

/** What was sent beside the linked chain, by who sent it: with which linked chain, and until when that counts. */
const sentBefore = new Map<
  string,
  { readonly until: Instant; readonly linked: string; readonly chain: readonly Uint8Array[] }
>();

/**
 * Judges the chain that links upwards from the leaf; where it does not verify, everything that was sent: a server may send two intermediates of one name (cross-signing), and clients
 * find the one that leads to a root. What an address sent an hour ago only saves reading it again where it leads nowhere either: trusted is only what this connection sent, since
 * another address of the name, or this one before, may have sent more. Remembers; otherwise pure.
 */
export function judgeSent(
  linked: readonly Uint8Array[],
  readSent: () => readonly Uint8Array[],
  { address, at, effort, anchors, now }: TrustQuestion,
): Judged {
  if (anchors === 'unknown') return { chain: linked, trust: 'not-judged', distrust: null };
  const first = trustOf(linked, anchors, now, effort);
  if (first.trust === 'trusted') return { chain: linked, ...first };
  const key = keyOf(at, address.port, address.serverName);
  const judge = (chain: readonly Uint8Array[]): Judged =>
    chain.length > linked.length
      ? { chain, ...trustOf(chain, anchors, now, effort) }
      : { chain: linked, ...first };
  const linkedHash = hash('sha256', Buffer.concat(linked));
  const before = sentBefore.get(key);
  if (before !== undefined && before.linked === linkedHash && before.until > now) {
    const judged = judge(before.chain);
    if (judged.trust !== 'trusted') return judged;
  }
  if (sentBefore.size >= limits.tls.factsKept) sentBefore.clear();
  const chain = readSent();
  sentBefore.set(key, { until: now + limits.tls.sentKeptMs, linked: linkedHash, chain });
  return judge(chain);
}

/** Certificates come back at every look: their facts are kept by the hash of their bytes. */
const known = new Map<string, CertificateFacts>();

/**
 * The facts of a certificate; null when it cannot be read. Whether it signed itself costs a verification, which comes out of `effort`: where nothing is left of that, it is said that
 * it did not, and that is not kept. Pure but for what it remembers.
 */
export function factsOf(der: Uint8Array, effort?: Effort): CertificateFacts | null {
  const key = hash('sha256', der);
  const kept = known.get(key);
  if (kept !== undefined) return kept;
  try {
    const facts = certificateFacts(der, effort);
    if (effort !== undefined && effort.left <= 0) return facts;
    if (known.size >= limits.tls.factsKept) known.clear();
    known.set(key, facts);
    return facts;
  } catch {
    return null;
  }
}

/** The roots that come with Node, PEM: what a client without a list of its own trusts. */
export const systemRoots: readonly string[] = rootCertificates;

const anchorsRead = new WeakMap<readonly string[], readonly Uint8Array[]>();

function derOf(anchors: readonly string[] | null): readonly Uint8Array[] {
  const pems = anchors ?? systemRoots;
  let ders = anchorsRead.get(pems);
  if (ders === undefined) {
    ders = pems.flatMap((pem) => pemToDer(pem));
    anchorsRead.set(pems, ders);
  }
  return ders;
}

/** Names and times of the leaf are judged elsewhere: here only whether the chain leads to an anchor, at a time at which the leaf is valid. */
function trustOf(
  [leaf, ...intermediates]: readonly Uint8Array[],
  anchors: readonly string[] | null,
  now: Instant,
  effort: Effort,
): { readonly trust: Handshake['trust']; readonly distrust: string | null } {
  const facts = leaf === undefined ? null : factsOf(leaf, effort);
  if (leaf === undefined || facts === null)
    return { trust: 'untrusted', distrust: 'the leaf is not a readable certificate' };
  const at = Math.min(Math.max(now, facts.notBefore), facts.notAfter);
  const { verdict, reason } = judgeChain({
    leaf,
    intermediates,
    anchors: derOf(anchors),
    // Browsers' root programs and the owners of issuers decided for them.
    anchorsAsDeclared: true,
    now: at,
    effort,
  });
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

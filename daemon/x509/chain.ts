/**
 * Builds and judges certificate paths (RFC 5280 section 6) with a bounded amount of work. Fetches nothing: what is not
 * given is not there. Revocation is not looked at.
 */
import type { Instant } from '../core/model.ts';
import { limits } from '../limits.ts';
import {
  extensionIds,
  readAuthorityKeyIdentifier,
  readCertificateFields,
  readSubjectKeyIdentifier,
} from './certificate.ts';
import { MalformedInput } from './malformed.ts';
import { parseCertificate } from './parse.ts';
import { pathDefect, type PathCertificate, type PathQuestion } from './path-rules.ts';

export type ChainVerdict = 'trusted' | 'chain-incomplete' | 'untrusted';

export interface ChainQuestion {
  /** DER. */
  readonly leaf: Uint8Array;
  /** DER of what came with the leaf, in any order; what is no certificate is passed over. */
  readonly intermediates: readonly Uint8Array[];
  /** DER of the certificates that are trusted. */
  readonly anchors: readonly Uint8Array[];
  /** DER of intermediates known from elsewhere (what the issuer gave us): only to tell "incomplete" from "untrusted". */
  readonly known?: readonly Uint8Array[];
  readonly now: Instant;
  /** The host name or IP address the leaf must have; absent: names are not compared. */
  readonly serverName?: string;
  /** `serverAuth` unless told. */
  readonly usage?: 'serverAuth' | 'clientAuth';
  /** Also refuse forms that RFC 5280 and the Baseline Requirements forbid but clients accept; off unless told. */
  readonly strict?: boolean;
  /** Intermediates allowed in the path, self-issued ones not counted. */
  readonly depthMax?: number;
}

export interface ChainJudgement {
  readonly verdict: ChainVerdict;
  /** Why not, in one phrase; null when trusted. */
  readonly reason: string | null;
}

/**
 * Would a client that trusts `anchors` accept this leaf with what was sent? Pure. Work is bounded by `limits.x509.path*`; a search that
 * runs out of it is untrusted. Never throws for hostile bytes: a leaf that is no certificate is untrusted.
 *
 * `chain-incomplete` is: a path exists once `known` is added; or the leaf came alone (nothing sent issued it, no anchor did),
 * is not self-issued, and says where its issuer can be fetched (authorityInfoAccess): the mistake of installing `cert.pem` for `fullchain.pem`.
 */
export function verifyChain(question: ChainQuestion): ChainVerdict {
  return judgeChain(question).verdict;
}

/** `verifyChain` with the reason: of the path that got furthest, or that none was found. Pure, bounded. */
export function judgeChain(question: ChainQuestion): ChainJudgement {
  const leaf = read(question.leaf);
  if (leaf === null) return { verdict: 'untrusted', reason: 'the leaf is not a readable certificate' };
  const anchors = question.anchors.map((der) => readAnchor(der)).filter((each) => each !== null);
  const sent = readAll(question.intermediates.slice(0, limits.x509.chainMax * 8));
  const reason = search(leaf, sent, anchors, question);
  if (reason === null) return { verdict: 'trusted', reason };
  const known = readAll((question.known ?? []).slice(0, limits.x509.chainMax * 8));
  if (known.length > 0 && search(leaf, [...sent, ...known], anchors, question) === null) {
    return { verdict: 'chain-incomplete', reason: 'an intermediate certificate was not sent' };
  }
  const isLone = !leaf.selfIssued && ![...sent, ...anchors].some((each) => namesMatch(leaf, each));
  if (isLone && leaf.fields.extensions.has(extensionIds.authorityInfoAccess)) {
    return { verdict: 'chain-incomplete', reason: 'the certificate was sent without its intermediates' };
  }
  return { verdict: 'untrusted', reason };
}

interface Search {
  readonly sent: readonly PathCertificate[];
  readonly anchors: readonly PathCertificate[];
  readonly question: PathQuestion;
  readonly signatures: Map<string, boolean>;
  steps: number;
  reason: string;
}

/** null when a good path exists, else the reason. */
function search(
  leaf: PathCertificate,
  sent: readonly PathCertificate[],
  anchors: readonly PathCertificate[],
  question: ChainQuestion,
): string | null {
  const state: Search = {
    sent,
    anchors,
    question: {
      now: question.now,
      serverName: question.serverName ?? null,
      usage: question.usage ?? 'serverAuth',
      strict: question.strict ?? false,
      depthMax: question.depthMax ?? limits.x509.pathDepthMax,
    },
    signatures: new Map(),
    steps: 0,
    reason: 'no path to a trusted certificate was found',
  };
  // A pinned certificate is its own anchor.
  if (anchors.some((anchor) => same(anchor, leaf)) && isGood([leaf], state)) return null;
  return extend([leaf], state) ? null : state.reason;
}

function extend(path: readonly PathCertificate[], state: Search): boolean {
  const last = path.at(-1);
  if (last === undefined || ++state.steps > limits.x509.pathStepsMax) return false;
  for (const anchor of candidates(last, state.anchors)) {
    if (signedBy(last, anchor, state) && isGood([...path, anchor], state)) return true;
  }
  // Self-issued certificates do not count as depth, so the bound is on length, twice as long.
  if (path.length > 2 * limits.x509.pathDepthMax) return false;
  for (const issuer of candidates(last, state.sent)) {
    if (path.some((each) => same(each, issuer))) continue;
    if (signedBy(last, issuer, state) && extend([...path, issuer], state)) return true;
  }
  return false;
}

/** Those whose subject is the issuer's name; those whose key identifier fits first (RFC 5280 section 4.2.1.1: a hint, not a rule). */
function candidates(child: PathCertificate, from: readonly PathCertificate[]): PathCertificate[] {
  const wanted = attempt(() => readAuthorityKeyIdentifier(child.fields.extensions));
  const rank = (each: PathCertificate): number => {
    const has = attempt(() => readSubjectKeyIdentifier(each.fields.extensions));
    if (wanted === null || has === null) return 1;
    return Buffer.compare(wanted, has) === 0 ? 0 : 2;
  };
  return from.filter((each) => namesMatch(child, each)).sort((one, other) => rank(one) - rank(other));
}

function signedBy(child: PathCertificate, issuer: PathCertificate, state: Search): boolean {
  const pair = `${child.parsed.fingerprint256}/${issuer.parsed.fingerprint256}`;
  const before = state.signatures.get(pair);
  if (before !== undefined) return before;
  if (state.signatures.size >= limits.x509.pathSignaturesMax) {
    state.reason = 'the search for a path was too long';
    return false;
  }
  const verifies = attempt(() => child.parsed.verify(issuer.parsed.publicKey)) ?? false;
  state.signatures.set(pair, verifies);
  return verifies;
}

function isGood(path: readonly PathCertificate[], state: Search): boolean {
  try {
    const defect = pathDefect(path, state.question);
    if (defect !== null) state.reason = defect;
    return defect === null;
  } catch (error) {
    if (!(error instanceof MalformedInput)) throw error;
    state.reason = error.message;
    return false;
  }
}

function readAll(ders: readonly Uint8Array[]): PathCertificate[] {
  return ders.map((der) => read(der)).filter((each) => each !== null);
}

/** Anchors come back with every question as the same bytes in memory: 120 public roots cost 12 ms a handshake when read each time (measured). */
const anchorsRead = new WeakMap<Uint8Array, PathCertificate | null>();

function readAnchor(der: Uint8Array): PathCertificate | null {
  let anchor = anchorsRead.get(der);
  if (anchor === undefined) {
    anchor = read(der);
    anchorsRead.set(der, anchor);
  }
  return anchor;
}

function read(der: Uint8Array): PathCertificate | null {
  try {
    const fields = readCertificateFields(der);
    const selfIssued = Buffer.compare(fields.subject, fields.issuer) === 0;
    return { der, fields, parsed: parseCertificate(der), selfIssued };
  } catch (error) {
    if (error instanceof MalformedInput) return null;
    throw error;
  }
}

/** OpenSSL throws for keys and signatures of kinds it does not know; our reader for damaged extensions. Either is "no". */
function attempt<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function namesMatch(child: PathCertificate, issuer: PathCertificate): boolean {
  return Buffer.compare(child.fields.issuer, issuer.fields.subject) === 0;
}

function same(one: PathCertificate, other: PathCertificate): boolean {
  return Buffer.compare(one.der, other.der) === 0;
}

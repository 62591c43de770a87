/**
 * Builds and judges certificate paths (RFC 5280 section 6) with a bounded amount of work. Fetches nothing: what is not
 * given is not there. Revocation is judged by the CRLs that are given, and not at all without. docs/judgement.md says what holds for whom.
 */
import type { Instant } from '../core/model.ts';
import { limits } from '../limits.ts';
import {
  extensionIds,
  readAuthorityKeyIdentifier,
  readCertificateFields,
  readSubjectKeyIdentifier,
} from './certificate.ts';
import { readCrl, revocationDefect, type CrlFields } from './crl.ts';
import { MalformedInput, TooMuchWork } from './malformed.ts';
import type { ComparisonBudget } from './name-constraints.ts';
import { isVerifiedBy, parseCertificate, verificationCost } from './parse.ts';
import { pathDefect } from './path-rules.ts';
import type { JudgementProfile, PathCertificate, PathQuestion } from './path.ts';
import { isPublicRoot } from './roots.ts';

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
  /**
   * By which standard: `public` is the Baseline Requirements, `private` RFC 5280 alone. `by-anchor` unless told: `public` for paths that end in
   * one of the roots that come with Node (Mozilla's), `private` for all others.
   */
  readonly profile?: JudgementProfile | 'by-anchor';
  /**
   * The anchors were declared by an operator: their own form (missing key identifiers, version 1) is not judged. What they constrain, their
   * time and their key are. Off unless told.
   */
  readonly anchorsAsDeclared?: boolean;
  /** DER of certificate revocation lists at hand; those of issuers of the path are obeyed, and must be usable. */
  readonly crls?: readonly Uint8Array[];
  /** Intermediates allowed in the path, self-issued ones not counted. */
  readonly depthMax?: number;
  /** What several verdicts may spend together, and what they found out: this one takes from it. Absent: it has its own. */
  readonly effort?: Effort;
}

/** Work on signatures that verdicts about one look share: what one of them verified, none does again. */
export interface Effort {
  /** Left to spend, in units of `verificationCost`. */
  left: number;
  /** Pairs of certificates that were verified. */
  readonly signatures: Map<string, boolean>;
}

/** Enough for so many units. Pure. */
export function newEffort(units: number): Effort {
  return { left: units, signatures: new Map() };
}

export interface ChainJudgement {
  readonly verdict: ChainVerdict;
  /** Why not, in one phrase; null when trusted. */
  readonly reason: string | null;
  /** The verdict is "no" because finding out would have been too much work (`limits.x509`). */
  readonly isExhausted: boolean;
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

/** `verifyChain` with the reason: of the path that got furthest, or that none was found. Pure, bounded in total. */
export function judgeChain(question: ChainQuestion): ChainJudgement {
  const untrusted = (reason: string, isExhausted = false): ChainJudgement => ({
    verdict: 'untrusted',
    reason,
    isExhausted,
  });
  const leaf = read(question.leaf);
  if (typeof leaf === 'string') return untrusted(`the leaf is not a readable certificate: ${leaf}`);
  const crls = readCrls(question.crls ?? []);
  if (typeof crls === 'string') return untrusted(crls);
  const anchors = question.anchors.map((der) => readAnchor(der)).filter((each) => each !== null);
  const work: Work = {
    steps: 0,
    paths: 0,
    comparisons: { left: limits.x509.nameComparisonsMax },
    effort: question.effort ?? newEffort(limits.x509.pathSignaturesMax),
    verified: 0,
  };
  const sent = readAll(question.intermediates);
  const first = search(leaf, { sent, anchors, crls, question, work });
  if (first.reason === null) return { verdict: 'trusted', reason: null, isExhausted: false };
  const known = readAll(question.known ?? []);
  if (known.length > 0 && !first.isExhausted) {
    const more = { sent: [...sent, ...known], anchors, crls, question, work };
    if (search(leaf, more).reason === null)
      return {
        verdict: 'chain-incomplete',
        reason: 'an intermediate certificate was not sent',
        isExhausted: false,
      };
  }
  const isLone = !leaf.selfIssued && ![...sent, ...anchors].some((each) => namesMatch(leaf, each));
  if (isLone && leaf.fields.extensions.has(extensionIds.authorityInfoAccess)) {
    const reason = 'the certificate was sent without its intermediates';
    return { verdict: 'chain-incomplete', reason, isExhausted: false };
  }
  return untrusted(first.reason, first.isExhausted);
}

interface SearchStart {
  readonly sent: readonly PathCertificate[];
  readonly anchors: readonly PathCertificate[];
  readonly crls: readonly CrlFields[];
  readonly question: ChainQuestion;
  readonly work: Work;
}

/** What was spent on one verdict, over all its searches. */
interface Work {
  steps: number;
  paths: number;
  readonly comparisons: ComparisonBudget;
  readonly effort: Effort;
  /** What verifying them cost, in units of `verificationCost`. */
  verified: number;
}

interface Search extends SearchStart {
  reason: string;
  isExhausted: boolean;
}

/** A null reason when a good path exists. */
function search(
  leaf: PathCertificate,
  start: SearchStart,
): { readonly reason: string | null; readonly isExhausted: boolean } {
  const state: Search = {
    ...start,
    reason: 'no path to a trusted certificate was found',
    isExhausted: false,
  };
  // A pinned certificate is its own anchor.
  const isPinned = state.anchors.some((anchor) => same(anchor, leaf)) && isGood([leaf], state);
  return isPinned || extend([leaf], state) ? { reason: null, isExhausted: false } : state;
}

/** Nothing more is tried once a bound is met. */
function exhaust(state: Search, what: string): false {
  state.isExhausted = true;
  state.reason = `finding out whether it is trusted is too much work (${what})`;
  return false;
}

function extend(path: readonly PathCertificate[], state: Search): boolean {
  const last = path.at(-1);
  if (last === undefined || state.isExhausted) return false;
  if (++state.work.steps > limits.x509.pathStepsMax) return exhaust(state, 'steps of the search');
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
  const { work } = state;
  const before = work.effort.signatures.get(pair);
  if (before !== undefined) return before;
  if (state.isExhausted) return false;
  const cost = attempt(() => verificationCost(issuer.parsed.publicKey));
  if (cost === null) {
    state.reason = 'a certificate of the path has a key that nobody verifies with';
    return false;
  }
  work.verified += cost;
  if (work.verified > limits.x509.pathSignaturesMax || work.effort.left < cost)
    return exhaust(state, 'signatures');
  work.effort.left -= cost;
  const verifies = isVerifiedBy(child.parsed, issuer.parsed);
  work.effort.signatures.set(pair, verifies);
  return verifies;
}

function isGood(path: readonly PathCertificate[], state: Search): boolean {
  if (state.isExhausted) return false;
  if (++state.work.paths > limits.x509.pathsMax) return exhaust(state, 'paths');
  try {
    const question = questionOf(path, state);
    const defect = pathDefect(path, question) ?? revocation(path, state.crls, question.now);
    if (defect !== null) state.reason = defect;
    return defect === null;
  } catch (error) {
    if (error instanceof TooMuchWork) return exhaust(state, error.message);
    if (!(error instanceof MalformedInput)) throw error;
    state.reason = error.message;
    return false;
  }
}

function questionOf(path: readonly PathCertificate[], { question, work }: Search): PathQuestion {
  const { profile = 'by-anchor' } = question;
  const anchor = path.at(-1);
  return {
    now: question.now,
    serverName: question.serverName ?? null,
    usage: question.usage ?? 'serverAuth',
    profile: profile !== 'by-anchor' ? profile : isPublicRoot(anchor?.der) ? 'public' : 'private',
    anchorsAsDeclared: question.anchorsAsDeclared ?? false,
    depthMax: question.depthMax ?? limits.x509.pathDepthMax,
    comparisons: work.comparisons,
  };
}

/** Each certificate below the anchor by the lists of the one above it. */
function revocation(
  path: readonly PathCertificate[],
  crls: readonly CrlFields[],
  now: Instant,
): string | null {
  for (const [index, { fields }] of path.entries()) {
    const issuer = path[index + 1];
    const defect = issuer === undefined ? null : revocationDefect(fields, issuer.fields, crls, now);
    if (defect !== null) return defect;
  }
  return null;
}

/** The lists, or why they cannot be read: whom a damaged list is about cannot be known, so it is about everybody. */
function readCrls(ders: readonly Uint8Array[]): readonly CrlFields[] | string {
  if (ders.length > limits.x509.crlsMax) return 'there are too many CRLs';
  try {
    return ders.map((der) => readCrl(der));
  } catch (error) {
    if (error instanceof MalformedInput) return `a CRL cannot be used: ${error.message}`;
    throw error;
  }
}

/** What can be read of what came along, up to the bounds: what is no certificate is passed over. */
function readAll(ders: readonly Uint8Array[]): PathCertificate[] {
  const all: PathCertificate[] = [];
  let bytes = 0;
  for (const der of ders.slice(0, limits.x509.pathCertificatesMax)) {
    bytes += der.length;
    if (bytes > limits.x509.pathBytesMax) break;
    const certificate = read(der);
    if (typeof certificate !== 'string') all.push(certificate);
  }
  return all;
}

/** Anchors come back with every question as the same bytes in memory: 120 public roots cost 12 ms a handshake when read each time (measured). */
const anchorsRead = new WeakMap<Uint8Array, PathCertificate | null>();

function readAnchor(der: Uint8Array): PathCertificate | null {
  let anchor = anchorsRead.get(der);
  if (anchor === undefined) {
    const certificate = read(der);
    anchor = typeof certificate === 'string' ? null : certificate;
    anchorsRead.set(der, anchor);
  }
  return anchor;
}

/** The certificate, or why it cannot be read. */
function read(der: Uint8Array): PathCertificate | string {
  try {
    const fields = readCertificateFields(der);
    const selfIssued = Buffer.compare(fields.subject, fields.issuer) === 0;
    return { der, fields, parsed: parseCertificate(der), selfIssued };
  } catch (error) {
    if (error instanceof MalformedInput) return error.message;
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

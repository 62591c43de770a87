/** What a handshake means for one installation, in one word: the typed results of validation. Pure. */
import { listed } from './count.ts';
import { clockSkewMs, timestamp } from './timestamp.ts';
import { findingCodes } from './finding-codes.ts';
import type { KnownLeaves } from './installation-state.ts';
import type { CertificateFacts, Fingerprint, Handshake, Instant, ServedResult } from './model.ts';
import { coversName } from './server-name.ts';

/** Worst last: what stops clients now outranks what will. */
export const severityOrder: readonly ServedResult[] = [
  'served-match',
  'trust-unknown',
  'chain-incomplete',
  'served-other-known',
  'served-previous',
  'served-unknown',
  'untrusted',
  'not-yet-valid',
  'name-mismatch',
  'no-certificate',
  'handshake-failed',
  'name-unresolved',
  'address-refused',
  'connection-failed',
  'expired',
];

export interface ServedExpectation {
  /** What should be served; null while nothing is installed by renewd. */
  readonly current: Fingerprint | null;
  readonly previous: Fingerprint | null;
  /** What is being installed there; null or not there while nothing is. */
  readonly underWay?: Fingerprint | null;
  /** Every leaf renewd installed anywhere, for naming a stranger. */
  readonly known: KnownLeaves;
  readonly now: Instant;
}

export interface ServedJudgement {
  readonly result: ServedResult;
  readonly message: string;
  readonly remedy: string;
}

/**
 * Judges one handshake. Pure. The first that applies: nothing received; expired or not yet valid; the name does not match; another certificate than the expected one (previous, known elsewhere,
 * unknown); the chain does not verify or is incomplete; otherwise `served-match`. While nothing is expected yet, a certificate that is valid, fits the name and verifies is `served-unknown`.
 */
export function judgeHandshake(handshake: Handshake, expected: ServedExpectation): ServedJudgement {
  const { result, message, remedy } = worstAddress(handshake, expected);
  return { result, message, remedy };
}

/**
 * Of a host with several addresses the one at which it is worst, with the others beside it: served is only what every one of them serves. An address that nobody looked at
 * is named in any case, and what was seen to be wrong at another comes before it. Pure.
 */
export function worstAddress(
  handshake: Handshake,
  expected: ServedExpectation,
): ServedJudgement & { readonly handshake: Handshake } {
  const { seen, unseen } = partsOf(handshake);
  const all = [...seen, ...unseen];
  const judgements = all.map((each) => ({ handshake: each, ...judgeOne(each, expected, all.length > 1) }));
  const worst = judgements.reduce((left, right) => (rankBeside(right) > rankBeside(left) ? right : left));
  const rest = all.filter((each) => each !== worst.handshake);
  const { host, port, serverName } = handshake.address;
  const why = unseenWords(unseen);
  const refused = worst.result === 'address-refused';
  const message = refused
    ? `${host}:${String(port)} (${serverName}): ${why}`
    : [worst.message, ...(why === '' ? [] : [why])].join('; and ');
  const shown = rest.length === 0 ? worst.handshake : { ...worst.handshake, others: rest };
  return { ...worst, message, handshake: shown };
}

/** Beside other addresses, one that nobody looked at only takes away the match. */
function rankBeside({ result }: ServedJudgement): number {
  return result === 'address-refused'
    ? severityOrder.indexOf('served-match') + 0.5
    : severityOrder.indexOf(result);
}

/** The addresses of a host that were looked at, and those that were not. Pure. */
export function partsOf({ others = [], ...one }: Handshake): {
  readonly seen: readonly Handshake[];
  readonly unseen: readonly Handshake[];
} {
  const isUnseen = ({ failure }: Handshake): boolean => failure?.result === 'address-refused';
  const all = [one, ...others];
  return { seen: all.filter((each) => !isUnseen(each)), unseen: all.filter(isUnseen) };
}

/** Every address that nobody looked at, by name; what to do is said in full once. */
function unseenWords(unseen: readonly Handshake[]): string {
  const refused = unseen.filter((each) => each.at !== undefined);
  const [first, ...more] = refused;
  const also = more.length === 0 ? '' : `; the same goes for ${listed(more.map((each) => each.at ?? ''))}`;
  const beyond = unseen.filter((each) => each.at === undefined);
  const words = beyond.map((each) => each.failure?.detail ?? '');
  return [...(first === undefined ? [] : [`${first.failure?.detail ?? ''}${also}`]), ...words].join('; ');
}

function judgeOne(
  handshake: Handshake,
  expected: ServedExpectation,
  isOneOfSeveral: boolean,
): ServedJudgement {
  const { leaf, failure, address, at } = handshake;
  const place = `${address.host}:${String(address.port)}${isOneOfSeveral && at !== undefined ? ` at ${at}` : ''}`;
  if (leaf === null) {
    const result = failure?.result ?? 'handshake-failed';
    return judged(
      result,
      `${place} (${address.serverName}): ${failure?.detail ?? 'no certificate was received'}`,
    );
  }
  const what = nameOf(leaf, expected);
  if (leaf.notAfter < expected.now) {
    return judged('expired', `${place} serves ${what}, which expired at ${timestamp(leaf.notAfter)}`);
  }
  // As whoever issues and installs: a clock a little ahead of ours is believed.
  if (leaf.notBefore > expected.now + clockSkewMs) {
    return judged(
      'not-yet-valid',
      `${place} serves ${what}, which is valid only from ${timestamp(leaf.notBefore)}`,
    );
  }
  if (!coversName(leaf, address.serverName)) {
    const names = [...leaf.dnsNames, ...leaf.ipAddresses].slice(0, 5).join(', ') || 'no name at all';
    return judged(
      'name-mismatch',
      `${place} serves ${what} for ${address.serverName}, but it covers ${names}`,
    );
  }
  const isCurrent = leaf.fingerprint === expected.current;
  const isUnderWay = !isCurrent && leaf.fingerprint === expected.underWay;
  if (expected.current !== null && !isCurrent && !isUnderWay)
    return otherThanExpected(place, leaf, what, expected);
  if (handshake.trust === 'chain-incomplete') {
    return judged('chain-incomplete', `${place} serves ${what} without the intermediate certificate`);
  }
  // A chain nobody judged is no proof either, and no fault of the server.
  if (handshake.trust === 'not-judged')
    return judged(
      'trust-unknown',
      `${place} serves ${what}; its issuer cannot say by which roots it is trusted`,
    );
  if (handshake.trust !== 'trusted') {
    const why = handshake.distrust == null ? '' : `: ${handshake.distrust}`;
    return judged('untrusted', `${place} serves ${what}; its chain does not lead to a trusted root${why}`);
  }
  if (isUnderWay)
    return {
      ...judged('served-other-known', `${place} serves ${what}, whose installation there is not finished`),
      remedy: 'Nothing to do about this by itself: what keeps it from being finished is said beside it.',
    };
  // Nothing of renewd is installed here yet: where it comes from is what `known` says.
  if (!isCurrent) return judged('served-unknown', `${place} serves ${what}, ${originOf(leaf, expected)}`);
  return judged('served-match', `${place} serves ${what}`);
}

function otherThanExpected(
  place: string,
  leaf: CertificateFacts,
  what: string,
  expected: ServedExpectation,
): ServedJudgement {
  if (leaf.fingerprint === expected.previous) {
    return judged(
      'served-previous',
      `${place} serves the certificate from before the last renewal (${what})`,
    );
  }
  const known = expected.known.get(leaf.fingerprint);
  if (known !== undefined) return judged('served-other-known', `${place} serves ${known} instead (${what})`);
  return judged('served-unknown', `${place} serves ${what}, ${originOf(leaf, expected)}`);
}

/** Says only what is known: an older generation of renewd's own is no longer in its books, so nothing is said of who installed it. */
function originOf(leaf: CertificateFacts, { known }: ServedExpectation): string {
  const where = known.get(leaf.fingerprint);
  return where === undefined
    ? 'which is neither the current nor the previous certificate of any installation'
    : `which renewd installed (${where})`;
}

function judged(result: ServedResult, message: string): ServedJudgement {
  return { result, message, remedy: findingCodes[result].remedy };
}

function nameOf(leaf: CertificateFacts, { current }: ServedExpectation): string {
  if (leaf.fingerprint === current) return `serial ${leaf.serial}`;
  const subject = leaf.subject === '' ? (leaf.dnsNames[0] ?? 'a certificate without a name') : leaf.subject;
  const issuer = leaf.selfSigned ? 'itself' : leaf.issuer;
  return `${subject} (serial ${leaf.serial}, issued by ${issuer})`;
}

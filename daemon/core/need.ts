/**
 * What an installation needs next: at most one thing; the next turn sees the rest. Pure. The order of questions in `decideNeed` is the specification, and
 * `test/core/assess.test.ts` its table.
 */
import { expectedLeaf, type AssessInput, type JudgedAddress, type Need } from './assessment.ts';
import { storeDrift } from './drift.ts';
import { place } from './installation-findings.ts';
import type { Attempt, Operation } from './installation-state.ts';
import type { Certificate, Instant } from './model.ts';
import { stops, type Evaluation } from './policy.ts';
import type { IssuedRecord } from './record-format.ts';
import { issuedRecord } from './record.ts';
import { answers, wishOf } from './reissue.ts';
import { endOf } from './renewal.ts';
import { sameSet } from './same.ts';
import { clockSkewMs } from './timestamp.ts';

/** A stall that an older renewd wrote without an end. */
const oldStallMs = 86_400_000;

/**
 * Decides. Absence of evidence starts nothing; policy and a CA in trouble stop a beginning, never putting back what was issued; a repair never stands before a new
 * certificate that can be asked for.
 */
export function decideNeed(input: AssessInput, addresses: readonly JudgedAddress[]): Need {
  const { certificate, memory, observation, now } = input;
  const { operation } = memory;
  if (observation === null) return { kind: 'observe', because: 'never seen' };
  // Nothing is done on absence of evidence: an endpoint that cannot be read is only looked at again.
  if (observation.store === null) return staleness(input);
  if (holds(memory.endpointAttempt, now)) return staleness(input);
  // Dropping a repair undoes nothing and so cannot fail: it waits for no failure of its own.
  const over = operation?.repairs === true ? endOfRepair(input) : null;
  if (over !== null) return { kind: 'abandon', because: over };
  if (waitsItself(input)) return staleness(input);
  if (operation !== null && needsIssuer(operation) && holds(memory.issuerAttempt, now))
    return staleness(input);
  // Also where renewd has no hands any more: what was begun by another declaration must not go on when it is back.
  if (input.misfit !== null) return { kind: 'abandon', because: input.misfit };
  if (hasNoHands(input)) return staleness(input);
  if (operation !== null)
    return isBlocked(input) ? staleness(input) : { kind: 'continue', because: operation.because };
  const issuance = reasonToIssue(input);
  if (issuance !== null && mayBegin(input)) return issuance;
  const repair = reasonToRepair(input, addresses);
  if (repair !== null && certificate.drift === 'enforce') return repair;
  return staleness(input);
}

function hasNoHands({ certificate, withdrawn, refusal }: AssessInput): boolean {
  return certificate.drift === 'observe' || certificate.state === 'retired' || withdrawn || refusal !== null;
}

/** Why a repair under way is over, whatever became of it; null while it has a point. */
function endOfRepair(input: AssessInput): string | null {
  if (input.misfit !== null) return input.misfit;
  const { installed } = input.memory;
  if (installed !== null && endOf(installed.issued) <= input.now) return 'what it would put back has expired';
  if (hasNoHands(input)) return null;
  const issuance = reasonToIssue(input);
  return issuance?.kind === 'issue' && mayBegin(input)
    ? `a new certificate comes before the repair: ${issuance.because}`
    : null;
}

/** Whether a new certificate can be asked for now: no policy forbids it, and its issuer is not waited for. */
function mayBegin({ requestEvaluations, memory, now }: AssessInput): boolean {
  return !requestEvaluations.some(stops) && !holds(memory.issuerAttempt, now);
}

function staleness(input: AssessInput): Need {
  const { observation, now } = input;
  if (observation === null) return { kind: 'observe', because: 'never seen' };
  const troubled = observation.store === null || input.memory.attempt !== null;
  const interval = troubled ? input.observeAgainMs : input.observeIntervalMs;
  // A look of the future was taken by a clock that was ahead.
  return now >= observation.at + interval || observation.at > now + clockSkewMs
    ? { kind: 'observe', because: 'the last look is old' }
    : { kind: 'none' };
}

/** Does this failure keep from trying again now? One of the future was met by a clock that was ahead. */
function holds(attempt: Attempt | null, now: Instant): boolean {
  return (
    attempt !== null &&
    attempt.lastFailureAt <= now + clockSkewMs &&
    now < (attempt.nextAt ?? attempt.lastFailureAt + oldStallMs)
  );
}

/** Backoff of the installation. A new declaration is a new chance: its blob resets the wait. */
function waitsItself({ memory: { attempt }, now, certificate }: AssessInput): boolean {
  return attempt !== null && attempt.blob === certificate.blob && holds(attempt, now);
}

function needsIssuer({ issued }: Operation): boolean {
  return issued === null;
}

/** Policy stops an issuance before it starts; it does not stop putting back what was issued. */
function isBlocked(input: AssessInput): boolean {
  if (input.memory.operation?.issued != null) return false;
  return input.requestEvaluations.some(stops);
}

/** Whether what stands there is what is declared, ours, and at most to be renewed: nothing new begins. Pure. */
export function isInPlace(input: AssessInput): boolean {
  const installed = input.memory.installed;
  if (installed === null) return reasonToIssue(input)?.kind === 'adopt';
  return difference(input.certificate, installed.issued) === null;
}

/** Why a new certificate is needed (or an old one of ours to be taken over), whatever stands in the way; null when none is. */
export function reasonToIssue(input: AssessInput): Need | null {
  const { certificate, memory, observation, now } = input;
  const installed = memory.installed;
  if (installed === null) {
    const found = ourGenerationInPlace(input);
    if (found !== null) {
      return {
        kind: 'adopt',
        issued: found,
        because: 'a fitting certificate of ours stands there and the journal did not know it',
      };
    }
    return { kind: 'issue', because: 'declared and not yet installed' };
  }
  const differs = difference(certificate, installed.issued);
  if (differs !== null) return { kind: 'issue', because: differs };
  if (Date.parse(installed.issued.notBefore) > now + clockSkewMs)
    return {
      kind: 'issue',
      because: 'what is installed is not yet valid: it was issued by a clock that was ahead',
    };
  const lostAgain = wasLostJustNow(installed.issued, now);
  if (installed.keyLost && !lostAgain) return { kind: 'issue', because: lossReasons.key };
  const asked = reissueAsked(input);
  if (asked !== null) return asked;
  if (installed.renewAt !== null && now >= installed.renewAt)
    return { kind: 'issue', because: 'renewal due' };
  const demanded = replacementDemanded(input);
  if (demanded !== null) return demanded;
  const { generation } = installed.issued;
  if (!lostAgain && generation !== null && observation?.store?.generations.includes(generation) === false) {
    return { kind: 'issue', because: lossReasons.generation(generation) };
  }
  return null;
}

/** Somebody asks for a new key (`spec.reissue`), and what is installed is not the answer. */
function reissueAsked({ certificate, memory: { installed }, now }: AssessInput): Need | null {
  const wish = wishOf(certificate, now);
  if (wish === null || installed === null) return null;
  const { demanded = [], issued } = installed;
  if (answers(wish, { demanded, madeAt: madeAt(issued) })) return null;
  return {
    kind: 'issue',
    because: `a new key was asked for: ${wish.because}`,
    demanded: [...demanded, wish.name].sort(),
  };
}

/** When its key was made, as the name of the generation says; without one, when it was installed. What nobody knows is older than every wish. */
function madeAt({ generation, installedAt }: IssuedRecord): number {
  const [, year, month, date, hours, minutes, seconds] =
    /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z-/.exec(generation ?? '') ?? [];
  const made = Date.parse(
    `${year ?? ''}-${month ?? ''}-${date ?? ''}T${hours ?? ''}:${minutes ?? ''}:${seconds ?? ''}Z`,
  );
  if (!Number.isNaN(made)) return made;
  return installedAt === null ? Number.NEGATIVE_INFINITY : Date.parse(installedAt);
}

const lossReasons = {
  key: 'the installed key was lost',
  generation: (name: string) => `generation ${name} is gone from the endpoint`,
};

/** An endpoint that says so again and again is broken or lies, and each time costs one of the issuances that the issuer allows. */
const lossPauseMs = 3_600_000;

/** Was it issued because the one before was lost, and only just? */
function wasLostJustNow({ because, installedAt }: IssuedRecord, now: number): boolean {
  const forLoss =
    because === lossReasons.key || /^generation \S+ is gone from the endpoint$/.test(because ?? '');
  return forLoss && installedAt !== null && now < Date.parse(installedAt) + lossPauseMs;
}

/**
 * Rules with action `remediate` that the installed certificate breaks, all of them at once: one replacement is for all. One that demanded this certificate, or one
 * before it in the same row of demands, demands no other: the issuer does not give what it asks for, or two rules ask for what cannot be had together. The finding says so.
 */
function replacementDemanded(input: AssessInput): Need | null {
  const { demanded: before = [], issued } = input.memory.installed ?? {};
  const broken = input.issuedEvaluations.filter(
    ({ action, verdict }) => action === 'remediate' && verdict === 'fail',
  );
  const text = ({ policy, id }: Evaluation): string => `policy ${policy} demands a replacement (${id})`;
  // The sentence is what an older renewd kept.
  const fresh = broken.filter(
    (each) => !before.includes(`${each.policy}#${each.id}`) && issued?.because !== text(each),
  );
  if (fresh.length === 0) return null;
  const demanded = [...new Set([...before, ...broken.map(({ policy, id }) => `${policy}#${id}`)])].sort();
  return { kind: 'issue', because: [...new Set(fresh.map(text))].join('; '), demanded };
}

/** Why the declaration asks for another certificate than the one installed; null when it does not. */
function difference(certificate: Certificate, issued: IssuedRecord): string | null {
  if (
    !sameSet(certificate.dnsNames, issued.dnsNames) ||
    !sameSet(certificate.ipAddresses, issued.ipAddresses)
  ) {
    return 'the declared names changed';
  }
  if (issued.keyAlgorithm !== certificate.key.algorithm) {
    return `the declared key algorithm changed to ${certificate.key.algorithm}`;
  }
  if (issued.issuedBy !== null && issued.issuedBy !== certificate.issuer) {
    return `the declared issuer changed to ${certificate.issuer}`;
  }
  return null;
}

/** A generation that is current, fits the declaration and was proved to be ours, when the journal was lost. Never a foreign file, never on the endpoint's word. */
function ourGenerationInPlace(input: AssessInput): IssuedRecord | null {
  const store = input.observation?.store;
  if (store == null || store.leaf === null || store.current === null || store.keyMatches !== true)
    return null;
  if (store.current === 'adopted' || store.leaf.notAfter <= input.now) return null;
  const { provenance } = store;
  if (provenance === undefined || provenance.refusal !== null) return null;
  if (provenance.generation !== store.current || provenance.fingerprint !== store.leaf.fingerprint)
    return null;
  const found = issuedRecord(store.leaf, {
    generation: store.current,
    because: null,
    // The proof was that it leads to this issuer.
    issuedBy: input.certificate.issuer,
    csr: null,
  });
  return difference(input.certificate, found) === null ? found : null;
}

/** What is gone cannot be put back, and what has expired helps nobody. */
function canBePutBack({ memory: { installed }, observation, now }: AssessInput): boolean {
  if (installed === null || installed.keyLost || endOf(installed.issued) <= now) return false;
  const { generation } = installed.issued;
  return generation === null || observation?.store?.generations.includes(generation) !== false;
}

function reasonToRepair(input: AssessInput, addresses: readonly JudgedAddress[]): Need | null {
  if (!canBePutBack(input)) return null;
  const drift = storeDrift(input);
  if (drift !== null) return { kind: 'restore', because: drift.because };
  const elsewhere = addresses.find((each) => isOtherLeaf(each, expectedLeaf(input)?.fingerprint ?? null));
  if (elsewhere === undefined) return null;
  return {
    kind: 'reload',
    because: `${place(elsewhere.handshake)} serves another certificate than the one installed`,
  };
}

function isOtherLeaf(each: JudgedAddress, expected: string | null): boolean {
  return each.handshake.leaf !== null && expected !== null && each.handshake.leaf.fingerprint !== expected;
}

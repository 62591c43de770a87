/**
 * What an installation needs next: at most one thing; the next turn sees the rest. Pure. The order of questions in `decideNeed` is the specification, and
 * `test/core/assess.test.ts` its table.
 */
import { expectedLeaf, type AssessInput, type JudgedAddress, type Need } from './assessment.ts';
import { storeDrift } from './drift.ts';
import { place } from './installation-findings.ts';
import type { Certificate } from './model.ts';
import { stops, type Evaluation } from './policy.ts';
import type { IssuedRecord } from './record-format.ts';
import { issuedRecord } from './record.ts';
import { sameSet } from './same.ts';
import { timestamp } from './timestamp.ts';

/** Two clocks that are right differ by less; `limits.clock.skewMaxMs` of the shell. */
const clockSkewMs = 600_000;

/** A stall that an older renewd wrote without an end. */
const oldStallMs = 86_400_000;

/** Decides. Absence of evidence starts nothing; policy stops a beginning, never putting back what was issued. */
export function decideNeed(input: AssessInput, addresses: readonly JudgedAddress[]): Need {
  const { certificate, memory, observation, withdrawn } = input;
  const hands =
    certificate.drift === 'observe' || certificate.state === 'retired' || withdrawn || input.refusal !== null;
  if (observation === null) return { kind: 'observe', because: 'never seen' };
  // Nothing is done on absence of evidence: an endpoint that cannot be read is only looked at again.
  if (observation.store === null) return staleness(input);
  if (waiting(input)) return staleness(input);
  // Also where renewd has no hands any more: what was begun by another declaration must not go on when it is back.
  if (input.misfit !== null) return { kind: 'abandon', because: input.misfit };
  if (hands) return staleness(input);
  if (memory.operation !== null) {
    return isBlocked(input) ? staleness(input) : { kind: 'continue', because: memory.operation.because };
  }
  const issuance = reasonToIssue(input);
  if (issuance !== null) {
    if (isBlocked(input)) return staleness(input);
    return issuance;
  }
  const repair = reasonToRepair(input, addresses);
  if (repair !== null && certificate.drift === 'enforce') return repair;
  return staleness(input);
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

/** Backoff of the installation, its endpoint, or (while it still needs the issuer) its issuer. */
function waiting(input: AssessInput): boolean {
  const { attempt, endpointAttempt, issuerAttempt, operation } = input.memory;
  const { now, certificate } = input;
  const holds = (each: typeof attempt): boolean =>
    each !== null &&
    each.lastFailureAt <= now + clockSkewMs &&
    now < (each.nextAt ?? each.lastFailureAt + oldStallMs);
  // A new declaration is a new chance: its blob resets the wait of the installation.
  if (attempt !== null && attempt.blob === certificate.blob && holds(attempt)) return true;
  if (holds(endpointAttempt)) return true;
  const needsIssuer = operation === null || operation.issued === null;
  return needsIssuer && holds(issuerAttempt);
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

/**
 * Somebody asks for a new key (`spec.reissue`). Asked once: what it brought remembers the wish, so that a clock behind the one it was written by asks for no second.
 */
function reissueAsked({ certificate: { reissue }, memory: { installed }, now }: AssessInput): Need | null {
  if (reissue === undefined || installed === null || now < reissue.before) return null;
  const wish = `reissue ${timestamp(reissue.before)}`;
  const { demanded = [], issued } = installed;
  if (demanded.includes(wish) || madeAt(issued) >= reissue.before) return null;
  return {
    kind: 'issue',
    because: `a new key was asked for: ${reissue.because}`,
    demanded: [...demanded, wish].sort(),
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

function reasonToRepair(input: AssessInput, addresses: readonly JudgedAddress[]): Need | null {
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

/**
 * Judges one installation: what is wrong (findings), how it stands (status), what is needed (need), and when that may change by time alone.
 * Pure: everything it looks at is in its input. The order of `needs` below is the specification.
 */
import { findingCodes, type FindingCode } from './finding-codes.ts';
import type { InstallationMemory, KnownLeaves } from './installation-state.ts';
import type {
  Certificate,
  Finding,
  Handshake,
  Installation,
  Instant,
  Observation,
  ServedResult,
  Severity,
} from './model.ts';
import type { CertificateStatus, IssuedRecord } from './record-format.ts';
import { issuedRecord } from './record.ts';
import type { Evaluation } from './policy.ts';
import { expiryThresholds } from './renewal.ts';
import { judgeHandshake } from './served.ts';
import { worstStatus } from './status.ts';

export interface AssessInput {
  readonly certificate: Certificate;
  readonly installation: Installation;
  /** The declaration is gone; the installation is only watched. */
  readonly withdrawn: boolean;
  /** Policy on the request, and on what is issued (empty when nothing is). */
  readonly requestEvaluations: readonly Evaluation[];
  readonly issuedEvaluations: readonly Evaluation[];
  readonly memory: InstallationMemory;
  readonly observation: Observation | null;
  readonly known: KnownLeaves;
  readonly now: Instant;
  /** How long an observation is good for when all is well, and when not (ms). */
  readonly observeIntervalMs: number;
  readonly observeAgainMs: number;
}

/** What the installation needs next. At most one thing: the next turn sees the rest. */
export type Need =
  | { readonly kind: 'none' }
  | { readonly kind: 'observe'; readonly because: string }
  | { readonly kind: 'issue'; readonly because: string }
  /** Go on with the operation in the journal. */
  | { readonly kind: 'continue'; readonly because: string }
  /** Put the known generation back: stage if needed, switch, test, reload, prove. */
  | { readonly kind: 'restore'; readonly because: string }
  /** The store is right, the server is not: test, reload, prove. */
  | { readonly kind: 'reload'; readonly because: string }
  /** The journal knows nothing but a fitting certificate of ours stands there: take it over instead of issuing. */
  | { readonly kind: 'adopt'; readonly issued: IssuedRecord; readonly because: string };

export interface JudgedAddress {
  readonly handshake: Handshake;
  readonly result: ServedResult;
  readonly message: string;
  readonly remedy: string;
}

/** A finding before it has a history: `since` is added when it is recorded. */
export type FindingDraft = Omit<Finding, 'since'>;

export interface Assessment {
  readonly installation: string;
  readonly status: CertificateStatus;
  readonly findings: readonly FindingDraft[];
  readonly need: Need;
  readonly addresses: readonly JudgedAddress[];
  /** The next instant at which this judgement may change without anything happening. */
  readonly dueAt: Instant;
}

interface Draft {
  readonly code: FindingCode;
  readonly message: string;
  readonly remedy?: string;
  readonly severity?: Severity;
  readonly address?: string;
  readonly expected?: string | null;
  readonly observed?: string | null;
  readonly rule?: Finding['rule'];
}

/** Judges. Pure; the same input gives the same answer. */
export function assessInstallation(input: AssessInput): Assessment {
  const addresses = judgeAddresses(input);
  const findings = [
    ...policyFindings(input),
    ...lifetimeFindings(input),
    ...storeFindings(input),
    ...addressFindings(input, addresses),
    ...attemptFindings(input),
    ...withdrawnFindings(input),
  ].map((draft) => complete(input, draft));
  const need = decideNeed(input, addresses);
  const status = decideStatus(input, addresses, findings, need);
  return {
    installation: input.installation.id,
    status,
    findings,
    need,
    addresses,
    dueAt: nextChange(
      input,
      findings.some((each) => each.severity !== 'info'),
    ),
  };
}

function complete(input: AssessInput, draft: Draft): FindingDraft {
  const known = findingCodes[draft.code];
  const address = draft.address ?? null;
  const rule = draft.rule ?? null;
  return {
    id: [input.installation.id, draft.code, address, rule?.id, rule?.policy]
      .filter((part) => part != null)
      .join(' '),
    code: draft.code,
    severity: draft.severity ?? known.severity,
    certificate: input.certificate.id,
    installation: input.installation.id,
    endpoint: input.installation.endpoint,
    address,
    message: draft.message,
    remedy: draft.remedy ?? known.remedy,
    expected: draft.expected ?? null,
    observed: draft.observed ?? null,
    rule,
    source: rule?.source ?? input.installation.source,
  };
}

function judgeAddresses(input: AssessInput): JudgedAddress[] {
  const current = expectedLeaf(input)?.fingerprint ?? null;
  const previous = input.memory.installed?.previous?.fingerprint ?? null;
  const { known, now } = input;
  return (input.observation?.handshakes ?? []).map((handshake) => ({
    handshake,
    ...judgeHandshake(handshake, { current, previous, known, now }),
  }));
}

/** What should be served: what we issued and settled, or what we find in place while nothing is settled. */
function expectedLeaf(input: AssessInput): IssuedRecord | null {
  return input.memory.installed?.issued ?? null;
}

// ---- needs, in order of precedence -------------------------------------------------------------------------------------

function decideNeed(input: AssessInput, addresses: readonly JudgedAddress[]): Need {
  const { certificate, memory, observation, withdrawn } = input;
  const hands = certificate.drift === 'observe' || certificate.state === 'retired' || withdrawn;
  if (observation === null) return { kind: 'observe', because: 'never seen' };
  // Nothing is done on absence of evidence: an endpoint that cannot be read is only looked at again.
  if (observation.store === null || hands) return staleness(input);
  if (waiting(input)) return staleness(input);
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
  return now >= observation.at + interval
    ? { kind: 'observe', because: 'the last look is old' }
    : { kind: 'none' };
}

/** Backoff of the installation, its endpoint, or (while it still needs the issuer) its issuer. */
function waiting(input: AssessInput): boolean {
  const { attempt, endpointAttempt, issuerAttempt, operation } = input.memory;
  const { now, certificate } = input;
  const holds = (each: typeof attempt): boolean =>
    each !== null && (each.nextAt === null || now < each.nextAt);
  // A new declaration is a new chance: its blob resets the wait of the installation.
  if (attempt !== null && attempt.blob === certificate.blob && holds(attempt)) return true;
  if (holds(endpointAttempt)) return true;
  const needsIssuer = operation === null || operation.issued === null;
  return needsIssuer && holds(issuerAttempt);
}

/** Policy stops an issuance before it starts; it does not stop putting back what was issued. */
function isBlocked(input: AssessInput): boolean {
  if (input.memory.operation?.issued != null) return false;
  return input.requestEvaluations.some((each) => each.action === 'block' && each.verdict === 'fail');
}

function reasonToIssue(input: AssessInput): Need | null {
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
  if (installed.keyLost) return { kind: 'issue', because: 'the installed key was lost' };
  if (installed.renewAt !== null && now >= installed.renewAt)
    return { kind: 'issue', because: 'renewal due' };
  const { generation } = installed.issued;
  if (generation !== null && observation?.store?.generations.includes(generation) === false) {
    return { kind: 'issue', because: `generation ${generation} is gone from the endpoint` };
  }
  return null;
}

/** Why the declaration asks for another certificate than the one installed; null when it does not. */
function difference(certificate: Certificate, issued: IssuedRecord): string | null {
  const same = (left: readonly string[], right: readonly string[]): boolean =>
    left.length === right.length && [...left].sort().join(' ') === [...right].sort().join(' ');
  if (!same(certificate.dnsNames, issued.dnsNames) || !same(certificate.ipAddresses, issued.ipAddresses)) {
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

/** A generation of ours that is current and fits the declaration, when the journal was lost. Never a foreign file. */
function ourGenerationInPlace(input: AssessInput): IssuedRecord | null {
  const store = input.observation?.store;
  if (store == null || store.leaf === null || store.current === null || store.keyMatches !== true)
    return null;
  if (store.current === 'adopted' || store.leaf.notAfter <= input.now) return null;
  const found = issuedRecord(store.leaf, {
    generation: store.current,
    because: null,
    issuedBy: null,
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

// ---- findings ----------------------------------------------------------------------------------------------------------

function storeDrift(
  input: AssessInput,
): { readonly code: FindingCode; readonly because: string; readonly observed: string } | null {
  const store = input.observation?.store;
  const installed = input.memory.installed;
  if (store == null || installed === null || installed.issued.generation === null) return null;
  const { issued, previous } = installed;
  const leaf = store.leaf;
  if (leaf === null) {
    return {
      code: 'store-changed',
      because: 'the certificate file is gone',
      observed: 'no readable certificate',
    };
  }
  if (leaf.fingerprint !== issued.fingerprint) {
    const back = previous !== null && leaf.fingerprint === previous.fingerprint;
    const observed = `${short(leaf.fingerprint)} (${leaf.subject || leaf.dnsNames[0] || 'no subject'}, issued by ${leaf.issuer})`;
    return back
      ? { code: 'rolled-back', because: 'someone put the previous certificate back', observed }
      : { code: 'store-changed', because: 'the certificate file was changed', observed };
  }
  if (store.current !== issued.generation) {
    return {
      code: 'store-changed',
      because: 'current points at another generation',
      observed: store.current ?? 'nothing',
    };
  }
  if (store.keyMatches === false) {
    return {
      code: 'store-changed',
      because: 'the key file was changed',
      observed: 'key and certificate do not belong together',
    };
  }
  const [link] = store.brokenLinks;
  if (link !== undefined) {
    return { code: 'store-changed', because: `${link} no longer points into the store`, observed: link };
  }
  return null;
}

function storeFindings(input: AssessInput): Draft[] {
  const failure = input.observation?.storeFailure;
  if (failure != null) {
    const code = failure.code === 'ssh-host-key' ? 'host-key-changed' : 'endpoint-unreachable';
    return [
      {
        code,
        message: `${input.installation.endpoint} could not be read: ${failure.message}`,
        observed: failure.code,
      },
    ];
  }
  if (input.memory.operation !== null) return [];
  const drift = storeDrift(input);
  if (drift === null) return [];
  const expected = input.memory.installed?.issued;
  return [
    {
      code: drift.code,
      message: `${drift.because} in the store of ${input.installation.id}`,
      expected:
        expected === undefined
          ? null
          : `${short(expected.fingerprint)} in generation ${expected.generation ?? '?'}`,
      observed: drift.observed,
    },
  ];
}

function addressFindings(input: AssessInput, addresses: readonly JudgedAddress[]): Draft[] {
  const expected = expectedLeaf(input);
  return addresses
    .filter((each) => each.result !== 'served-match')
    .map((each) => ({
      code: each.result,
      message: each.message,
      remedy: each.remedy,
      address: place(each.handshake),
      expected: expected === null ? null : short(expected.fingerprint),
      observed:
        each.handshake.leaf === null
          ? (each.handshake.failure?.detail ?? null)
          : short(each.handshake.leaf.fingerprint),
    }));
}

function policyFindings(input: AssessInput): Draft[] {
  const blocking = input.requestEvaluations.filter((each) => each.verdict === 'fail');
  const installed = input.issuedEvaluations.filter(
    (each) =>
      each.verdict === 'fail' &&
      !blocking.some((other) => other.rule === each.rule && other.policy === each.policy),
  );
  return [...blocking, ...installed].map((each) => ({
    code: each.action === 'block' && blocking.includes(each) ? 'policy-blocked' : 'policy-violation',
    message: each.message,
    remedy: each.fix,
    rule: { id: each.rule, policy: each.policy, source: each.source },
  }));
}

function lifetimeFindings(input: AssessInput): Draft[] {
  const { now, memory, certificate } = input;
  const issued = memory.installed?.issued;
  if (issued === undefined) return [];
  const notAfter = Date.parse(issued.notAfter);
  if (now > notAfter) {
    return [
      {
        code: 'installed-expired',
        message: `the certificate installed for ${input.installation.id} expired at ${issued.notAfter}`,
      },
    ];
  }
  const thresholds = expiryThresholds({ notBefore: Date.parse(issued.notBefore), notAfter });
  const until = `it expires at ${issued.notAfter}`;
  if (now >= thresholds.criticalAt) {
    return [
      { code: 'renewal-critical', message: `${certificate.id} should have been renewed long ago: ${until}` },
    ];
  }
  // Who declared a later renewal is not told that it is late before it is.
  if (now >= thresholds.overdueAt && now >= (memory.installed?.renewAt ?? thresholds.overdueAt)) {
    return [
      { code: 'renewal-overdue', message: `${certificate.id} should have been renewed by now: ${until}` },
    ];
  }
  return [];
}

function attemptFindings(input: AssessInput): Draft[] {
  const { attempt, issuerAttempt, operation } = input.memory;
  const drafts: Draft[] = [];
  if (attempt !== null) {
    const code: FindingCode =
      attempt.step === 'issue' || attempt.step === 'make the key' ? 'issue-failed' : 'install-failed';
    const next = attempt.nextAt === null ? ' Not tried again until the declaration changes.' : '';
    drafts.push({
      code,
      message: `${attempt.step} failed: ${attempt.message}${next}`,
      observed: attempt.code,
      ...(operation?.issued != null
        ? { expected: `${short(operation.issued.fingerprint)} served everywhere` }
        : {}),
    });
  }
  if (issuerAttempt !== null && attempt === null && reasonToIssue(input)?.kind === 'issue') {
    drafts.push({
      code: 'issue-failed',
      message: `issuer ${input.certificate.issuer}: ${issuerAttempt.message}`,
      observed: issuerAttempt.code,
    });
  }
  return drafts;
}

function withdrawnFindings(input: AssessInput): Draft[] {
  if (!input.withdrawn) return [];
  return [
    {
      code: 'withdrawn',
      message: `the declaration of ${input.certificate.id} was deleted; nothing was uninstalled and it is no longer renewed`,
    },
  ];
}

// ---- status ------------------------------------------------------------------------------------------------------------

function decideStatus(
  input: AssessInput,
  addresses: readonly JudgedAddress[],
  findings: readonly FindingDraft[],
  need: Need,
): CertificateStatus {
  const has = (...codes: FindingCode[]): boolean =>
    findings.some((each) => codes.includes(each.code as FindingCode));
  const statuses: CertificateStatus[] = [];
  if (has('expired', 'installed-expired')) statuses.push('expired');
  if (
    has(
      'issue-failed',
      'install-failed',
      'handshake-failed',
      'connection-failed',
      'name-unresolved',
      'no-certificate',
    )
  ) {
    statuses.push('failing');
  }
  if (has('host-key-changed')) statuses.push('failing');
  if (has('store-changed', 'rolled-back', 'served-previous', 'served-other-known', 'served-unknown'))
    statuses.push('drift');
  if (has('chain-incomplete', 'untrusted', 'name-mismatch', 'not-yet-valid')) statuses.push('failing');
  if (has('policy-blocked')) statuses.push('blocked');
  if (has('renewal-overdue', 'renewal-critical')) statuses.push('overdue');
  if (input.observation === null || input.observation.store === null) statuses.push('unknown');
  if (has('policy-violation')) statuses.push('non-compliant');
  if (need.kind === 'issue' && input.memory.installed !== null) statuses.push('renewal-due');
  if (input.memory.installed === null || input.memory.operation !== null || need.kind === 'adopt')
    statuses.push('pending');
  if (input.certificate.state === 'retired' || input.withdrawn) statuses.push('retired');
  // Silence is not health: declared addresses that were never looked at are unknown.
  if (addresses.length < input.installation.serves.length) statuses.push('unknown');
  return worstStatus(statuses);
}

function nextChange(input: AssessInput, troubled: boolean): Instant {
  const { memory, observation, now } = input;
  const interval = troubled ? input.observeAgainMs : input.observeIntervalMs;
  const instants = [observation === null ? now : observation.at + interval];
  for (const attempt of [memory.attempt, memory.endpointAttempt, memory.issuerAttempt]) {
    if (attempt?.nextAt != null) instants.push(attempt.nextAt);
  }
  if (memory.installed !== null) {
    const { issued, renewAt } = memory.installed;
    const notAfter = Date.parse(issued.notAfter);
    const thresholds = expiryThresholds({ notBefore: Date.parse(issued.notBefore), notAfter });
    if (renewAt !== null) instants.push(renewAt);
    instants.push(thresholds.overdueAt, thresholds.criticalAt, notAfter + 1);
  }
  const future = instants.filter((instant) => instant > now);
  // Something was due already and could not be mended now: look again soon rather than in a loop.
  return Math.min(...(future.length > 0 ? future : [now + input.observeAgainMs]));
}

function place(handshake: Handshake): string {
  const { host, port, serverName } = handshake.address;
  return `${host}:${String(port)}/${serverName}`;
}

function short(fingerprint: string): string {
  return `sha256:${fingerprint.slice(0, 16)}`;
}

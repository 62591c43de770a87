/**
 * Judges one installation: what is wrong (findings), how it stands (status), what is needed (need), and when that may change by time alone.
 * Pure: everything it looks at is in its input.
 */
import {
  expectedLeaf,
  underWayIn,
  type AssessInput,
  type Assessment,
  type FindingDraft,
  type JudgedAddress,
  type Need,
} from './assessment.ts';
import type { FindingCode } from './finding-codes.ts';
import { findingsOf } from './installation-findings.ts';
import type { Instant } from './model.ts';
import { decideNeed, reasonToIssue } from './need.ts';
import type { CertificateStatus } from './record-format.ts';
import { expiryThresholds, spanOf } from './renewal.ts';
import { worstAddress } from './served.ts';
import { worstStatus } from './status.ts';

export type { AssessInput, Assessment, FindingDraft, JudgedAddress, Need } from './assessment.ts';

/** Judges. Pure; the same input gives the same answer. */
export function assessInstallation(input: AssessInput): Assessment {
  const addresses = judgeAddresses(input);
  const findings = findingsOf(input, addresses, reasonToIssue(input)?.kind === 'issue');
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

function judgeAddresses(input: AssessInput): JudgedAddress[] {
  const current = expectedLeaf(input)?.fingerprint ?? null;
  const previous = input.memory.installed?.previous?.fingerprint ?? null;
  const underWay = underWayIn(input);
  const { known, now } = input;
  return (input.observation?.handshakes ?? []).map((handshake) =>
    worstAddress(handshake, { current, previous, underWay, known, now }),
  );
}

function decideStatus(
  input: AssessInput,
  addresses: readonly JudgedAddress[],
  findings: readonly FindingDraft[],
  need: Need,
): CertificateStatus {
  const has = (...codes: FindingCode[]): boolean =>
    findings.some((each) => codes.includes(each.code as FindingCode));
  const statuses: CertificateStatus[] = [];
  if (input.withdrawn) {
    if (has('installed-expired')) statuses.push('expired');
    if (has('renewal-overdue', 'renewal-critical')) statuses.push('overdue');
    return worstStatus([...statuses, 'retired']);
  }
  if (has('expired', 'installed-expired')) statuses.push('expired');
  if (
    has(
      'issue-failed',
      'install-failed',
      'rollback-untold',
      'handshake-failed',
      'connection-failed',
      'name-unresolved',
      'address-refused',
      'no-certificate',
    )
  ) {
    statuses.push('failing');
  }
  if (has('host-key-changed')) statuses.push('failing');
  if (has('store-changed', 'rolled-back', 'served-previous', 'served-unknown')) statuses.push('drift');
  if (findings.some(({ code, severity }) => code === 'served-other-known' && severity !== 'info'))
    statuses.push('drift');
  if (has('chain-incomplete', 'untrusted', 'name-mismatch', 'not-yet-valid')) statuses.push('failing');
  if (has('trust-unknown')) statuses.push('unknown');
  if (has('policy-blocked', 'placement-refused')) statuses.push('blocked');
  if (has('renewal-overdue', 'renewal-critical')) statuses.push('overdue');
  if (input.observation === null || input.observation.store === null) statuses.push('unknown');
  if (has('policy-violation', 'waiver-ended')) statuses.push('non-compliant');
  if (need.kind === 'issue' && input.memory.installed !== null) statuses.push('renewal-due');
  if (input.memory.installed === null || input.memory.operation !== null || need.kind === 'adopt')
    statuses.push('pending');
  if (input.certificate.state === 'retired') statuses.push('retired');
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
    const span = spanOf(issued);
    const thresholds = expiryThresholds(span);
    if (renewAt !== null) instants.push(renewAt);
    if (input.certificate.reissue !== undefined) instants.push(input.certificate.reissue.before);
    instants.push(thresholds.overdueAt, thresholds.criticalAt, span.notAfter + 1);
  }
  const future = instants.filter((instant) => instant > now);
  // Something was due already and could not be mended now: look again soon rather than in a loop.
  return Math.min(...(future.length > 0 ? future : [now + input.observeAgainMs]));
}

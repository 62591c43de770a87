/**
 * What the words of the records mean, and the mark each has: the one table behind every page and the definitions on
 * `/about/`. It explains statuses; it never decides one.
 */
import type { ServedResult, Severity } from '../../../daemon/core/model.ts';
import type { CertificateStatus, EndpointRecord } from '../../../daemon/core/record-format.ts';

/** Tone picks the colour, shape the drawing: a status is never told by colour alone (WCAG 1.4.1). */
export type Tone = 'critical' | 'drift' | 'soon' | 'unknown' | 'planned' | 'ok' | 'quiet';
export type Shape =
  | 'cross'
  | 'bolt'
  | 'unequal'
  | 'barred'
  | 'triangle'
  | 'question'
  | 'section'
  | 'quarter'
  | 'dots'
  | 'dash'
  | 'tick'
  | 'letter-i';

export interface Word {
  readonly label: string;
  readonly tone: Tone;
  readonly shape: Shape;
  /** One sentence: what it means. */
  readonly meaning: string;
}

export interface StatusWord extends Word {
  /** What a person does about it; empty when nothing. */
  readonly next: string;
  /** `attention`: a person is needed; `moving`: renewd is at work; `settled`: nothing to do. */
  readonly group: 'attention' | 'moving' | 'settled';
}

/** In published precedence: a certificate has the first that applies to any of its installations. */
export const statusWords: Readonly<Record<CertificateStatus, StatusWord>> = {
  expired: {
    label: 'Expired',
    tone: 'critical',
    shape: 'cross',
    group: 'attention',
    meaning: 'A certificate that is served is past its end: clients refuse it now.',
    next: 'Treat as an outage. The findings name the step that renewal is stuck at.',
  },
  failing: {
    label: 'Failing',
    tone: 'critical',
    shape: 'bolt',
    group: 'attention',
    meaning: 'renewd tried to issue or install and could not; the last good certificate is still in place.',
    next: 'Read the failed step in the findings and remove its cause; renewd tries again by itself.',
  },
  drift: {
    label: 'Drift',
    tone: 'drift',
    shape: 'unequal',
    group: 'attention',
    meaning: 'Something other than the issued certificate is served or stored.',
    next: 'Find out who changed the endpoint. renewd mends it where the declaration says enforce.',
  },
  blocked: {
    label: 'Blocked',
    tone: 'critical',
    shape: 'barred',
    group: 'attention',
    meaning: 'Policy, or a mistake in the declaration, forbids the next step, so nothing is done.',
    next: 'Change the declaration, or ask the owners of the policy for a waiver.',
  },
  overdue: {
    label: 'Overdue',
    tone: 'soon',
    shape: 'triangle',
    group: 'attention',
    meaning: 'The renewal instant has passed and the new certificate is not yet served.',
    next: 'See what holds renewal up before the time that is left runs out.',
  },
  unknown: {
    label: 'Unknown',
    tone: 'unknown',
    shape: 'question',
    group: 'attention',
    meaning:
      'The endpoint or an address could not be looked at, so nothing can be said. Unknown is never counted as in order.',
    next: 'Make the endpoint reachable for renewd, or retire the certificate.',
  },
  'non-compliant': {
    label: 'Against policy',
    tone: 'soon',
    shape: 'section',
    group: 'attention',
    meaning: 'It is served as issued, but a rule of policy does not hold for it.',
    next: 'The findings name the rule and the file that sets it.',
  },
  'renewal-due': {
    label: 'Renewal due',
    tone: 'planned',
    shape: 'quarter',
    group: 'moving',
    meaning: 'The renewal instant has come; renewd renews it in one of its next turns.',
    next: '',
  },
  pending: {
    label: 'Pending',
    tone: 'planned',
    shape: 'dots',
    group: 'moving',
    meaning: 'It was declared and has not been issued yet.',
    next: '',
  },
  retired: {
    label: 'Retired',
    tone: 'quiet',
    shape: 'dash',
    group: 'settled',
    meaning: 'The declaration ends its renewal. What is installed stays until a person removes it.',
    next: '',
  },
  ok: {
    label: 'In order',
    tone: 'ok',
    shape: 'tick',
    group: 'settled',
    meaning:
      'What was issued is installed, it is what every declared address serves, its chain verifies, and policy holds. Where no address is declared, nobody looked at what is served.',
    next: '',
  },
};

export const statusOrder = Object.keys(statusWords) as readonly CertificateStatus[];

/** A status by its word in the record; one that this site does not know is shown as unknown, never as in order. */
export function statusWord(status: string): StatusWord {
  return Object.hasOwn(statusWords, status)
    ? statusWords[status as CertificateStatus]
    : { ...statusWords.unknown, label: `Unknown (${status})` };
}

/** What was seen at one address. */
export const resultWords: Readonly<Record<ServedResult, Word>> = {
  'served-match': {
    label: 'Serves what was issued',
    tone: 'ok',
    shape: 'tick',
    meaning: 'The fingerprint served is the fingerprint that was issued, and its chain verifies.',
  },
  'served-previous': {
    label: 'Serves the one before',
    tone: 'drift',
    shape: 'unequal',
    meaning:
      'The certificate before the current one is served: the server was not reloaded, or was put back.',
  },
  'served-other-known': {
    label: 'Serves another of ours',
    tone: 'drift',
    shape: 'unequal',
    meaning: 'A certificate that renewd issued for something else is served.',
  },
  'served-unknown': {
    label: 'Serves a stranger',
    tone: 'drift',
    shape: 'unequal',
    meaning: 'A certificate is served that renewd never issued.',
  },
  expired: {
    label: 'Serves an expired one',
    tone: 'critical',
    shape: 'cross',
    meaning: 'The certificate that is served is past its end.',
  },
  'not-yet-valid': {
    label: 'Not yet valid',
    tone: 'critical',
    shape: 'cross',
    meaning:
      'The certificate that is served begins in the future: a clock is wrong, or it was installed too soon.',
  },
  'name-mismatch': {
    label: 'Wrong name',
    tone: 'critical',
    shape: 'unequal',
    meaning: 'The certificate that is served does not hold the name clients ask for.',
  },
  'chain-incomplete': {
    label: 'Chain incomplete',
    tone: 'soon',
    shape: 'triangle',
    meaning: 'An intermediate certificate is missing: some clients fail, others do not.',
  },
  untrusted: {
    label: 'Not trusted',
    tone: 'critical',
    shape: 'cross',
    meaning: 'The chain does not lead to a root that clients of this issuer trust.',
  },
  'trust-unknown': {
    label: 'Trust not judged',
    tone: 'soon',
    shape: 'triangle',
    meaning: 'The right certificate is served; its issuer cannot say by which roots clients trust it.',
  },
  'no-certificate': {
    label: 'No certificate',
    tone: 'critical',
    shape: 'cross',
    meaning: 'The TLS handshake gave no certificate.',
  },
  'handshake-failed': {
    label: 'Handshake failed',
    tone: 'unknown',
    shape: 'question',
    meaning: 'Something answers there but no TLS handshake came about.',
  },
  'connection-failed': {
    label: 'No connection',
    tone: 'unknown',
    shape: 'question',
    meaning: 'Nothing answers at the address.',
  },
  'name-unresolved': {
    label: 'Name not found',
    tone: 'unknown',
    shape: 'question',
    meaning: 'DNS has no address for the host.',
  },
  'address-refused': {
    label: 'Not allowed',
    tone: 'unknown',
    shape: 'question',
    meaning:
      'Neither the endpoint nor the team allows looking at this address or at one of several that its name has, or there are too many.',
  },
};

/** A result by its word in the record; one that this site does not know is never shown as a match. */
export function resultWord(result: string): Word {
  return Object.hasOwn(resultWords, result)
    ? resultWords[result as ServedResult]
    : {
        label: `Unknown (${result})`,
        tone: 'unknown',
        shape: 'question',
        meaning: 'A result this site does not know.',
      };
}

/** Worst first. */
export const severityWords: Readonly<Record<Severity, Word>> = {
  critical: {
    label: 'Critical',
    tone: 'critical',
    shape: 'cross',
    meaning: 'Clients fail now, or soon will: act today.',
  },
  error: {
    label: 'Error',
    tone: 'drift',
    shape: 'bolt',
    meaning: 'Something that should hold does not: act in working hours.',
  },
  warning: {
    label: 'Warning',
    tone: 'soon',
    shape: 'triangle',
    meaning: 'It will become an error if nobody acts.',
  },
  info: {
    label: 'Note',
    tone: 'unknown',
    shape: 'letter-i',
    meaning: 'Worth knowing; nothing has to be done.',
  },
};

export const severityOrder = Object.keys(severityWords) as readonly Severity[];

export const reachWords: Readonly<Record<EndpointRecord['status'], Word>> = {
  unreachable: {
    label: 'Unreachable',
    tone: 'critical',
    shape: 'bolt',
    meaning: 'renewd could not log in or read the stores there at its last look.',
  },
  unknown: {
    label: 'Unknown',
    tone: 'unknown',
    shape: 'question',
    meaning: 'It has not been looked at yet.',
  },
  reachable: {
    label: 'Reachable',
    tone: 'ok',
    shape: 'tick',
    meaning: 'renewd logged in and read the stores there at its last look.',
  },
};

/** How an endpoint was reached, by its word in the record; one that this site does not know is never shown as reachable. */
export function reachWord(status: string): Word {
  return Object.hasOwn(reachWords, status)
    ? reachWords[status as EndpointRecord['status']]
    : reachWords.unknown;
}

/** A severity by its word in the record; one that this site does not know is shown as an error, so that it is not overlooked. */
export function severityWord(severity: string): Word {
  return Object.hasOwn(severityWords, severity) ? severityWords[severity as Severity] : severityWords.error;
}

/** One word for many facts: the published precedence of statuses. */
import type { CertificateStatus } from './record-format.ts';

/** Worst first: the first that applies is the status. The site and `renewd status` show this list. */
export const statusPrecedence: readonly CertificateStatus[] = [
  'expired',
  'failing',
  'drift',
  'blocked',
  'overdue',
  'unknown',
  'non-compliant',
  'renewal-due',
  'pending',
  'retired',
  'ok',
];

/** What each status means, in one sentence a person who is not a TLS expert can act on. */
export const statusMeanings: Readonly<Record<CertificateStatus, string>> = {
  expired: 'What is served or installed is past its end: clients refuse it.',
  failing: 'An issuance, an installation or a handshake fails.',
  drift: 'What is on the endpoint or what is served is not what was installed.',
  blocked: 'Policy forbids issuing what is declared.',
  overdue: 'It should have been renewed by now.',
  unknown: 'The endpoint or an address could not be looked at.',
  'non-compliant': 'It works, but breaks a policy rule.',
  'renewal-due': 'Its time to be renewed has come; the next turn does it.',
  pending: 'Declared and not yet installed, or under way.',
  retired: 'Declared as retired, or its declaration was deleted: watched, not renewed.',
  ok: 'Issued, installed, served at every declared address (where none is declared nothing is proved), chain verified, policy holds.',
};

/** The worst of `statuses`; `ok` for none. */
export function worstStatus(statuses: readonly CertificateStatus[]): CertificateStatus {
  return statusPrecedence.find((status) => statuses.includes(status)) ?? 'ok';
}

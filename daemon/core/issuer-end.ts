/** When a certificate of a CA ends under what it issues, and who has to know how long before. Pure. */
import type { FindingDraft } from './assessment.ts';
import { findingDraft } from './finding-draft.ts';
import type { Instant, Severity, SourcePosition } from './model.ts';
import { timestamp } from './timestamp.ts';

const day = 86_400_000;

/** The first to end of the certificates that stand above what an issuer issues now. */
export interface IssuerEnd {
  readonly issuer: string;
  readonly source: SourcePosition;
  /** `own-root`: of an embedded CA; `root`: one that clients trust; `intermediate`: one that is sent and not trusted by itself. */
  readonly which: 'own-root' | 'root' | 'intermediate';
  readonly subject: string;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  /** The longest lifetime of what is issued under it, in ms. */
  readonly lifetimeMs: number;
}

/**
 * How long people need, beside the lifetime of a leaf: half a year to bring a root to all clients, a month to ask a CA for its next intermediate. Of one that lives
 * shorter a fifth of its own life.
 */
function peopleMs({ which, notBefore, notAfter }: IssuerEnd): number {
  const needed = which === 'intermediate' ? 30 * day : 180 * day;
  return Math.min(needed, (notAfter - notBefore) / 5);
}

/**
 * From when on it is said, and how loud. `warning`: while what is issued still lives whole, early enough for people. `error`: what is issued is cut to the end from here on, at the
 * latest. `critical`: half a leaf is left, a month at most, or a sixth of what people need.
 */
export function issuerEndPhases(end: IssuerEnd): {
  readonly warningAt: Instant;
  readonly errorAt: Instant;
  readonly criticalAt: Instant;
} {
  const { notAfter, lifetimeMs } = end;
  const people = peopleMs(end);
  return {
    warningAt: notAfter - lifetimeMs - people,
    errorAt: notAfter - Math.max(lifetimeMs, people / 2),
    criticalAt: notAfter - Math.max(Math.min(lifetimeMs / 2, 30 * day), people / 6),
  };
}

/** The finding about an end that is near or over; null while there is time. The id is the same however loud it is. */
export function issuerEndDraft(end: IssuerEnd, now: Instant): FindingDraft | null {
  const { warningAt, errorAt, criticalAt } = issuerEndPhases(end);
  if (now < warningAt) return null;
  const severity: Severity = now >= criticalAt ? 'critical' : now >= errorAt ? 'error' : 'warning';
  return findingDraft('issuer-ending', {
    id: `issuer ${end.issuer} issuer-ending`,
    severity,
    message: messageOf(end, now),
    remedy: remedies[end.which](end.issuer),
    source: end.source,
  });
}

function messageOf({ issuer, which, subject, notAfter, lifetimeMs }: IssuerEnd, now: Instant): string {
  const what = which === 'intermediate' ? 'an intermediate certificate' : 'the root';
  const whole = `${what} of issuer ${issuer} (${subject})`;
  if (now > notAfter)
    return `${whole} ended at ${timestamp(notAfter)}: nothing that was issued under it is good any more`;
  const cutAt = notAfter - lifetimeMs;
  const cut =
    now < cutAt
      ? `from ${timestamp(cutAt)} on no certificate lives longer than that`
      : 'no certificate lives longer than that, and each is renewed sooner than the one before';
  return `${whole} ends at ${timestamp(notAfter)}: ${cut}, and then all that was issued under it stop working at once`;
}

const remedies: Readonly<Record<IssuerEnd['which'], (issuer: string) => string>> = {
  'own-root': (issuer) =>
    `Declare its successor, an issuer with type: ca and another name than ${issuer}. Have clients trust issuers/<its name>/root.pem of the state branch beside the old root. Then name it under spec.issuer of the certificates: each is replaced with the next turn (docs/restore.md).`,
  root: (issuer) =>
    `Have clients trust the next root of this CA, add it under roots of issuer ${issuer} beside the old one, and have the CA issue under it. Where it has none, declare another issuer and name it under spec.issuer of the certificates.`,
  intermediate: (issuer) =>
    `Ask who runs the CA of issuer ${issuer} to issue under its next intermediate. What is renewed after that has the new chain and ends this; renewd renew <certificate> does not wait for the renewal.`,
};

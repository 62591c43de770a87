/** When to renew and when to worry: fractions of the lifetime with floors, so that 6-day, 47-day and 2-year certificates all work. Pure. */
import type { Instant } from './model.ts';
import type { IssuedRecord, Timestamp } from './record-format.ts';

export interface Validity {
  readonly notBefore: Instant;
  readonly notAfter: Instant;
}

const hour = 3_600_000;
const day = 24 * hour;

/** Below this lifetime half of it is kept in reserve instead of a third (Let's Encrypt's advice for its 6-day certificates). */
const shortLifetimeMs = 10 * day;
/** Spread of the draw around the fraction, as a part of the lifetime: a fleet issued in one hour does not renew in one hour. */
const spread = 0.04;
/** However the fraction is set, at least this part of the lifetime stays for tries that fail. */
const reserve = 0.05;

type Dated = Pick<IssuedRecord, 'notBefore' | 'notAfter' | 'chainEnds'>;

/** When it stops being good for clients: the first to end of the certificate and those above it counts. */
export function endsAt({ notAfter, chainEnds }: Pick<IssuedRecord, 'notAfter' | 'chainEnds'>): Timestamp {
  return chainEnds !== undefined && Date.parse(chainEnds) < Date.parse(notAfter) ? chainEnds : notAfter;
}

/** As `endsAt`, UTC epoch ms. */
export function endOf(issued: Pick<IssuedRecord, 'notAfter' | 'chainEnds'>): Instant {
  return Date.parse(endsAt(issued));
}

/** The time in which it is good for clients: what renewal and worry are counted by. */
export function spanOf(issued: Dated): Validity {
  return { notBefore: Date.parse(issued.notBefore), notAfter: endOf(issued) };
}

/** An issuer that goes on signing with what ends soon is asked again daily, not at once and for ever. */
const sameEndPauseMs = day;

/**
 * The renewal of something whose chain ends before it: drawn from the time that is left, and never later than what was drawn before. Where the one before ended with
 * the same chain, renewing has not helped and waits at least a day. Pure.
 */
export function renewalBeforeChainEnds(
  {
    issued,
    previous,
    renewAt,
  }: { readonly issued: Dated; readonly previous: Dated | null; readonly renewAt: Instant },
  fraction: number | null,
  { random01, now }: { readonly random01: number; readonly now: Instant },
): Instant {
  const drawn = Math.min(renewAt, drawRenewal(spanOf(issued), fraction, random01));
  const again = previous !== null && previous.chainEnds === issued.chainEnds;
  return again ? Math.max(drawn, now + sameEndPauseMs) : drawn;
}

/**
 * Draws the renewal of what took the place of `previous` (null: of nothing). Where both end at the same instant renewing has brought nothing, because something above them
 * ends: the next one waits for a day, or half of what is left, and an hour at least, so that what ends is not renewed at ever shorter intervals. Pure.
 */
export function renewalAfter(
  { issued, previous }: { readonly issued: Dated; readonly previous: Dated | null },
  fraction: number | null,
  { random01, now }: { readonly random01: number; readonly now: Instant },
): Instant {
  const drawn = drawRenewal(spanOf(issued), fraction, random01);
  const end = endOf(issued);
  if (previous === null || endOf(previous) !== end) return drawn;
  return Math.max(drawn, now + Math.min(sameEndPauseMs, Math.max((end - now) / 2, hour)));
}

/** The fraction of the lifetime after which a certificate is renewed when its declaration does not say. */
export function defaultFraction(validity: Validity): number {
  return validity.notAfter - validity.notBefore < shortLifetimeMs ? 1 / 2 : 2 / 3;
}

/**
 * Draws the instant of renewal: once per certificate, then recorded. `fraction` null takes the default; `random01` is in [0, 1).
 * Never before `notBefore`, never in the last twentieth of the lifetime.
 */
export function drawRenewal(validity: Validity, fraction: number | null, random01: number): Instant {
  const { notBefore, notAfter } = validity;
  const lifetime = notAfter - notBefore;
  // Bounded before the draw, not after: a fleet with a fraction near the end must not renew at one instant either.
  const latest = 1 - reserve - spread / 2;
  const part = Math.max(spread / 2, Math.min(fraction ?? defaultFraction(validity), latest));
  return Math.round(notBefore + lifetime * (part + (random01 - 0.5) * spread));
}

/**
 * When a certificate that was not renewed becomes overdue (a warning) and critical (somebody is called).
 * Overdue: a fifth of the lifetime is left, at most 20 days. Critical: a tenth, at least an hour and at most 7 days.
 */
export function expiryThresholds({ notBefore, notAfter }: Validity): {
  readonly overdueAt: Instant;
  readonly criticalAt: Instant;
} {
  const lifetime = notAfter - notBefore;
  const overdueLeft = Math.min(lifetime / 5, 20 * day);
  const criticalLeft = Math.min(Math.max(lifetime / 10, Math.min(hour, lifetime / 5)), 7 * day);
  return { overdueAt: Math.round(notAfter - overdueLeft), criticalAt: Math.round(notAfter - criticalLeft) };
}

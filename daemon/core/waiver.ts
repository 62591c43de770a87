/** Exceptions that end by themselves: which one covers a broken rule, and whether it still does. Pure. */
import type { Certificate, Instant, SourcePosition, Waiver } from './model.ts';
import { selectionOf, type AppliedRule, type Surroundings } from './policy-selection.ts';

/** A waiver is announced to end this long before it does: time to mend what it excepts, or to ask for another. */
export const waiverNoticeMs = 30 * 86_400_000;

/** A rule is announced this long before it comes into effect: half a year is two lifetimes of a 90-day certificate. */
export const effectiveNoticeMs = 180 * 86_400_000;

/** What a verdict says of the exception behind it. */
export interface WaiverNote {
  readonly name: string;
  readonly expiresAt: Instant;
  readonly owner: string;
  readonly reason: string;
  readonly source: SourcePosition;
  /** It is over: the rule holds again. */
  readonly ended: boolean;
}

/**
 * The waiver for a rule that this certificate breaks: one that still holds before one that ended, the one that lasts longest first; null when there is none.
 * A waiver holds until, and not at, the instant it expires. Pure.
 */
export function waiverFor(
  waivers: readonly Waiver[],
  { entry, rule }: Pick<AppliedRule, 'entry' | 'rule'>,
  certificate: Certificate,
  around: Surroundings,
  now: Instant,
): WaiverNote | null {
  let best: Waiver | null = null;
  for (const waiver of waivers) {
    const covers = waiver.rules.includes(entry.id) || waiver.rules.includes(rule.id);
    if (!covers || selectionOf(waiver.selector, certificate, around) !== 'yes') continue;
    if (best === null || waiver.expiresAt > best.expiresAt) best = waiver;
  }
  if (best === null) return null;
  const { name, expiresAt, owner, reason, source } = best;
  return { name, expiresAt, owner, reason, source, ended: now >= expiresAt };
}

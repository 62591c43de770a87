/** Instants to the text that stands in records. Pure: `new Date(number)` reads no clock. */
import type { Instant } from './model.ts';
import type { Timestamp } from './record-format.ts';

/** The years that RFC 3339 can say: 0000-01-01T00:00:00Z to 9999-12-31T23:59:59Z. */
const firstInstant = -62_167_219_200_000;
const lastInstant = 253_402_300_799_000;

/** An instant that a record can say: what lies outside the years 0 to 9999 is their nearest end, and no number is their beginning. Times from outside go through here, so that no date ends a turn. */
export function instantWithin(instant: number): Instant {
  return Number.isNaN(instant) ? firstInstant : Math.min(Math.max(instant, firstInstant), lastInstant);
}

/** RFC 3339, UTC, whole seconds: certificates know no finer time (RFC 5280 section 4.1.2.5). Any number gives a timestamp (`instantWithin`). */
export function timestamp(instant: Instant): Timestamp {
  return new Date(Math.floor(instantWithin(instant) / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** Text of a record back to an instant. NaN never: throws RangeError on text that is no timestamp. */
export function instantOf(text: Timestamp): Instant {
  const instant = Date.parse(text);
  if (Number.isNaN(instant)) throw new RangeError(`not a timestamp: ${text}`);
  return instant;
}

/** Two clocks that are right differ by less, ms; `limits.clock.skewMaxMs` of the shell. */
export const clockSkewMs = 600_000;

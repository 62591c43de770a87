/** Instants to the text that stands in records. Pure: `new Date(number)` reads no clock. */
import type { Instant } from './model.ts';
import type { Timestamp } from './record-format.ts';

/** RFC 3339, UTC, whole seconds: certificates know no finer time (RFC 5280 section 4.1.2.5). */
export function timestamp(instant: Instant): Timestamp {
  return new Date(Math.floor(instant / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** Text of a record back to an instant. NaN never: throws RangeError on text that is no timestamp. */
export function instantOf(text: Timestamp): Instant {
  const instant = Date.parse(text);
  if (Number.isNaN(instant)) throw new RangeError(`not a timestamp: ${text}`);
  return instant;
}

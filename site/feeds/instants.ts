/** Instants of records as feeds may write them: a program that reads a feed stops at one that is none. Pure. */
import type { Timestamp } from '../../daemon/core/record-format.ts';

/** Whether it is an instant of a record: RFC 3339, UTC, and a day that exists. */
export function isInstant(text: string | null): text is Timestamp {
  return (
    text !== null &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(text) &&
    !Number.isNaN(Date.parse(text))
  );
}

/** Instants and spans as people read them. Pages print absolute dates only; a script adds "in 12 days", because a page is read later than it is built. */
import type { Timestamp } from '../../../daemon/core/record-format.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** `2026-11-20 10:00 UTC`; a text that is not a timestamp is returned as it came. */
export function utc(at: Timestamp): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d)?(?:\.\d+)?Z$/.exec(at);
  return match === null ? at : `${match[1] ?? ''} ${match[2] ?? ''} UTC`;
}

/** `2026-11-20`; a text that is not a timestamp is returned as it came. */
export function utcDay(at: Timestamp): string {
  return /^\d{4}-\d\d-\d\dT/.test(at) ? at.slice(0, 10) : at;
}

/** Epoch ms, or null when the text is not a timestamp. */
export function instantOf(at: Timestamp): number | null {
  const ms = Date.parse(at);
  return Number.isNaN(ms) ? null : ms;
}

/** A span in its largest whole unit, `3 days`, `1 hour`, `4 minutes`; under a minute is `less than a minute`. Two days and more are days. */
export function spanWords(ms: number): string {
  const span = Math.abs(ms);
  if (span < minute) return 'less than a minute';
  const [size, word] =
    span >= 2 * day
      ? ([day, 'day'] as const)
      : span >= hour
        ? ([hour, 'hour'] as const)
        : ([minute, 'minute'] as const);
  return count(Math.floor(span / size), word);
}

/** `1 certificate`, `2 certificates`, `2 addresses`. */
export function count(n: number, word: string): string {
  if (n === 1) return `1 ${word}`;
  return `${n} ${word}${word.endsWith('s') ? 'es' : 's'}`;
}

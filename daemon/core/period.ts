/** Periods as people write them: a quarter, a month, a year. UTC. Pure. */
import type { Instant } from './model.ts';

export interface Period {
  /** As it was written: `2026-Q4`. */
  readonly label: string;
  readonly from: Instant;
  /** The first instant that no longer belongs to it. */
  readonly to: Instant;
}

/** `2026-Q4`, `2026-11` or `2026`; null for anything else. */
export function parsePeriod(text: string): Period | null {
  const match = /^(20\d{2})(?:-Q([1-4])|-(0[1-9]|1[0-2]))?$/.exec(text);
  if (match === null) return null;
  const year = Number(match[1]);
  const [quarter, month] = [match[2], match[3]];
  const [start, months] =
    quarter !== undefined
      ? [(Number(quarter) - 1) * 3, 3]
      : month !== undefined
        ? [Number(month) - 1, 1]
        : [0, 12];
  return { label: text, from: Date.UTC(year, start), to: Date.UTC(year, start + months) };
}

/**
 * The instant up to which something written as a date counts: the end of a day (`2026-03-31`), or the instant itself (`2026-03-31T12:00:00Z`); null for
 * what is neither.
 */
export function parseMoment(text: string): Instant | null {
  const day = /^20\d{2}-\d{2}-\d{2}$/.test(text);
  if (!day && !/^20\d{2}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?Z$/.test(text)) return null;
  const instant = Date.parse(day ? `${text}T23:59:59Z` : text);
  if (Number.isNaN(instant) || !new Date(instant).toISOString().startsWith(text.slice(0, 10))) return null;
  return instant;
}

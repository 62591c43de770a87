/** When to try again after a failure. Pure. */
import type { Instant } from './model.ts';

export interface Failure {
  /** Failures in a row, this one included: 1 or more. */
  readonly failures: number;
  readonly lastFailureAt: Instant;
  readonly disposition: 'retry' | 'wait' | 'stall';
  /** What the other side asked for; null when it did not. */
  readonly retryAt: Instant | null;
  /** When what waits for this try ends; null where nothing does. The nearer this is the more often it is tried. */
  readonly endsAt?: Instant | null;
  /** In [0, 1): spreads the tries of many, so that what failed together does not come back together. */
  readonly random01: number;
}

/** Around a step of the schedule: a fifth earlier or later. */
const jitter = 0.2;

/** A stall is tried again at least daily and at most hourly: a wrong password is no reason to knock every minute, a corrected CA none to wait a week. */
const stallMs = { longest: 86_400_000, shortest: 3_600_000 };

/** What is left is divided into this many tries: of the last ten days each half day has one. */
const triesLeft = 20;

/** The longest pause of our own choice: never so long that what is served ends in it, and never under an hour for that. */
function longestBefore({ endsAt, lastFailureAt }: Failure): number {
  if (endsAt == null) return Number.POSITIVE_INFINITY;
  return Math.max((endsAt - lastFailureAt) / triesLeft, stallMs.shortest);
}

/**
 * The next instant at which to try. `stall` waits for something to change (`core/stall.ts`) and is tried by itself at least daily, more often near the end of what is
 * installed, never sooner than the other side asked. `retry` takes the step for the number of failures, the last one for ever after, and a shorter one near the end; `wait` takes
 * what the other side asked for. Neither is sooner than asked for (RFC 9110 section 10.2.3), nor later than the last step with its jitter for a date far off, nor sooner than the first
 * step with its jitter: "Retry-After: 0" must not become a busy loop. `stepsMs` must not be empty.
 */
export function nextAttempt(failure: Failure, stepsMs: readonly number[]): Instant {
  const { failures, lastFailureAt, disposition, retryAt, random01 } = failure;
  if (disposition === 'stall') return nextLook(failure);
  const longest = stepsMs.at(-1) ?? 0;
  const number = disposition === 'wait' && retryAt !== null ? 1 : failures;
  const step = stepsMs[Math.max(1, Math.min(number, stepsMs.length)) - 1] ?? longest;
  const pause = step * (1 - jitter + random01 * 2 * jitter);
  const own = lastFailureAt + Math.min(pause, longestBefore(failure) * (1 - random01 * jitter));
  const asked = Math.min(retryAt ?? lastFailureAt, lastFailureAt + longest);
  return Math.round(Math.max(own, asked));
}

function nextLook(failure: Failure): Instant {
  const { lastFailureAt, retryAt, random01 } = failure;
  const pause = Math.min(longestBefore(failure), stallMs.longest);
  // Earlier, never later: a day is a promise.
  const own = lastFailureAt + pause * (1 - random01 * jitter);
  const asked = Math.min(retryAt ?? lastFailureAt, lastFailureAt + stallMs.longest);
  return Math.round(Math.max(own, asked));
}

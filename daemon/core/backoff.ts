/** When to try again after a failure. Pure. */
import type { Instant } from './model.ts';

export interface Failure {
  /** Failures in a row, this one included: 1 or more. */
  readonly failures: number;
  readonly lastFailureAt: Instant;
  readonly disposition: 'retry' | 'wait' | 'stall';
  /** What the other side asked for; null when it did not. */
  readonly retryAt: Instant | null;
  /** When what is installed ends; null where nothing is. A stall is looked at more often the nearer this is. */
  readonly endsAt?: Instant | null;
  /** In [0, 1): spreads the tries of many, so that what failed together does not come back together. */
  readonly random01: number;
}

/** Around a step of the schedule: a fifth earlier or later. */
const jitter = 0.2;

/** A stall is tried again at least daily and at most hourly: a wrong password is no reason to knock every minute, a corrected CA none to wait a week. */
const stallMs = { longest: 86_400_000, shortest: 3_600_000 };

/** What is left is divided into this many tries: of the last ten days each half day has one. */
const stallTries = 20;

/**
 * The next instant at which to try. `stall` waits for something to change (`core/stall.ts`) and is tried by itself at least daily, more often near the end of what is
 * installed, never sooner than the other side asked. `retry` takes the step for the number of failures, the last one for ever after; `wait` takes
 * what the other side asked for. Neither is sooner than asked for (RFC 9110 section 10.2.3), nor later than the last step with its jitter for a date far off, nor sooner than the first
 * step with its jitter: "Retry-After: 0" must not become a busy loop. `stepsMs` must not be empty.
 */
export function nextAttempt(failure: Failure, stepsMs: readonly number[]): Instant {
  const { failures, lastFailureAt, disposition, retryAt, random01 } = failure;
  if (disposition === 'stall') return nextLook(failure);
  const longest = stepsMs.at(-1) ?? 0;
  const number = disposition === 'wait' && retryAt !== null ? 1 : failures;
  const step = stepsMs[Math.max(1, Math.min(number, stepsMs.length)) - 1] ?? longest;
  const own = lastFailureAt + step * (1 - jitter + random01 * 2 * jitter);
  const asked = Math.min(retryAt ?? lastFailureAt, lastFailureAt + longest);
  return Math.round(Math.max(own, asked));
}

function nextLook({ lastFailureAt, retryAt, endsAt, random01 }: Failure): Instant {
  const left = endsAt == null ? stallMs.longest : (endsAt - lastFailureAt) / stallTries;
  const pause = Math.min(Math.max(left, stallMs.shortest), stallMs.longest);
  // Earlier, never later: a day is a promise.
  const own = lastFailureAt + pause * (1 - random01 * jitter);
  const asked = Math.min(retryAt ?? lastFailureAt, lastFailureAt + stallMs.longest);
  return Math.round(Math.max(own, asked));
}

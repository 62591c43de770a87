/** When to try again after a failure. Pure. */
import type { Instant } from './model.ts';

export interface Failure {
  /** Failures in a row, this one included: 1 or more. */
  readonly failures: number;
  readonly lastFailureAt: Instant;
  readonly disposition: 'retry' | 'wait' | 'stall';
  /** What the other side asked for; null when it did not. */
  readonly retryAt: Instant | null;
  /** In [0, 1): spreads the tries of many, so that what failed together does not come back together. */
  readonly random01: number;
}

/** Around a step of the schedule: a fifth earlier or later. */
const jitter = 0.2;

/**
 * The next instant at which to try, or null for `stall`: not until something changes. `retry` takes the step for the number of failures, the last one for ever after; `wait` takes
 * what the other side asked for. Neither is sooner than asked for (RFC 9110 section 10.2.3), nor later than the last step with its jitter for a date far off, nor sooner than the first
 * step with its jitter: "Retry-After: 0" must not become a busy loop. `stepsMs` must not be empty.
 */
export function nextAttempt(failure: Failure, stepsMs: readonly number[]): Instant | null {
  const { failures, lastFailureAt, disposition, retryAt, random01 } = failure;
  if (disposition === 'stall') return null;
  const longest = stepsMs.at(-1) ?? 0;
  const number = disposition === 'wait' && retryAt !== null ? 1 : failures;
  const step = stepsMs[Math.max(1, Math.min(number, stepsMs.length)) - 1] ?? longest;
  const own = lastFailureAt + step * (1 - jitter + random01 * 2 * jitter);
  const asked = Math.min(retryAt ?? lastFailureAt, lastFailureAt + longest);
  return Math.round(Math.max(own, asked));
}

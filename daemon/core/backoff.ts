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
 * The next instant at which to try, or null for `stall`: not until something changes. `wait` keeps what the other side asked for but never more than the last step after the
 * failure; `retry` takes the step for the number of failures, the last one for ever after. `stepsMs` must not be empty.
 */
export function nextAttempt(failure: Failure, stepsMs: readonly number[]): Instant | null {
  const { failures, lastFailureAt, disposition, retryAt, random01 } = failure;
  const longest = stepsMs.at(-1) ?? 0;
  if (disposition === 'stall') return null;
  if (disposition === 'wait' && retryAt !== null) {
    return Math.max(lastFailureAt, Math.min(retryAt, lastFailureAt + longest));
  }
  const step = stepsMs[Math.min(failures, stepsMs.length) - 1] ?? longest;
  return Math.round(lastFailureAt + step * (1 - jitter + random01 * 2 * jitter));
}

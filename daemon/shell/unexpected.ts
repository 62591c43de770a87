/**
 * The boundary around what is done for one installation, endpoint or issuer. What comes from outside may find a mistake of ours anywhere, and whatever is thrown then
 * is the failure of that one: the turn goes on for all others (`docs/failures.md`: `unexpected`).
 */
import { OperationError } from '../ports/failure.ts';
import { limits } from '../limits.ts';
import { firstOf, firstOfLine } from '../said-text.ts';
import { TurnEnded, type World } from './world.ts';

/** Who tells of it: the log, and the turn that counts it. */
export type Witness = Pick<World, 'log' | 'unexpected'>;

/**
 * The failure of `subject`, whatever was thrown: an OperationError as it is, anything else as `unexpected`, said in the log with its stack and counted by the turn.
 * Its text is cleaned and bounded. Never returns for what ends the turn on purpose: a test's crash point, or the reason of `signal` once that has fired.
 */
export function failureOf(
  world: Witness,
  subject: string,
  thrown: unknown,
  signal?: AbortSignal,
): OperationError {
  if (thrown instanceof OperationError) return thrown;
  if (thrown instanceof TurnEnded || signal?.aborted === true) throw thrown;
  const failure = new OperationError(
    'unexpected',
    `${subject}: renewd did not expect what it met there (${wordsOf(thrown)}). It is tried again; everything else goes on. Look at the log for where it happened, and report that`,
    { disposition: 'retry', cause: thrown },
  );
  world.log.error({ subject, code: failure.code, stack: stackOf(thrown) }, failure.message);
  world.unexpected?.({ subject, failure });
  return failure;
}

/**
 * Runs `work` for `subject`; what it throws is said, and `instead` is answered. Only what stops everything goes on: the journal that cannot be written, and what
 * ends the turn on purpose.
 */
export function apart<T>(
  world: Witness,
  subject: string,
  work: () => T,
  instead: (failure: OperationError) => T,
): T {
  try {
    return work();
  } catch (thrown) {
    return instead(ownFailure(world, subject, thrown));
  }
}

/** As `apart`, for work that waits. */
export async function apartSoon<T>(
  world: Witness,
  subject: string,
  work: () => Promise<T>,
  instead: (failure: OperationError) => T,
  signal?: AbortSignal,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    return instead(ownFailure(world, subject, thrown, signal));
  }
}

function ownFailure(world: Witness, subject: string, thrown: unknown, signal?: AbortSignal): OperationError {
  const failure = failureOf(world, subject, thrown, signal);
  if (failure.code === 'journal-unavailable') throw failure;
  return failure;
}

/** What was thrown, on one line. Reading it may fail as well: anything can be thrown. */
function wordsOf(thrown: unknown): string {
  try {
    const said = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    return firstOfLine(said, limits.failures.wordsMaxChars);
  } catch {
    return 'something without words';
  }
}

function stackOf(thrown: unknown): string | null {
  try {
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    return stack === undefined ? null : firstOf(stack, limits.failures.stackMaxChars);
  } catch {
    return null;
  }
}

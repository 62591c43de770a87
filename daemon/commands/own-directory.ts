/** The data directory is one's own: journal, keys and caches are believed as they stand, so no commit may bring them. */
import { trackedAt } from '../git/tracked.ts';
import { OperationError } from '../ports/failure.ts';
import { EarlyExit } from './early-exit.ts';

/**
 * Refuses a data directory whose files a checkout of Git brings along: whoever may commit there would write journal, custody and kept history.
 * IO: reads the checkout around it, if there is one. A checkout that cannot be read says nothing and stops nothing.
 * @throws EarlyExit `cannot-create` that names the path
 */
export async function refuseTracked(dataDirectory: string): Promise<void> {
  let tracked: string | null;
  try {
    tracked = await trackedAt(dataDirectory);
  } catch (error) {
    if (error instanceof OperationError) return;
    throw error;
  }
  if (tracked === null) return;
  throw new EarlyExit(
    'cannot-create',
    `the data directory ${dataDirectory} is part of a Git repository, which brings ${tracked}: a commit could replace the journal, keys and caches. Name one outside with --data, or remove it from Git: git rm -r --cached ${tracked}`,
  );
}

/** Whether Git keeps what stands at a path: what a commit can bring is no place for what must be one's own. */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { openRepository } from './repository.ts';

/**
 * The first path of the commit that is checked out which stands at, below or on the way to a directory; null when there is none, or no checkout around it.
 * IO: reads Git. Links on the way to the checkout are followed, those inside are what is looked for. @throws OperationError `git-*`
 */
export async function trackedAt(directory: string): Promise<string | null> {
  const path = resolve(directory);
  const top = checkoutAround(path);
  if (top === null) return null;
  const parts = relative(top, path).split('/');
  const repository = await openRepository({ url: top, directory: top, now: Date.now });
  try {
    const head = await repository.resolve('HEAD', AbortSignal.timeout(trackedTimeoutMs));
    if (head === null) return null;
    // A prefix of the first part: a link or file that Git keeps may stand on the way.
    const entries = await repository.changes(null, head, [parts[0] ?? '']);
    const wanted = parts.join('/');
    const found = entries.find(
      ({ path: each }) => each === wanted || each.startsWith(`${wanted}/`) || wanted.startsWith(`${each}/`),
    );
    return found?.path ?? null;
  } finally {
    await repository.close();
  }
}

/** A repository on this machine answers at once; a network file system may hang. */
const trackedTimeoutMs = 30_000;

function checkoutAround(path: string): string | null {
  for (let look = dirname(path); ; look = dirname(look)) {
    if (existsSync(join(look, '.git'))) return look;
    if (look === dirname(look)) return null;
  }
}

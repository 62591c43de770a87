/**
 * Which changes decide about the rights of others: of two whose order nothing proves they count first. What only asks for certificates takes nothing from anybody.
 * Reads Git.
 */
import { permittedFor } from '../core/change-judgement.ts';
import type { SignatureFinding } from '../core/change.ts';
import type { Desired } from '../core/model.ts';
import type { Repository } from '../git/repository.ts';
import { limits } from '../limits.ts';
import { declaredDiff } from './declared-changes.ts';
import type { FilesInForce } from './in-force.ts';
import { isUnreadable } from './new-commits.ts';

/**
 * Whether a file decides about rights, and this signer may change it: anything but a file of certificates alone. What somebody may not change anyhow decides nothing.
 * Pure.
 */
export function mayDecide(
  { files }: FilesInForce,
  desired: Desired | null,
  path: string,
  { principals }: Pick<SignatureFinding, 'principals'>,
): boolean {
  const control = desired?.changeControl ?? null;
  if (desired === null || control === null) return false;
  const others = files.get(path)?.documents.some(({ kind }) => kind !== 'Certificate') === true;
  if (path.startsWith('inventory/certificates/') && !others) return false;
  const permitted = permittedFor(control, desired, path);
  return permitted === null || principals.some((each) => permitted.has(each));
}

/** Whether a commit changes such a file against its first parent. IO: reads Git. What cannot be compared decides nothing: it never takes effect. */
export function rightsIn(
  inForce: FilesInForce & { readonly repository: Pick<Repository, 'changes' | 'commit'> },
  desired: Desired | null,
): (commit: string, by: SignatureFinding) => Promise<boolean> {
  const { repository } = inForce;
  return async (oid, by) => {
    try {
      const { parents } = await repository.commit(oid);
      const diff = declaredDiff(repository, inForce, limits.governance.filesReadPerChangeMax);
      const changes = await diff(parents[0] ?? null, oid);
      return changes.some(({ path }) => mayDecide(inForce, desired, path, by));
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return false;
    }
  };
}

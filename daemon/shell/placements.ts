/** The placement of an installation by what is in force now, judged again whenever something is done: what a declaration once was allowed counts for nothing. */
import { claimConflicts, conflictText, type ClaimConflict } from '../core/claims.ts';
import type { Certificate, Desired, Installation } from '../core/model.ts';
import { placementOf, type Placement } from '../core/placement.ts';
import { OperationError } from '../ports/failure.ts';
import type { Memory } from './memory.ts';

/** Conflicts of a state, worked out once: a state never changes. */
const known = new WeakMap<Desired, ReadonlyMap<string, ClaimConflict>>();

/** What is installed comes first, whatever the order of files: it is what the server has. What was refused when it came to the path stays so, installed elsewhere or not. */
function conflictsOf(
  desired: Desired,
  memory: Pick<Memory, 'installations'>,
): ReadonlyMap<string, ClaimConflict> {
  let conflicts = known.get(desired);
  if (conflicts === undefined) {
    const installed = [...memory.installations.values()].flatMap(({ certificate, installed: there }) =>
      certificate === null || there === null ? [] : [certificate],
    );
    const { pathless = new Set() } = desired;
    conflicts = claimConflicts(desired, { certificates: installed, pathless });
    known.set(desired, conflicts);
  }
  return conflicts;
}

/**
 * Where the installation's files stand, or why nothing may be done with it. Pure but for what it remembers of a state.
 * Null where endpoint or profile are not declared any more.
 */
export function judgePlacement(
  memory: Pick<Memory, 'desired' | 'installations'>,
  certificate: Certificate,
  installation: Installation,
): { readonly placement: Placement } | { readonly refused: string } | null {
  const { desired } = memory;
  const endpoint = desired?.endpoints.get(installation.endpoint);
  const profile = desired?.profiles.get(installation.profile);
  if (desired === null || endpoint === undefined || profile === undefined) return null;
  const result = placementOf({ certificate, installation, endpoint, profile });
  if ('faults' in result) return { refused: result.faults[0].message };
  const conflict = conflictsOf(desired, memory).get(installation.id);
  return conflict === undefined ? result : { refused: conflictText(conflict) };
}

/** The placement, for whoever acts. @throws OperationError `placement-refused`, or `unsupported` where endpoint or profile are not declared any more */
export function requirePlacement(
  memory: Pick<Memory, 'desired' | 'installations'>,
  certificate: Certificate,
  installation: Installation,
): Placement {
  const judged = judgePlacement(memory, certificate, installation);
  if (judged === null) {
    throw new OperationError(
      'unsupported',
      `${installation.id}: endpoint ${installation.endpoint} or profile ${installation.profile} is no longer declared`,
      // Another declaration mends it, which this one's backoff would not see.
      { disposition: 'retry' },
    );
  }
  if ('refused' in judged)
    throw new OperationError('placement-refused', `${installation.id}: ${judged.refused}`, {
      // The endpoint or the profile may change, which the backoff of this declaration would not see.
      disposition: 'retry',
    });
  return judged.placement;
}

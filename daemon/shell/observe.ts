/** Looks at endpoints and addresses. Changes nothing; a look that fails is an observation too, never an exception. */
import type { Installation, Observation } from '../core/model.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Store, Target } from '../ports/target.ts';
import { bounded, eachBounded } from './bounded.ts';
import type { World } from './world.ts';

/** One installation to look at. `target` is null when it could not be made; `problem` then says why. */
export interface Sight {
  readonly installation: Installation;
  /** null, as `target`, when it could not be made. */
  readonly store: Store | null;
  readonly target: Target | null;
  readonly problem: OperationError | null;
  readonly anchors: readonly string[] | null;
}

/**
 * Looks at all of `sights`: the store over the target, each address by handshake. IO, read-only, safe to repeat.
 * Endpoints are looked at side by side, each by one session at a time.
 */
export async function observe(
  world: World,
  sights: readonly Sight[],
  signal: AbortSignal,
): Promise<Observation[]> {
  const seen: Observation[] = [];
  if (sights.length > 0) world.progress({ kind: 'observing', installations: sights.length });
  await eachBounded(
    sights,
    world.pace.concurrentObservations,
    (sight) => sight.installation.endpoint,
    async (sight) => {
      if (!signal.aborted && !world.stopping()) seen.push(await observeOne(world, sight, signal));
    },
  );
  return seen;
}

/** Looks at one installation. IO, read-only. */
export async function observeOne(world: World, sight: Sight, signal: AbortSignal): Promise<Observation> {
  const { installation } = sight;
  const [store, handshakes] = await Promise.all([
    inspect(sight, signal),
    Promise.all(installation.serves.map((address) => world.handshake(address, sight.anchors, signal))),
  ]);
  return { installation: installation.id, at: world.now(), ...store, handshakes };
}

async function inspect(
  sight: Sight,
  signal: AbortSignal,
): Promise<Pick<Observation, 'store' | 'storeFailure'>> {
  const failed = (error: OperationError): Pick<Observation, 'store' | 'storeFailure'> => ({
    store: null,
    storeFailure: { code: error.code, message: error.message },
  });
  if (sight.target === null || sight.store === null) {
    return failed(sight.problem ?? new OperationError('unsupported', 'no target', { disposition: 'stall' }));
  }
  try {
    const store = await sight.target.inspect(sight.store, bounded(signal, limits.work.inspectTimeoutMs));
    return { store, storeFailure: null };
  } catch (error) {
    if (error instanceof OperationError) return failed(error);
    throw error;
  }
}

/** Looks at endpoints and addresses. Changes nothing; a look that fails is an observation too, never an exception. */
import type { Address, Anchors, Handshake, Installation, Observation, KeyAlgorithm } from '../core/model.ts';
import type { Reach } from '../core/reach.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { KeyProver, Store, Target } from '../ports/target.ts';
import { bounded, eachBounded } from './bounded.ts';
import { provenanceOf, type Claim } from './provenance.ts';
import { failureOf } from './unexpected.ts';
import type { World } from './world.ts';

/** One installation to look at. `target` is null when it could not be made; `problem` then says why. */
export interface Sight {
  readonly installation: Installation;
  /** null, as `target`, when it could not be made. */
  readonly store: Store | null;
  readonly target: (Target & Partial<KeyProver>) | null;
  readonly problem: OperationError | null;
  readonly reach: Reach;
  readonly anchors: Anchors;
  /** Of the key that is declared. */
  readonly keyAlgorithm: KeyAlgorithm;
  /** Given where the journal knows nothing of the installation: what stands there is then to be proved. */
  readonly claim?: Claim | null;
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
  const away = new Map<string, OperationError>();
  if (sights.length > 0) world.progress({ kind: 'observing', installations: sights.length });
  await eachBounded(
    sights,
    world.pace.concurrentObservations,
    (sight) => sight.installation.endpoint,
    async (sight) => {
      if (signal.aborted || world.stopping()) return;
      const { endpoint } = sight.installation;
      const problem = away.get(endpoint);
      const observation = await observeOne(
        world,
        problem === undefined ? sight : { ...sight, target: null, problem },
        signal,
      );
      seen.push(observation);
      const failure = observation.storeFailure;
      // Each further question would wait as long, and offer key or password again.
      if (failure !== null && isAway(failure.code))
        away.set(endpoint, new OperationError(failure.code, failure.message, { disposition: 'retry' }));
    },
  );
  return seen;
}

/** Failures of the way to an endpoint: the next installation there would fail the same. */
function isAway(code: string): code is 'ssh-auth' | 'ssh-host-key' | 'ssh-timeout' | 'ssh-unreachable' {
  return ['ssh-auth', 'ssh-host-key', 'ssh-timeout', 'ssh-unreachable'].includes(code);
}

/** Looks at one installation. IO, read-only. */
export async function observeOne(world: World, sight: Sight, signal: AbortSignal): Promise<Observation> {
  const { installation } = sight;
  const [store, handshakes] = await Promise.all([
    inspect(world, sight, signal),
    Promise.all(installation.serves.map((address) => look(world, sight, address, signal))),
  ]);
  return { installation: installation.id, at: world.now(), ...store, handshakes };
}

/** One look at an address. Looks reject for nothing a server does; where one does, it is what was seen there. */
async function look(
  world: World,
  { installation, reach, anchors, keyAlgorithm }: Sight,
  address: Address,
  signal: AbortSignal,
): Promise<Handshake> {
  try {
    return await world.handshake(address, reach, anchors, signal, keyAlgorithm);
  } catch (error) {
    const subject = `${installation.id} at ${address.host}:${String(address.port)}`;
    const detail = failureOf(world, subject, error, signal).message;
    const failure = { result: 'handshake-failed', detail } as const;
    return { address, leaf: null, chain: [], failure, trust: 'not-judged', protocol: null };
  }
}

async function inspect(
  world: World,
  sight: Sight,
  signal: AbortSignal,
): Promise<Pick<Observation, 'store' | 'storeFailure'>> {
  const failed = (error: OperationError): Pick<Observation, 'store' | 'storeFailure'> => ({
    store: null,
    storeFailure: { code: error.code, message: error.message },
  });
  if (sight.target === null || sight.store === null) {
    return failed(
      sight.problem ??
        new OperationError('unsupported', 'no target', { disposition: 'stall', endsWhen: ['declaration'] }),
    );
  }
  try {
    const store = await sight.target.inspect(sight.store, bounded(signal, limits.work.inspectTimeoutMs));
    const { claim } = sight;
    const provenance =
      claim == null ? null : await provenanceOf(world, sight.target, sight.store, store, claim, signal);
    return { store: provenance === null ? store : { ...store, provenance }, storeFailure: null };
  } catch (error) {
    return failed(failureOf(world, sight.installation.id, error, signal));
  }
}

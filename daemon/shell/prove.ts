/** Proof by handshake: the fingerprint served at every declared address is the one that was issued, and its chain verifies. */
import type { Address, Fingerprint } from '../core/model.ts';
import { whereItStands } from '../core/installed-files.ts';
import { judgeHandshake, partsOf } from '../core/served.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Job } from './operation.ts';
import type { World } from './world.ts';

/**
 * Looks at each address until it shows `fingerprint` several times in a row or the profile's settle time is over. IO. Changes nothing.
 * Returns when it was proved; null when it was not and nothing is wrong: no address is declared, or nobody may look at one.
 * @throws OperationError `not-served` that says what was seen instead, where
 */
export async function proveServed(
  world: World,
  job: Job,
  fingerprint: Fingerprint,
  signal: AbortSignal,
): Promise<number | null> {
  const deadline = world.now() + job.profile.settleMs;
  const answers = await Promise.all(
    job.installation.serves.map((address) =>
      proveAddress(world, job, address, fingerprint, deadline, signal),
    ),
  );
  const wrong = answers.flatMap((answer) => (answer.state === 'wrong' ? [answer.message] : []));
  if (wrong.length > 0) {
    // Most often the server was never told of these files.
    throw new OperationError(
      'not-served',
      `after the reload ${wrong.join('; ')}. Installed on ${job.installation.endpoint}: ${whereItStands(job.store.placement, job.profile)}`,
      { disposition: 'retry' },
    );
  }
  return answers.length > 0 && answers.every(({ state }) => state === 'proved') ? world.now() : null;
}

type Answer = { readonly state: 'proved' | 'unseen' } | { readonly state: 'wrong'; readonly message: string };

async function proveAddress(
  world: World,
  job: Job,
  address: Address,
  fingerprint: Fingerprint,
  deadline: number,
  signal: AbortSignal,
): Promise<Answer> {
  const previous = job.installed?.issued.fingerprint ?? null;
  const started = performance.now();
  let inARow = 0;
  // Some addresses of the name were not looked at: what the others show is no proof of these.
  let isPartial = false;
  for (;;) {
    const handshake = await world.handshake(
      address,
      job.reach,
      job.anchors,
      signal,
      job.certificate.key.algorithm,
    );
    // Nobody may look there: nothing is proved and nothing is wrong with the server. The finding says so; undoing would end in an outage.
    const { seen, unseen } = partsOf(handshake);
    const [one, ...others] = seen;
    if (one === undefined) return { state: 'unseen' };
    isPartial ||= unseen.length > 0;
    const judged = judgeHandshake(
      { ...one, others },
      {
        current: fingerprint,
        previous,
        known: new Map(),
        now: world.now(),
      },
    );
    inARow = judged.result === 'served-match' ? inARow + 1 : 0;
    if (inARow >= limits.work.proofInARow) return { state: isPartial ? 'unseen' : 'proved' };
    // The world's clock may be a test's; real waiting is measured by the process's own.
    const over = world.now() >= deadline || performance.now() - started >= job.profile.settleMs;
    if (over && inARow === 0)
      return {
        state: 'wrong',
        message: `${address.host}:${String(address.port)} (${address.serverName}): ${judged.message}`,
      };
    await new Promise((resolve) => setTimeout(resolve, limits.work.proofPauseMs));
    signal.throwIfAborted();
  }
}

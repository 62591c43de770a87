/** Proof by handshake: the fingerprint served at every declared address is the one that was issued, and its chain verifies. */
import { isAsBefore, isBehind, type Amiss } from '../core/going-back.ts';
import type { Address, Fingerprint, Handshake } from '../core/model.ts';
import { whereItStands } from '../core/installed-files.ts';
import { judgeHandshake, partsOf, type ServedJudgement } from '../core/served.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Job } from './operation.ts';
import type { World } from './world.ts';

/**
 * Looks at each address until it shows `fingerprint` several times in a row or the profile's settle time is over. IO. Changes nothing.
 * Returns when it was proved; null when it was not and nothing is to be taken back: no address is declared, nobody may look at one, one is as it was before the switch
 * (`amiss`), or one still shows the certificate of before while another shows the new one.
 * @throws OperationError `not-served` that says what was seen instead, where
 */
export async function proveServed(
  world: World,
  job: Job,
  fingerprint: Fingerprint,
  amiss: readonly Amiss[],
  signal: AbortSignal,
): Promise<number | null> {
  const deadline = world.now() + job.profile.settleMs;
  const answers = await Promise.all(
    job.installation.serves.map((address) =>
      proveAddress(world, job, address, { fingerprint, amiss, deadline }, signal),
    ),
  );
  const isShown = answers.some((each) => each.isShown);
  const wrong = answers.flatMap((each) =>
    each.state === 'wrong' || (each.state === 'behind' && !isShown) ? [each.message] : [],
  );
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

/** `isShown`: the new certificate was seen there, at one of its addresses at least. */
type Answer = { readonly isShown: boolean } & (
  | { readonly state: 'proved' | 'unseen' }
  | { readonly state: 'wrong' | 'behind'; readonly message: string }
);

interface Wanted {
  readonly fingerprint: Fingerprint;
  readonly amiss: readonly Amiss[];
  readonly deadline: number;
}

async function proveAddress(
  world: World,
  job: Job,
  address: Address,
  { fingerprint, amiss, deadline }: Wanted,
  signal: AbortSignal,
): Promise<Answer> {
  const { installed, profile, reach, anchors, certificate } = job;
  const previous = installed?.issued.fingerprint ?? null;
  const started = performance.now();
  const judge = ([one, ...others]: readonly Handshake[]): ServedJudgement | null =>
    one === undefined
      ? null
      : judgeHandshake(
          { ...one, others },
          { current: fingerprint, previous, known: new Map(), now: world.now() },
        );
  const isMatch = (judged: ServedJudgement | null): boolean => judged?.result === 'served-match';
  // In a row: all of them, and those that were not amiss before.
  let whole = 0;
  let rest = 0;
  // Some addresses of the name were not looked at: what the others show is no proof of these.
  let isPartial = false;
  for (;;) {
    const handshake = await world.handshake(address, reach, anchors, signal, certificate.key.algorithm);
    // Nobody may look there: nothing is proved and nothing is wrong with the server. The finding says so; undoing would end in an outage.
    const { seen, unseen } = partsOf(handshake);
    if (seen.length === 0) return { state: 'unseen', isShown: false };
    isPartial ||= unseen.length > 0;
    const others = seen.filter((each) => !isAsBefore(each, amiss, fingerprint, world.now()));
    const judged = judge(others);
    whole = isMatch(judge(seen)) ? whole + 1 : 0;
    rest = isMatch(judged) ? rest + 1 : 0;
    if (whole >= limits.work.proofInARow) return { state: isPartial ? 'unseen' : 'proved', isShown: true };
    // The world's clock may be a test's; real waiting is measured by the process's own.
    if (world.now() >= deadline || performance.now() - started >= profile.settleMs) {
      if (judged === null) return { state: 'unseen', isShown: false };
      if (rest >= limits.work.proofInARow) return { state: 'unseen', isShown: true };
      if (rest === 0) {
        const isOf = (each: Handshake): boolean => isMatch(judge([each]));
        const onlyBehind = others.every((each) => isOf(each) || isBehind(each, installed, world.now()));
        return {
          state: onlyBehind ? 'behind' : 'wrong',
          isShown: others.some(isOf),
          message: `${address.host}:${String(address.port)} (${address.serverName}): ${judged.message}`,
        };
      }
    }
    await new Promise((resolve) => setTimeout(resolve, limits.work.proofPauseMs));
    signal.throwIfAborted();
  }
}

/** What `doctor` finds of machines and addresses before anything is issued: lines that a list lacks, and names at which nothing answers. */
import { counted } from '../core/count.ts';
import { durationText } from '../core/duration.ts';
import type { Address, Desired, Endpoint, Handshake } from '../core/model.ts';
import { keyOf } from '../core/same.ts';
import { reachOf } from '../core/reach.ts';
import { webrootsIn } from '../issuers/schemas.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Permitting } from '../ports/target.ts';
import { bounded, eachBounded } from '../shell/bounded.ts';
import { failureOf, type Witness } from '../shell/unexpected.ts';
import type { World } from '../shell/world.ts';
import { neededLines } from '../targets/ssh/needed-lines.ts';

/** Asks the machine for each line that what is declared needs. IO. @throws OperationError `unsupported` that writes out what is missing */
export async function refuseMissingLines(
  target: Partial<Permitting>,
  endpoint: Endpoint,
  desired: Desired | null,
  signal: AbortSignal,
): Promise<void> {
  if (target.missingLines === undefined || desired === null) return;
  const { lines } = neededLines(desired, endpoint, webrootsIn(desired.issuers.values()));
  const missing = await target.missingLines(lines, bounded(signal, limits.work.inspectTimeoutMs));
  if (missing === null || missing.length === 0) return;
  const shown = missing.slice(0, limits.doctor.missingLinesShown);
  const more = missing.length - shown.length;
  throw new OperationError(
    'unsupported',
    `the list of ${endpoint.name} lacks ${counted(missing.length, 'line')} for what is declared. As root there, add: ${shown.map(({ kind, text }) => `"${kind} ${text}"`).join(', ')}${more > 0 ? ` and ${String(more)} more (renewd helper ${endpoint.name} --list)` : ''}`,
    { disposition: 'retry' },
  );
}

/** Certificates for which it cannot be said what a machine must allow, in a sentence; null where there are none. Pure but for templates. */
export function untold(endpoint: Endpoint, desired: Desired | null): string | null {
  if (desired === null) return null;
  const { leftOut } = neededLines(desired, endpoint, webrootsIn(desired.issuers.values()));
  if (leftOut.length === 0) return null;
  const shown = leftOut.slice(0, limits.doctor.missingLinesShown);
  const more = leftOut.length - shown.length;
  return `${counted(leftOut.length, 'certificate')} declared at ${endpoint.name} cannot be installed there as declared: ${shown.map(({ certificate, message }) => `${certificate}: ${message}`).join('; ')}${more > 0 ? `; and ${String(more)} more` : ''}. renewd check names each line`;
}

export interface AddressTried {
  readonly subject: string;
  readonly answers: boolean;
  readonly message: string;
}

export interface AddressesTried {
  readonly tried: readonly AddressTried[];
  /** Declared, and not looked at: beyond the number or the time of one run. */
  readonly notTried: number;
}

interface Asked {
  readonly address: Address;
  readonly endpoint: Endpoint;
  readonly team: string;
}

/**
 * Looks once at each declared address, for each endpoint and team that declares it: at most `limits.doctor.addressesTried`, shared between the teams, until `time` is over,
 * and with one connection at a time to each. IO: handshakes. What does not answer yet is no failure: the server may wait for its first certificate; but a name that is
 * wrong, or a port nobody listens at, is seen before anything is issued. Rejects with the reason of `signal` only.
 */
export async function tryAddresses(
  world: Pick<World, 'handshake' | 'pace'> & Witness,
  desired: Desired,
  signal: AbortSignal,
  time: AbortSignal = AbortSignal.timeout(limits.doctor.addressesMaxMs),
): Promise<AddressesTried> {
  const asked = askedOf(desired);
  const until = AbortSignal.any([signal, time]);
  const tried: AddressTried[] = [];
  await eachBounded(
    inTurns(Map.groupBy(asked, ({ team }) => team).values()).slice(0, limits.doctor.addressesTried),
    world.pace.concurrentObservations,
    ({ address }) => keyOf(address.host.toLowerCase(), String(address.port)),
    async ({ address, endpoint, team }) => {
      if (time.aborted) return;
      const reach = reachOf(endpoint, desired.teams.get(team) ?? null);
      try {
        const { failure } = await world.handshake(address, reach, null, until);
        tried.push(judged(address, failure));
      } catch (error) {
        // It was under way when the time was over: nobody saw its end.
        if (signal.aborted) throw error;
        if (time.aborted) return;
        const { message } = failureOf(world, `address ${address.host}:${String(address.port)}`, error);
        tried.push(judged(address, { result: 'connection-failed', detail: message }));
      }
    },
  );
  return { tried, notTried: asked.length - tried.length };
}

function askedOf({ certificates, endpoints }: Desired): Asked[] {
  const asked = new Map<string, Asked>();
  for (const { state, team, installations } of certificates.values()) {
    if (state === 'retired') continue;
    for (const { endpoint: name, serves } of installations) {
      const endpoint = endpoints.get(name);
      if (endpoint === undefined) continue;
      for (const address of serves)
        asked.set(keyOf(address.host, String(address.port), name, team), { address, endpoint, team });
    }
  }
  return [...asked.values()];
}

/** The first of each group, then the second of each, and so on: however many one of them has, the first of the others come before its last. */
function inTurns<T>(groups: Iterable<readonly T[]>): T[] {
  return [...groups]
    .flatMap((group) => group.map((item, turn) => ({ item, turn })))
    .sort((left, right) => left.turn - right.turn)
    .map(({ item }) => item);
}

function judged({ host, port }: Address, failure: Handshake['failure']): AddressTried {
  const silent =
    failure !== null && failure.result !== 'no-certificate' && failure.result !== 'handshake-failed';
  const subject = `address ${host}:${String(port)}`;
  const message = silent
    ? `nothing can be proved here now: ${failure.detail}. If the server does not listen before it has a certificate, this passes; else correct serves of the certificate, or DNS`
    : 'a TLS server answers';
  return { subject, answers: !silent, message };
}

/** How many answered, and how many were not looked at, in a sentence. Pure. */
export function addressesLine({ tried, notTried }: AddressesTried): string {
  const { addressesTried, addressesMaxMs } = limits.doctor;
  const answer = tried.filter((each) => each.answers).length;
  const seen = `a TLS server answers at ${String(answer)} of ${counted(tried.length, 'declared address', 'declared addresses')}`;
  return notTried === 0
    ? seen
    : `${seen}; ${String(notTried)} not tried: doctor looks at ${String(addressesTried)} at most, shared between the teams, within ${durationText(addressesMaxMs)}. The daemon looks at all`;
}

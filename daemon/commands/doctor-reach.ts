/** What `doctor` finds of machines and addresses before anything is issued: lines that a list lacks, and names at which nothing answers. */
import { counted } from '../core/count.ts';
import type { Address, Desired, Endpoint } from '../core/model.ts';
import { keyOf } from '../core/same.ts';
import { reachOf } from '../core/reach.ts';
import { webrootsIn } from '../issuers/schemas.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Permitting } from '../ports/target.ts';
import { bounded, eachBounded } from '../shell/bounded.ts';
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

/**
 * Looks once at each declared address, each as often as an installation declares it at an endpoint. IO: handshakes. What does not answer yet is no failure: the server
 * may wait for its first certificate; but a name that is wrong, or a port nobody listens at, is seen before anything is issued.
 */
export async function tryAddresses(
  world: Pick<World, 'handshake' | 'pace'>,
  { certificates, endpoints, teams }: Desired,
  signal: AbortSignal,
): Promise<readonly AddressTried[]> {
  const asked = new Map<
    string,
    { readonly address: Address; readonly endpoint: Endpoint; readonly team: string }
  >();
  for (const certificate of certificates.values()) {
    if (certificate.state === 'retired') continue;
    for (const { endpoint: name, serves } of certificate.installations) {
      const endpoint = endpoints.get(name);
      for (const address of endpoint === undefined ? [] : serves) {
        if (endpoint === undefined) continue;
        asked.set(keyOf(address.host, String(address.port), name), {
          address,
          endpoint,
          team: certificate.team,
        });
      }
    }
  }
  const tried: AddressTried[] = [];
  await eachBounded(
    [...asked.values()].slice(0, limits.doctor.addressesTried),
    world.pace.concurrentObservations,
    ({ endpoint }) => endpoint.name,
    async ({ address, endpoint, team }) => {
      const reach = reachOf(endpoint, teams.get(team) ?? null);
      const { failure } = await world.handshake(address, reach, null, signal);
      const silent =
        failure !== null && failure.result !== 'no-certificate' && failure.result !== 'handshake-failed';
      const subject = `address ${address.host}:${String(address.port)}`;
      const message = silent
        ? `nothing can be proved here now: ${failure.detail}. If the server does not listen before it has a certificate, this passes; else correct serves of the certificate, or DNS`
        : 'a TLS server answers';
      tried.push({ subject, answers: !silent, message });
    },
  );
  return tried;
}

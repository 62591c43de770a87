/** Keeps when the chain of what is installed ends, where that is before the leaf does, and has it renewed in time. */
import type { Certificate, Installation } from '../core/model.ts';
import { endOf, renewalBeforeChainEnds } from '../core/renewal.ts';
import { timestamp } from '../core/timestamp.ts';
import { systemRoots } from '../tls/trust.ts';
import { chainEndsAt } from '../x509/chain-end.ts';
import { MalformedInput } from '../x509/malformed.ts';
import { pemToDer } from '../x509/pem.ts';
import { anchorsReader, issuerOfInstalled, type AnchorsOf } from './jobs.ts';
import { certificateOf } from './judge.ts';
import type { Memory } from './memory.ts';
import { apartSoon } from './unexpected.ts';
import type { World } from './world.ts';

/** Writes the end of these certificates' chains into the journal where it was not known. IO: the journal, and issuers for their roots. Safe to repeat. */
export async function noteChainEnds(
  world: World,
  memory: Memory,
  ids: Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  const anchorsOf = anchorsReader(world, memory, signal);
  for (const id of ids) {
    const certificate = certificateOf(memory, id);
    if (certificate === null) continue;
    for (const installation of certificate.installations)
      await apartSoon(
        world,
        installation.id,
        () => noteChainEnd(world, memory, certificate, installation, anchorsOf),
        () => undefined,
        signal,
      );
  }
}

async function noteChainEnd(
  world: World,
  memory: Memory,
  certificate: Certificate,
  installation: Installation,
  anchorsOf: AnchorsOf,
): Promise<void> {
  const stored = memory.installations.get(installation.id);
  if (stored?.installed == null || stored.chain === null) return;
  const { installed, chain } = stored;
  if (installed.issued.chainEnds !== undefined || chain.length < 2) return;
  const anchors = await anchorsOf(issuerOfInstalled(memory, certificate, installation.id));
  const pems = anchors === 'unknown' ? [] : (anchors ?? systemRoots);
  const end = readEnd(chain, pems);
  if (end === null) return;
  const issued = { ...installed.issued, chainEnds: timestamp(end) };
  const renewAt =
    installed.renewAt === null
      ? null
      : renewalBeforeChainEnds(
          { ...installed, issued, renewAt: installed.renewAt },
          certificate.renewAtFraction,
          { random01: world.random(), now: world.now() },
        );
  const next = { ...stored, installed: { ...installed, issued, renewAt } };
  world.journal.saveInstallation(installation.id, next);
  memory.installations.set(installation.id, next);
  world.log.warn(
    { installation: installation.id },
    `the chain of ${installation.id} ends at ${timestamp(endOf(issued))}, before the certificate does`,
  );
}

/** null also for a chain that cannot be read: what was installed was read before. */
function readEnd(chain: readonly string[], anchors: readonly string[]): number | null {
  const der = (pems: readonly string[]): Uint8Array[] => pems.flatMap((pem) => pemToDer(pem));
  try {
    return chainEndsAt(der(chain), der(anchors));
  } catch (error) {
    if (!(error instanceof MalformedInput)) throw error;
    return null;
  }
}

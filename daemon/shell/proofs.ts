/** Keeps what looks at the addresses prove: of what was found in place, and of addresses that were declared after the installation. */
import type { JudgedAddress } from '../core/assessment.ts';
import type { Installation } from '../core/model.ts';
import { withProof } from '../core/proof.ts';
import { certificateOf } from './judge.ts';
import type { Memory } from './memory.ts';
import { apart, type Witness } from './unexpected.ts';
import type { World } from './world.ts';

/** Writes the proof of these certificates into the journal where it changed. IO: the journal. Safe to repeat. */
export function noteProofs(
  world: Pick<World, 'journal'> & Witness,
  memory: Memory,
  ids: Iterable<string>,
): void {
  for (const id of ids)
    for (const installation of certificateOf(memory, id)?.installations ?? [])
      apart(
        world,
        installation.id,
        () => {
          noteProof(world, memory, installation);
        },
        () => undefined,
      );
}

function noteProof(world: Pick<World, 'journal'>, memory: Memory, installation: Installation): void {
  const stored = memory.installations.get(installation.id);
  if (stored?.installed == null) return;
  const { installed } = stored;
  const { length } = installation.serves;
  const issued = withProof(installed.issued, length, seenAt(memory, installation));
  const previous = installed.previous === null ? null : withProof(installed.previous, length, null);
  if (isSame(issued, installed.issued) && isSame(previous, installed.previous)) return;
  const next = { ...stored, installed: { ...installed, issued, previous } };
  world.journal.saveInstallation(installation.id, next);
  memory.installations.set(installation.id, next);
}

/** When every declared address showed what was issued; null when not all of them did at the last look. */
function seenAt(memory: Memory, { id, serves }: Installation): number | null {
  const observation = memory.observations.get(id);
  const addresses: readonly JudgedAddress[] = memory.assessments.get(id)?.addresses ?? [];
  const shows = (host: string, port: number, serverName: string): boolean =>
    addresses.some(
      ({ result, handshake: { address } }) =>
        result === 'served-match' &&
        address.host === host &&
        address.port === port &&
        address.serverName === serverName,
    );
  const all = serves.every(({ host, port, serverName }) => shows(host, port, serverName));
  return observation !== undefined && serves.length > 0 && all ? observation.at : null;
}

function isSame(
  left: { readonly proof?: string; readonly provedAt: string | null } | null,
  right: typeof left,
): boolean {
  return left?.proof === right?.proof && left?.provedAt === right?.provedAt;
}

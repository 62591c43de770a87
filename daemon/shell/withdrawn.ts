/** Keeps an eye on what is no longer declared, and lets it go when its end has come. What a journal does not know it never lets go. */
import { endOf } from '../core/renewal.ts';
import type { Certificate, Installation } from '../core/model.ts';
import { endOfWithdrawn, type Present } from '../core/withdrawal.ts';
import { certificatePath, chainPath } from '../records/paths.ts';
import type { Memory } from './memory.ts';
import { apart } from './unexpected.ts';
import type { World } from './world.ts';

const fact = 'released-records';

/** What was let go in this turn: `team/name` to why. */
export type Releases = ReadonlyMap<string, string>;

/** Lets go what has come to its end. IO: the journal. Safe to repeat; a crash before the records are published is made good by the next turn. */
export function endWithdrawn(world: World, memory: Memory): Releases {
  const releases = new Map<string, string>();
  const { desired } = memory;
  if (desired === null) return releases;
  keepRetired(world, memory);
  const gone = [
    ...[...memory.withdrawn.values()].flatMap((certificate) =>
      certificate.installations.map((installation) => ({ certificate, installation })),
    ),
    ...[...memory.left].flatMap(([id, installations]) => {
      const certificate = desired.certificates.get(id);
      return certificate === undefined
        ? []
        : installations.map((installation) => ({ certificate, installation }));
    }),
  ];
  if (gone.length > 0) {
    const present = presentOf(memory);
    for (const each of gone) {
      const because = apart(
        world,
        each.installation.id,
        () => whyItEnds(world, memory, each, present),
        () => null,
      );
      if (because !== null) release(world, memory, each, because, releases);
    }
  }
  forgetWithoutInstallations(world, memory, releases);
  return releases;
}

/** What a restart has to know when the file is gone: that its last version said retired. */
function keepRetired(world: World, memory: Memory): void {
  for (const [id, stored] of memory.installations) {
    const declared = memory.desired?.certificates.get(stored.certificate?.id ?? '');
    if (declared === undefined || stored.certificate?.state === declared.state) continue;
    const installation = declared.installations.find((each) => each.id === id);
    if (installation === undefined) continue;
    const next = { ...stored, certificate: declared };
    world.journal.saveInstallation(id, next);
    memory.installations.set(id, next);
  }
}

function presentOf(memory: Memory): readonly Present[] {
  return [...(memory.desired?.certificates.values() ?? [])]
    .filter((each) => each.state === 'present')
    .flatMap((each) => each.installations)
    .filter(({ id }) => memory.installations.get(id)?.installed != null)
    .map((installation) => ({
      installation,
      addresses: memory.assessments.get(installation.id)?.addresses ?? [],
    }));
}

interface Gone {
  readonly certificate: Certificate;
  readonly installation: Installation;
}

function whyItEnds(
  world: World,
  memory: Memory,
  { certificate, installation }: Gone,
  present: readonly Present[],
): string | null {
  const stored = memory.installations.get(installation.id);
  if (stored?.installed == null) return null;
  const isReleased = memory.withdrawn.has(certificate.id)
    ? stored.certificate?.state === 'retired'
    : (certificate.released ?? []).includes(installation.endpoint);
  const addresses = memory.assessments.get(installation.id)?.addresses ?? [];
  const { installed } = stored;
  return endOfWithdrawn({ installation, installed, isReleased, addresses, now: world.now() }, present);
}

function release(
  world: World,
  memory: Memory,
  { certificate, installation: { id } }: Gone,
  because: string,
  releases: Map<string, string>,
): void {
  memory.released.add(chainPath(id));
  world.journal.atomically(() => {
    world.journal.append(world.now(), id, 'released', because);
    world.journal.removeInstallation(id);
    world.journal.removeOperation(id);
    world.journal.saveAttempt(`installation:${id}`, null);
    world.journal.setFact(fact, JSON.stringify([...memory.released]));
  });
  world.log.info({ installation: id }, `no longer watched: ${because}`);
  for (const known of [memory.installations, memory.operations, memory.observations, memory.assessments])
    known.delete(id);
  memory.attempts.delete(`installation:${id}`);
  const left = (memory.left.get(certificate.id) ?? []).filter((each) => each.id !== id);
  if (left.length > 0) memory.left.set(certificate.id, left);
  else memory.left.delete(certificate.id);
  memory.dirty.add(certificate.id);
  releases.set(certificate.id, because);
}

/** Certificates of which nothing is installed any more, or never was: nobody declares them, so their records end. */
function forgetWithoutInstallations(world: World, memory: Memory, releases: Map<string, string>): void {
  const installed = new Set<string>();
  for (const [id, stored] of memory.installations)
    if (stored.installed !== null) installed.add(id.slice(0, id.lastIndexOf('@')));
  for (const id of new Set([...memory.withdrawn.keys(), ...memory.certificateRecords.keys()])) {
    if (memory.desired?.certificates.has(id) === true || installed.has(id)) continue;
    const record = memory.certificateRecords.get(id);
    // Records of what a lost journal knew: nobody watches them, and they stand until what they name has ended.
    const stands = record?.installations.some(
      ({ issued }) => issued !== null && endOf(issued) >= world.now(),
    );
    const unread = memory.desired?.problems.some(
      ({ source }) => source.file === record?.declaration.file && source.file !== '',
    );
    if (!memory.withdrawn.has(id) && !releases.has(id) && (stands === true || unread === true)) continue;
    memory.withdrawn.delete(id);
    memory.dirty.delete(id);
    memory.dueAt.delete(id);
    if (record === undefined) continue;
    memory.released.add(certificatePath(id));
    for (const { endpoint } of record.installations) memory.released.add(chainPath(`${id}@${endpoint}`));
    world.journal.setFact(fact, JSON.stringify([...memory.released]));
    memory.certificateRecords.delete(id);
    if (!releases.has(id)) releases.set(id, 'its declaration is gone and nothing of it is installed');
  }
}

/** The removals were published. IO: the journal. */
export function clearReleased(world: Pick<World, 'journal'>, memory: Memory): void {
  if (memory.released.size === 0) return;
  memory.released.clear();
  world.journal.setFact(fact, '[]');
}

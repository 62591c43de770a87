/** Who waits for what, and which waits are over because what they were met with is another. */
import { endOf } from '../core/renewal.ts';
import type { Attempt } from '../core/installation-state.ts';
import { basisOf, endsWhenAsked, isAskedFor, isMetWithOther, type Ground } from '../core/stall.ts';
import type { Waits } from './apply.ts';
import { certificateOf } from './judge.ts';
import type { Memory } from './memory.ts';
import type { World } from './world.ts';

/** What stands behind endpoints and issuers now. IO: looks at the sources of their secrets, and reads none. */
export async function gatherGround(world: World, memory: Memory): Promise<Ground> {
  const { desired } = memory;
  const nothing = new Map();
  return {
    desired: desired ?? { endpoints: nothing, issuers: nothing, profiles: nothing },
    certificate: (id) => certificateOf(memory, id),
    stamps: desired === null ? nothing : await world.secretStamps(desired),
  };
}

/** What a new wait needs to know. */
export function waitsOn(memory: Memory, ground: Ground): Waits {
  return {
    attempts: memory.attempts,
    basisOf: (subject) => basisOf(subject, ground),
    endsAt: (subject) => firstEnd(memory, subject),
  };
}

/**
 * When the first to end of all that waits with a subject ends: a CA or a machine that many use is tried by the certificate that needs it first. Where nothing is
 * installed, what was issued for it counts: it would end unused. null when there is neither.
 */
function firstEnd(memory: Memory, subject: string): number | null {
  const name = subject.slice(subject.indexOf(':') + 1);
  const ends = [...concerned(memory, subject)].flatMap((id) => {
    const certificate = certificateOf(memory, id);
    if (certificate === null || certificate.state === 'retired' || memory.withdrawn.has(id)) return [];
    return certificate.installations
      .filter((each) => each.id === name || each.endpoint === name || subject.startsWith('issuer:'))
      .flatMap((each) => {
        const issued =
          memory.installations.get(each.id)?.installed?.issued ??
          memory.operations.get(each.id)?.operation.issued;
        return issued == null ? [] : [endOf(issued)];
      });
  });
  return ends.reduce<number | null>((first, end) => (first === null || end < first ? end : first), null);
}

/** Whose first turn has been: what a restart corrects was corrected before it. */
const begun = new WeakSet<Memory>();

/**
 * Ends every wait whose documents or secrets are not those it was met with, and has its certificates judged. In the first turn of a process also what
 * waits for another configuration or data directory. Where a person asks now, what they may have corrected at an endpoint too. What the other side asked for is ended by
 * neither. IO: the journal, unless `dryRun`.
 * Safe to repeat.
 */
export function endWaits(
  world: World,
  memory: Memory,
  ground: Ground,
  { dryRun, asked }: { readonly dryRun: boolean; readonly asked: boolean },
): void {
  const { desired } = memory;
  if (desired === null) return;
  const isFirst = !begun.has(memory);
  begun.add(memory);
  const isRestarted = ({ endsWhen = [] }: Attempt): boolean =>
    isFirst && endsWhen.some((each) => each === 'configuration' || each === 'data-directory');
  for (const [subject, attempt] of [...memory.attempts]) {
    const now = world.now();
    const isOther = isMetWithOther(subject, attempt, ground, now);
    // Neither a restart nor a person makes the other side wait for less.
    const mayBeAsked = !isAskedFor(attempt, now);
    const isAsked = asked && mayBeAsked && endsWhenAsked(subject, attempt);
    if (!isOther && !(mayBeAsked && isRestarted(attempt)) && !isAsked) continue;
    memory.attempts.delete(subject);
    if (!dryRun) {
      world.journal.saveAttempt(subject, null);
      world.log.info(
        { subject, code: attempt.code },
        isOther
          ? 'what it waited with has changed: it is tried again'
          : 'it is tried again: somebody asks now',
      );
    }
    for (const id of concerned(memory, subject)) memory.dirty.add(id);
  }
}

/** The certificates that wait with a subject. */
export function concerned(memory: Memory, subject: string): Iterable<string> {
  const name = subject.slice(subject.indexOf(':') + 1);
  if (subject.startsWith('endpoint:')) return memory.byEndpoint.get(name) ?? [];
  if (!subject.startsWith('issuer:')) return [name.slice(0, name.lastIndexOf('@'))];
  return [...(memory.desired?.certificates.values() ?? [])]
    .filter(({ issuer }) => issuer === name)
    .map(({ id }) => id);
}

/**
 * Drift that healed, from what the commits of the records opened and closed. A finding that is gone is not yet a drift that healed: the endpoint may have become
 * unreachable, another drift may have taken its place, or the certificate may be gone. Pure.
 */
import type { FindingRecord } from '../../daemon/core/record-format.ts';
import { driftCodes } from './drift-codes.ts';
import type { Transition } from './sources.ts';

/** A drift and the commit of the records that first said so. */
export interface SeenDrift {
  readonly finding: FindingRecord;
  readonly commit: string;
}

export interface HealedDrift extends SeenDrift {
  readonly healedAt: string;
  readonly healedBy: string;
}

export interface DriftHistory {
  /** Oldest first. */
  readonly healed: readonly HealedDrift[];
  /** Those that stand, by the id of their finding. */
  readonly standing: ReadonlyMap<string, SeenDrift>;
}

/** A drift that is out of sight: by which finding, or (null) because the record says nothing of the place. */
interface Hidden extends SeenDrift {
  readonly behind: string | null;
}

/** Of a record that says nothing, or of work that is under way, no healing follows. */
const unsettled: ReadonlySet<string | null> = new Set(['unknown', 'pending']);

/** The endpoint could not be read, so nothing is known of what stands there. */
const unreadableCodes: ReadonlySet<string> = new Set(['endpoint-unreachable', 'host-key-changed']);

/** Goes through the transitions, given newest first. Each is looked at once. */
export function driftHistory(transitions: readonly Transition[]): DriftHistory {
  const standing = new Map<string, SeenDrift>();
  const hidden = new Map<string, Hidden[]>();
  const healed: HealedDrift[] = [];
  for (const transition of transitions.toReversed()) {
    const subject = transition.certificate ?? `endpoint ${transition.endpoint ?? ''}`;
    const waiting = hidden.get(subject) ?? [];
    const [back, stillHidden] = partition(waiting, (each) => mayBeSeen(each, transition));
    const gone = transition.certificate !== null && transition.after === null;
    const ended: SeenDrift[] = [...back];
    for (const id of transition.closed) {
      const begin = standing.get(id);
      if (begin === undefined) continue;
      standing.delete(id);
      ended.push(begin);
    }
    for (const seen of gone ? [] : ended) {
      const other = transition.opened.find((each) => hides(each, seen.finding));
      if (other !== undefined && driftCodes.has(other.code)) {
        // The same place, wrong in another way: it went on, and began when the first was seen.
        const { since } = seen.finding;
        standing.set(other.id, { finding: { ...other, since }, commit: seen.commit });
      } else if (other !== undefined || unsettled.has(transition.after)) {
        stillHidden.push({ ...seen, behind: other?.id ?? null });
      } else healed.push({ ...seen, healedAt: transition.at, healedBy: transition.commit });
    }
    for (const finding of transition.opened)
      if (driftCodes.has(finding.code) && !standing.has(finding.id))
        standing.set(finding.id, { finding, commit: transition.commit });
    if (stillHidden.length > 0 && !gone) hidden.set(subject, stillHidden);
    else hidden.delete(subject);
  }
  return { healed, standing };
}

function mayBeSeen({ behind }: Hidden, { closed, after }: Transition): boolean {
  return behind === null ? !unsettled.has(after) : closed.includes(behind);
}

/** Whether a finding says of the same place that it is still wrong, or cannot be looked at. Of a store speak other findings too, of policy or of renewal. */
function hides(other: FindingRecord, drift: FindingRecord): boolean {
  const samePlace =
    other.certificate === drift.certificate &&
    other.endpoint === drift.endpoint &&
    other.address === drift.address;
  return (
    samePlace && (other.address !== null || driftCodes.has(other.code) || unreadableCodes.has(other.code))
  );
}

function partition<Item>(items: readonly Item[], holds: (item: Item) => boolean): [yes: Item[], no: Item[]] {
  return [items.filter(holds), items.filter((each) => !holds(each))];
}

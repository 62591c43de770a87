/** Whether another daemon works on the same repository. Pure. */
import type { Instant } from './model.ts';
import type { Heartbeat } from './record-format.ts';
import { instantOf } from './timestamp.ts';

export interface InstanceQuestion {
  /** As it stands on the state branch, whoever wrote it; null for none that can be read. */
  readonly beat: Heartbeat | null;
  /** Whether a commit of our keys wrote it. */
  readonly ours: boolean;
  /** Names our data directory. */
  readonly id: string;
  /** Marks of the beats this data directory wrote. A copy of it writes others. */
  readonly nonces: readonly string[];
  /** Whether this data directory ever published. A newcomer gives way to anybody; one that was there first only to its own key. */
  readonly newcomer: boolean;
  readonly now: Instant;
  /** A daemon that was not heard of for so long is gone. */
  readonly silentAfterMs: number;
  readonly skewMaxMs: number;
}

/** Why nothing may be changed beside it, with what to do; null when nobody else is there. Pure. */
export function otherInstance(question: InstanceQuestion): string | null {
  const { beat, ours, id, nonces, newcomer, now, silentAfterMs, skewMaxMs } = question;
  if (beat?.id === undefined || beat.nonce === undefined || beat.ended === true) return null;
  const at = instantOf(beat.at);
  if (at > now + skewMaxMs || now - at >= silentAfterMs) return null;
  if (beat.id === id && nonces.includes(beat.nonce)) return null;
  if (!ours && !newcomer) return null;
  const hours = String(silentAfterMs / 3_600_000);
  const who = beat.id === id ? `a copy of this data directory (instance ${id})` : `instance ${beat.id}`;
  return `another renewd works on this repository: ${who} on host ${beat.instance}, heard at ${beat.at}. Nothing is changed and nothing is recorded beside it. Stop one of the two; ${hours} hours after its last heartbeat it counts as gone and this one takes over`;
}

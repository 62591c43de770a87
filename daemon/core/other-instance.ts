/** Whether another daemon works on the same repository, and which of the two has to stop. Pure. */
import type { Instant } from './model.ts';
import type { Heartbeat, Party } from './record-format.ts';
import { instantOf } from './timestamp.ts';

export interface InstanceQuestion {
  /** As it stands on the state branch, whoever wrote it; null for none that can be read. */
  readonly beat: Heartbeat | null;
  /** Whether a commit of keys that count wrote it. */
  readonly believed: boolean;
  /** Nobody says which keys count, and this data directory never worked here: it gives way to any beat. */
  readonly credulous: boolean;
  /** Names our data directory. */
  readonly id: string;
  /** Marks of the beats this data directory wrote. A copy of it writes others. */
  readonly nonces: readonly string[];
  /** Whether this process said that it works here, and did or said so not long ago. */
  readonly claims: boolean;
  readonly now: Instant;
  /** When this process saw a beat come in, by its own clock; null for one that stood there when it began. */
  readonly seenAt: (nonce: string) => Instant | null;
  /** A daemon that was not heard of for so long is gone. */
  readonly silentAfterMs: number;
  readonly skewMaxMs: number;
}

/** How this process stands to others. */
export type Standing =
  /** `ignored` says that it works here and is not believed. */
  | { readonly state: 'alone'; readonly ignored: Party | null }
  /** Another one waits for this one to end. */
  | { readonly state: 'first'; readonly other: Party }
  /** This one gives way. */
  | { readonly state: 'waits'; readonly other: Party }
  /** Both changed things: both stop. */
  | { readonly state: 'stopped'; readonly other: Party };

/** Judges. A beat of our data directory that we wrote is never another's, also after a crash. Pure. */
export function judgeInstances(question: InstanceQuestion): Standing {
  const { believed, credulous, claims } = question;
  const others = partiesOf(question.beat).filter((each) => !isOurs(question, each) && isLive(question, each));
  const [first] = others;
  if (first === undefined) return { state: 'alone', ignored: null };
  if (!believed && !credulous) return { state: 'alone', ignored: first };
  const other = others.find((each) => each.claims);
  if (other === undefined) return { state: 'first', other: first };
  return { state: claims ? 'stopped' : 'waits', other };
}

/** Whoever a heartbeat speaks of: who works, and who stands beside it. A beat of an older renewd, or of one that ended, names nobody. Pure. */
export function partiesOf(beat: Heartbeat | null): readonly Party[] {
  if (beat === null) return [];
  const { instance, id, nonce, at, since, ended, beside } = beat;
  const main =
    id === undefined || nonce === undefined || ended === true
      ? []
      : [{ instance, id, nonce, at, since: since ?? at, claims: true }];
  return beside === undefined ? main : [...main, beside];
}

/** Whether our data directory wrote it. Pure. */
export function isOurs(
  { id, nonces }: Pick<InstanceQuestion, 'id' | 'nonces'>,
  party: Pick<Party, 'id' | 'nonce'>,
): boolean {
  return party.id === id && nonces.includes(party.nonce);
}

/** By our own clock where we saw it come in: the clock of another machine decides nothing then. Pure. */
export function isLive(
  {
    now,
    seenAt,
    silentAfterMs,
    skewMaxMs,
    believed,
  }: Pick<InstanceQuestion, 'now' | 'seenAt' | 'silentAfterMs' | 'skewMaxMs' | 'believed'>,
  party: Pick<Party, 'at' | 'nonce'>,
): boolean {
  const at = instantOf(party.at);
  if (!believed && at > now + skewMaxMs) return false;
  return now - (seenAt(party.nonce) ?? Math.min(at, now)) < silentAfterMs;
}

/** Who of two that both stopped goes on when nobody comes: the one that was there first. Pure, and the same on both sides. */
export function goesFirst(ours: Named, other: Named): boolean {
  for (const field of ['since', 'instance', 'id'] as const) {
    if (ours[field] !== other[field]) return ours[field] < other[field];
  }
  return true;
}

type Named = Pick<Party, 'since' | 'instance' | 'id'>;

/** What a process that stands by says, with what to do. Pure. */
export function asideText(standing: Standing, id: string, silentAfterMs: number): string | null {
  if (standing.state === 'alone' || standing.state === 'first') return null;
  const { other, state } = standing;
  const hours = String(silentAfterMs / 3_600_000);
  const who = other.id === id ? `a copy of this data directory (instance ${id})` : `instance ${other.id}`;
  const there = `another renewd works on this repository: ${who} on host ${other.instance}, since ${other.since}, heard at ${other.at}`;
  return state === 'waits'
    ? `${there}. Nothing is changed and nothing is recorded beside it. Stop one of the two; ${hours} hours after its last heartbeat it counts as gone and this one takes over`
    : `${there}. Both changed things, so both have stopped. End one of the two (SIGTERM) and the other goes on; after ${hours} hours the one that came later gives way`;
}

/** The finding about two that stopped: the same words on both sides. Pure. */
export function stoppedText(ours: Named, other: Party, silentAfterMs: number): string {
  const [first, second] = [ours, other]
    .map(({ id, instance, since }) => `instance ${id} on host ${instance}, since ${since}`)
    .sort();
  const copy = ours.id === other.id ? ' They are copies of one data directory.' : '';
  return `two renewd work on this repository and both have stopped changing anything: ${first ?? ''}; and ${second ?? ''}.${copy} End one of them (SIGTERM) and the other goes on; ${String(silentAfterMs / 3_600_000)} hours after both stopped the one that came later gives way`;
}

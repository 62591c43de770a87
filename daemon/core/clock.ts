/**
 * Whether the clock of this machine can be believed: the dates that servers gave, the time the machine itself has been up, and when we last looked. Pure.
 * A clock that is not believed stops whatever would be decided by it; looking goes on.
 */
import type { Instant } from './model.ts';

/** What a server said the time is, carried forward to now. */
export interface ClockVote {
  readonly host: string;
  /** The server's time less ours, ms. */
  readonly offsetMs: number;
}

/** A moment of our clock and of the machine's own time. */
export interface ClockMoment {
  readonly at: Instant;
  /** Since the machine was started, time asleep included; ms. */
  readonly uptimeMs: number;
}

/** The last moment at which the clock was believed. */
export interface ClockBasis extends ClockMoment {
  /** Names this start of the machine. */
  readonly boot: string;
  /** Whether most servers agreed since the machine was started, or a person said so. */
  readonly confirmed: boolean;
  /** When that was, or the first look since the start: drift is measured from there, so that small steps add up. Missing in journals of an older renewd. */
  readonly anchor?: ClockMoment;
  /** How many servers agreed when it was confirmed: the time of the machine carries their word on. Missing: one. */
  readonly witnesses?: number;
  /** The last time that was confirmed; later looks without a confirmation, and starts of the machine, leave it. Missing: `at` where that is confirmed, else none. */
  readonly sure?: Instant | null;
  /** The clock ran for `settleMs` as the machine did, now or before a start that it fits to: it is a witness of itself though nobody confirmed it. Missing: by `anchor`. */
  readonly settled?: boolean;
}

export interface ClockQuestion {
  readonly now: Instant;
  readonly uptimeMs: number;
  readonly boot: string;
  readonly basis: ClockBasis | null;
  readonly votes: readonly ClockVote[];
  readonly skewMaxMs: number;
  /** How long nobody may have looked before the clock alone is not believed. */
  readonly absenceMaxMs: number;
  /** How long a clock must have run as the machine did to be a witness of itself, and to have settled after a start. */
  readonly settleMs: number;
}

export interface ClockVerdict {
  /** null: believed. Otherwise by whose word it is not. */
  readonly doubt: string | null;
  /** Who says otherwise while nobody confirms a clock that is believed; null: nobody does, or it is confirmed. */
  readonly contested: string | null;
  /** Contested, and the machine was started just now: what cannot be taken back waits until its clock has settled. */
  readonly settling: boolean;
  /** Added to our clock gives the best guess at the time; 0 while it is believed. */
  readonly correctionMs: number;
  /** What to remember: the basis for the next question. Unchanged while in doubt. */
  readonly basis: ClockBasis | null;
}

/**
 * Judges by witnesses: the servers, one vote each, and our own evidence, which is the time of the machine since the clock was confirmed, or after a start the last look. A
 * doubt takes more witnesses than there are for the clock; as many on both sides leave it to our own evidence, and nothing is confirmed by that. So one server alone
 * neither raises a doubt against evidence of our own nor ends one. Its word never moves the time we go by where there is such evidence. Pure.
 */
export function judgeClock(question: ClockQuestion): ClockVerdict {
  const { votes, skewMaxMs, basis } = question;
  const own = ownEvidence(question);
  const dissent = votes.filter((each) => Math.abs(each.offsetMs) > skewMaxMs);
  const agreeing = votes.length - dissent.length;
  const group = together(dissent, skewMaxMs);
  const [nearest] = group;
  const doubted = (by: string, correctionMs: number): ClockVerdict => ({
    doubt: by,
    contested: null,
    settling: false,
    correctionMs,
    basis,
  });
  // What the machine remembers over a start, or saw nobody confirm, holds against one server and not against most of them.
  const outvoted = own.weak && group.length > 1 && group.length > agreeing;
  const balance = agreeing + (outvoted ? 0 : own.weight) - group.length;
  if (balance < 0 || (balance === 0 && own.against !== null)) {
    const { against } = own;
    if (nearest !== undefined)
      return doubted(`the date that ${nearest.host} gives`, guess(question, own, group));
    if (against !== null) return doubted(against.by, against.correctionMs);
  }
  if (agreeing > dissent.length) return believed(question, own, { witnesses: agreeing, by: null });
  if (own.steady && basis?.confirmed === true)
    return believed(question, own, { witnesses: basis.witnesses ?? 1, by: null });
  return believed(question, own, { witnesses: 0, by: nearest?.host ?? null });
}

/** The clock is believed. `witnesses`: who confirms it, 0 for nobody; `by`: who says otherwise. */
function believed(
  question: ClockQuestion,
  { anchor, steady, weight }: OwnEvidence,
  { witnesses, by }: { readonly witnesses: number; readonly by: string | null },
): ClockVerdict {
  const { now, uptimeMs, boot, basis, votes, skewMaxMs, settleMs } = question;
  const agreed = votes.filter((each) => Math.abs(each.offsetMs) <= skewMaxMs).length > votes.length / 2;
  const since = agreed || anchor === null || !steady ? { at: now, uptimeMs } : anchor;
  const confirmed = witnesses > 0;
  return {
    doubt: null,
    contested: by,
    settling: by !== null && uptimeMs - since.uptimeMs < settleMs,
    correctionMs: 0,
    basis: {
      // What nobody confirms never sets the last look back.
      at: confirmed || basis === null ? now : Math.max(now, basis.at),
      uptimeMs,
      boot,
      confirmed,
      anchor: { at: since.at, uptimeMs: since.uptimeMs },
      ...(confirmed ? { witnesses } : {}),
      sure: confirmed ? now : sureOf(basis),
      settled: (weight > 0 && basis?.settled === true) || uptimeMs - since.uptimeMs >= settleMs,
    },
  };
}

/** As how many witnesses a look counts that no server agreed with since the machine was started. */
function remembered({ settleMs }: ClockQuestion, basis: ClockBasis): number {
  const settled = basis.settled ?? basis.uptimeMs - (basis.anchor ?? basis).uptimeMs >= settleMs;
  return sureOf(basis) !== null || settled ? 1 : 0;
}

function sureOf(basis: ClockBasis | null): Instant | null {
  if (basis === null) return null;
  return basis.sure ?? (basis.confirmed ? basis.at : null);
}

/** What the machine itself knows of the time. */
interface OwnEvidence {
  /** Where drift is measured from; null: the machine was started since. */
  readonly anchor: ClockMoment | null;
  /** How much further our clock went than the machine, ms; null: the machine was started since. */
  readonly ran: number | null;
  readonly steady: boolean;
  /** As how many witnesses it counts: above 0 for the clock, below against it. */
  readonly weight: number;
  /** It carries on the word of no server since the start of the machine. */
  readonly weak: boolean;
  /** Why the clock is not believed where servers do not decide; null: it is. */
  readonly against: { readonly by: string; readonly correctionMs: number } | null;
}

function ownEvidence(question: ClockQuestion): OwnEvidence {
  const { now, uptimeMs, boot, basis, skewMaxMs, absenceMaxMs } = question;
  const nothing = { anchor: null, ran: null, steady: false, weight: 0, weak: true, against: null };
  if (basis === null) return nothing;
  const anchor = basis.boot === boot ? (basis.anchor ?? basis) : null;
  if (anchor === null) return { ...nothing, ...afterStart(question, basis) };
  const ran = now - anchor.at - (uptimeMs - anchor.uptimeMs);
  const since = { anchor, ran };
  if (Math.abs(ran) <= skewMaxMs) {
    const weight = basis.confirmed ? (basis.witnesses ?? 1) : remembered(question, basis);
    return { ...since, steady: true, weight, weak: !basis.confirmed, against: null };
  }
  const against = { by: 'the uptime of this machine since the last look', correctionMs: -ran };
  // A machine that stood still (a virtual one that was paused) looks the same as a clock set forward: one server may say which, as after a start.
  const stoodStill = ran > 0 && ran <= absenceMaxMs && agrees(question);
  if (stoodStill) return { ...nothing, ...since };
  return { ...nothing, ...since, weight: basis.confirmed ? -1 : 0, against };
}

/** After a start of the machine there is the last look: the clock cannot be before it, and is plausible for a while after it. */
function afterStart(question: ClockQuestion, basis: ClockBasis): Pick<OwnEvidence, 'weight' | 'against'> {
  const { now, skewMaxMs, absenceMaxMs } = question;
  const sure = sureOf(basis);
  const correctionMs = basis.at - now;
  if (now < basis.at - skewMaxMs) {
    const weight = sure !== null && now < sure - skewMaxMs ? -1 : 0;
    return { weight, against: { by: 'the last look, which was later', correctionMs } };
  }
  if (now > basis.at + absenceMaxMs)
    return { weight: 0, against: { by: 'the last look, which was long ago', correctionMs } };
  return { weight: remembered(question, basis), against: null };
}

function agrees({ votes, skewMaxMs }: ClockQuestion): boolean {
  return votes.some((each) => Math.abs(each.offsetMs) <= skewMaxMs);
}

/** The most servers that say the same, nearest to our clock first: liars count together only where they say one thing. */
function together(dissent: readonly ClockVote[], skewMaxMs: number): readonly ClockVote[] {
  const nearestFirst = [...dissent].sort((left, right) => Math.abs(left.offsetMs) - Math.abs(right.offsetMs));
  let most: readonly ClockVote[] = [];
  for (const { offsetMs } of nearestFirst) {
    const same = nearestFirst.filter((each) => Math.abs(each.offsetMs - offsetMs) <= 2 * skewMaxMs);
    if (same.length > most.length) most = same;
  }
  return most;
}

/**
 * What to add to our clock while servers say otherwise. Our own evidence first: the machine ran on, or the last look at a time that servers agreed with was later. Two or
 * more that say the same are believed; one alone may only make it earlier, so that nothing lapses or expires by its word, and never earlier than that last look.
 */
function guess(question: ClockQuestion, { ran }: OwnEvidence, group: readonly ClockVote[]): number {
  const { now, basis, skewMaxMs, absenceMaxMs } = question;
  const known = sureOf(basis) ?? Number.NEGATIVE_INFINITY;
  if (ran !== null && Math.abs(ran) > skewMaxMs) return -ran;
  const offset = group[0]?.offsetMs ?? 0;
  if (now < known - skewMaxMs) {
    // Ours is wrong for certain. A server is heard as far as nobody can have looked for longer.
    const within = now + offset >= known && (group.length > 1 || now + offset <= known + absenceMaxMs);
    return within ? offset : known - now;
  }
  const most = group.length > 1 ? offset : Math.min(offset, 0);
  return Math.max(most, known - now);
}

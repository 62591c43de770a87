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
  /** Whether a server agreed since the machine was started, or a person said so. */
  readonly confirmed: boolean;
  /** When that was, or the first look since the start: drift is measured from there, so that small steps add up. Missing in journals of an older renewd. */
  readonly anchor?: ClockMoment;
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
}

export interface ClockVerdict {
  /** null: believed. Otherwise by whose word it is not. */
  readonly doubt: string | null;
  /** Added to our clock gives the best guess at the time; 0 while it is believed. */
  readonly correctionMs: number;
  /** What to remember: the basis for the next question. Unchanged while in doubt. */
  readonly basis: ClockBasis | null;
}

/**
 * Judges. Servers are asked first, then the uptime of the machine, then when we last looked. No single server moves the time we go by: its word can raise a doubt, and the
 * correction is that of our own evidence wherever there is any. Pure.
 */
export function judgeClock(question: ClockQuestion): ClockVerdict {
  const { now, uptimeMs, boot, basis, votes, skewMaxMs, absenceMaxMs } = question;
  const here = { at: now, uptimeMs };
  const anchor = basis?.boot === boot ? (basis.anchor ?? basis) : null;
  const good = (confirmed: boolean, since: ClockMoment): ClockVerdict => ({
    doubt: null,
    correctionMs: 0,
    basis: { ...here, boot, confirmed, anchor: { at: since.at, uptimeMs: since.uptimeMs } },
  });
  const doubted = (doubt: string, correctionMs: number): ClockVerdict => ({ doubt, correctionMs, basis });
  const ran = anchor === null ? null : now - anchor.at - (uptimeMs - anchor.uptimeMs);
  const steady = ran !== null && Math.abs(ran) <= skewMaxMs;
  const dissent = votes.filter((each) => Math.abs(each.offsetMs) > skewMaxMs);
  const agreeing = votes.length - dissent.length;
  if (agreeing > dissent.length) return good(true, here);
  // As many agree as do not: the machine's own time decides where it can.
  const tied = agreeing > 0 && agreeing === dissent.length;
  if (tied && ran === null) return good(true, here);
  // A server whose own clock went wrong does not stop one that servers agreed with and that has run steadily since.
  if (steady && (basis?.confirmed === true || agreeing > 0))
    return good(basis?.confirmed === true, anchor ?? here);
  const [worst] = [...dissent].sort((left, right) => Math.abs(left.offsetMs) - Math.abs(right.offsetMs));
  if (worst !== undefined) return doubted(`the date that ${worst.host} gives`, guess(question, ran, dissent));
  if (steady) return good(false, anchor ?? here);
  if (ran !== null) return doubted('the uptime of this machine since the last look', -ran);
  if (basis === null) return good(false, here);
  if (now < basis.at - skewMaxMs) return doubted('the last look, which was later', basis.at - now);
  if (now > basis.at + absenceMaxMs) return doubted('the last look, which was long ago', basis.at - now);
  return good(false, here);
}

/**
 * What to add to our clock while servers say otherwise. Our own evidence first: the machine ran on, or the last look at a time that servers agreed with was later. Two or
 * more that say the same are believed; one alone may only make it earlier, so that nothing lapses or expires by its word, and never earlier than that last look.
 */
function guess(question: ClockQuestion, ran: number | null, dissent: readonly ClockVote[]): number {
  const { now, basis, skewMaxMs, absenceMaxMs } = question;
  const known = basis?.confirmed === true ? basis.at : Number.NEGATIVE_INFINITY;
  if (ran !== null && Math.abs(ran) > skewMaxMs) return -ran;
  const [nearest] = [...dissent].sort((left, right) => Math.abs(left.offsetMs) - Math.abs(right.offsetMs));
  const offset = nearest?.offsetMs ?? 0;
  const together = dissent.filter((each) => Math.abs(each.offsetMs - offset) <= 2 * skewMaxMs).length;
  if (now < known - skewMaxMs) {
    // Ours is wrong for certain. A server is heard as far as nobody can have looked for longer.
    const within = now + offset >= known && (together > 1 || now + offset <= known + absenceMaxMs);
    return within ? offset : known - now;
  }
  const most = together > 1 ? offset : Math.min(offset, 0);
  return Math.max(most, known - now);
}

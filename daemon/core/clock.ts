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

/** The last moment at which the clock was believed. */
export interface ClockBasis {
  readonly at: Instant;
  /** Since the machine was started, time asleep included; ms. */
  readonly uptimeMs: number;
  /** Names this start of the machine. */
  readonly boot: string;
  /** Whether a server agreed then. */
  readonly confirmed: boolean;
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

/** Judges. Servers are asked first, then the uptime of the machine, then when we last looked. Pure. */
export function judgeClock(question: ClockQuestion): ClockVerdict {
  const { now, uptimeMs, boot, basis, votes, skewMaxMs, absenceMaxMs } = question;
  const good = (confirmed: boolean): ClockVerdict => ({
    doubt: null,
    correctionMs: 0,
    basis: { at: now, uptimeMs, boot, confirmed },
  });
  const doubted = (doubt: string, correctionMs: number): ClockVerdict => ({ doubt, correctionMs, basis });
  const ran = basis?.boot === boot ? now - basis.at - (uptimeMs - basis.uptimeMs) : null;
  const steady = ran !== null && Math.abs(ran) <= skewMaxMs;
  const dissent = votes.filter((each) => Math.abs(each.offsetMs) > skewMaxMs);
  const agreeing = votes.length - dissent.length;
  if (agreeing > 0 && agreeing >= dissent.length) return good(true);
  // A server whose own clock went wrong does not stop one that servers agreed with and that has run steadily since.
  if (steady && basis?.confirmed === true) return good(true);
  const [worst] = [...dissent].sort((left, right) => Math.abs(left.offsetMs) - Math.abs(right.offsetMs));
  if (worst !== undefined) return doubted(`the date that ${worst.host} gives`, worst.offsetMs);
  if (steady) return good(false);
  if (ran !== null) return doubted('the uptime of this machine since the last look', -ran);
  if (basis === null) return good(false);
  if (now < basis.at - skewMaxMs) return doubted('the last look, which was later', basis.at - now);
  if (now > basis.at + absenceMaxMs) return doubted('the last look, which was long ago', basis.at - now);
  return good(false);
}

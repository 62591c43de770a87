/** Drift in words: what stands, what healed and how fast, what renewd does about it. Pure. */
import { durationText } from '../../../daemon/core/duration.ts';
import { findingCodes } from '../../../daemon/core/finding-codes.ts';
import type { DriftItem, DriftSection, SiteModel } from './model.ts';
import { count, instantOf, utcDay } from './time-words.ts';

/** What renewd does about drift, by the word in the declaration; from `core/need.ts`. */
export const driftModes: readonly {
  readonly mode: 'enforce' | 'report' | 'observe';
  readonly meaning: string;
}[] = [
  {
    mode: 'enforce',
    meaning:
      'The default. renewd puts its own files back, or reloads the server when something else is served, in its next turn, and looks again. What it found is in the records.',
  },
  {
    mode: 'report',
    meaning:
      'renewd issues, installs and renews, but leaves drift to a person: it stands here until somebody mends it.',
  },
  {
    mode: 'observe',
    meaning: 'renewd only looks. It never logs in to change anything, issues nothing and renews nothing.',
  },
];

/** What a drift is called, by the code of its finding. */
export function driftTitle(code: string): string {
  return Object.hasOwn(findingCodes, code) ? findingCodes[code as keyof typeof findingCodes].title : code;
}

/** What to do about it, by the code of its finding. */
export function driftRemedy(code: string): string {
  return Object.hasOwn(findingCodes, code)
    ? findingCodes[code as keyof typeof findingCodes].remedy
    : 'Read the finding on the page of the certificate.';
}

/** What stands, in one sentence. What could not be looked at is named: it may drift and nobody knows. */
export function openSentence({ drift, posture }: Pick<SiteModel, 'drift' | 'posture'>): string {
  const { unknown } = posture.counts;
  const hidden =
    unknown === 0
      ? ''
      : ` ${count(unknown, 'certificate')} could not be looked at, so nothing can be said of ${unknown === 1 ? 'it' : 'them'}.`;
  if (posture.total === 0) return 'No certificate is declared yet, so nothing can drift.';
  if (drift.openCount === 0) return `No drift stands.${hidden}`;
  return `${count(drift.openCount, 'drift')} ${drift.openCount === 1 ? 'stands' : 'stand'}.${hidden}`;
}

/** How fast drift healed, in one sentence; where it is not known, since when it would be. */
export function healedSentence({ healedCount, meanMs, medianMs, worstMs, knownSince }: DriftSection): string {
  if (knownSince === null) return 'No history of the records is known yet.';
  const since = `since ${utcDay(knownSince)}`;
  if (healedCount === 0 || meanMs === null || medianMs === null || worstMs === null)
    return healedCount === 0
      ? `No drift healed ${since}, as far back as the history was read.`
      : `${count(healedCount, 'drift')} healed ${since}; how long it took is not known.`;
  if (healedCount === 1) return `One drift healed ${since}: it took ${durationText(worstMs)}.`;
  return `${count(healedCount, 'drift')} healed ${since}: half of them within ${durationText(medianMs)}, on average in ${durationText(meanMs)}, the slowest in ${durationText(worstMs)}.`;
}

/** How long one that healed stood; empty for one that stands, and where the records contradict each other. */
export function tookWords({ since, healedAt }: Pick<DriftItem, 'since' | 'healedAt'>): string {
  const [from, until] = [instantOf(since), healedAt === null ? null : instantOf(healedAt)];
  return from === null || until === null || until < from ? '' : durationText(until - from);
}

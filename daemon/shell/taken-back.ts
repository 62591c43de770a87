/** Entries of a log of issuance that were taken back from the records, kept in the journal so that it is said long enough to be seen: a backup was restored, or somebody cut the log. */
import type { FindingDraft } from '../core/assess.ts';
import { findingDraft } from '../core/finding-draft.ts';
import { timestamp } from '../core/timestamp.ts';
import type { Journal } from '../journal/journal.ts';
import { limits } from '../limits.ts';
import type { Memory } from './memory.ts';

const fact = 'logs-taken-back';

interface TakenBack {
  readonly at: number;
  readonly message: string;
}

function read(journal: Pick<Journal, 'fact'>): Readonly<Record<string, TakenBack>> {
  return JSON.parse(journal.fact(fact) ?? '{}') as Record<string, TakenBack>;
}

/** Keeps it, the newest of each issuer. IO: the journal. Safe to repeat. */
export function noteTakenBack(
  journal: Pick<Journal, 'fact' | 'setFact'>,
  issuer: string,
  message: string,
  now: number,
): void {
  journal.setFact(fact, JSON.stringify({ ...read(journal), [issuer]: { at: now, message } }));
}

/** Those that are still to be said; where the log of an issuer is in trouble now, that is said instead. IO: reads the journal. */
export function takenBackFindings(
  journal: Pick<Journal, 'fact'>,
  { logTroubles }: Pick<Memory, 'logTroubles'>,
  now: number,
): FindingDraft[] {
  return Object.entries(read(journal))
    .filter(
      ([issuer, { at }]) => !logTroubles.has(issuer) && Math.abs(now - at) < limits.records.incidentShownMs,
    )
    .map(([issuer, { at, message }]) =>
      findingDraft('issuance-log-changed', {
        id: `issuer ${issuer} issuance-log-changed`,
        message: `${message}; said until ${timestamp(at + limits.records.incidentShownMs)}`,
      }),
    );
}

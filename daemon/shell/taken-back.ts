/** Entries of a log of issuance that are taken back from the records. That is kept in the journal so that it is said long enough to be seen: a backup was restored, or somebody cut the log. */
import { isUtf8 } from 'node:buffer';
import type { FindingDraft } from '../core/assess.ts';
import { findingDraft } from '../core/finding-draft.ts';
import { timestamp } from '../core/timestamp.ts';
import type { Repository } from '../git/repository.ts';
import type { Journal } from '../journal/journal.ts';
import { limits } from '../limits.ts';
import type { Publisher } from '../ports/issuer.ts';
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

/**
 * Has an issuer take back what its log lacks, from the objects that hold it, some at a time. What is over the bound of an entry, or no text, is none.
 * Returns how many entries were taken back; 0 for an issuer that takes nothing back. IO: Git and the data directory of the issuer. Safe to repeat.
 * @throws OperationError of the repository, and of the issuer
 */
export async function takeBackMissing(
  repository: Pick<Repository, 'readBlobs'>,
  issuer: Partial<Publisher>,
  missing: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  if (issuer.takeBack === undefined) return 0;
  const { entryMaxBytes, entriesReadAtOnce } = limits.ca;
  let taken = 0;
  for (let at = 0; at < missing.length; at += entriesReadAtOnce) {
    const texts: string[] = [];
    await repository.readBlobs(missing.slice(at, at + entriesReadAtOnce), (_, bytes) => {
      if (bytes.length <= entryMaxBytes && isUtf8(bytes)) texts.push(Buffer.from(bytes).toString('utf8'));
    });
    taken += await issuer.takeBack(texts, signal);
  }
  return taken;
}

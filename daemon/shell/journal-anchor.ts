/**
 * The head of the journal in the signed commits of the state branch: whoever can write the journal can make its hashes anew or cut its end,
 * but not what was signed and pushed. Reads Git and the journal; renewals never wait for it.
 */
import type { FindingDraft } from '../core/assess.ts';
import { findingDraft } from '../core/finding-draft.ts';
import { timestamp } from '../core/timestamp.ts';
import type { Journal, JournalHead } from '../journal/journal.ts';
import { limits } from '../limits.ts';
import { judgeLastCommits, recordsLine } from '../records/line-of.ts';
import type { RecordTrust } from '../records/signed-line.ts';
import type { Memory } from './memory.ts';
import type { StateBranch } from './records.ts';

export const journalTrailer = 'Renewd-Journal';

/** Fact of the journal: how it differed from the records, and when that was found. */
const fact = 'journal-changed';

/** How the journal differed from the records, and since when that is said. */
export interface JournalTrouble {
  readonly at: number;
  readonly message: string;
}

/** What was found by an earlier process; null when nothing was. IO: reads the journal. */
export function recallJournalTrouble(journal: Pick<Journal, 'fact'>): JournalTrouble | null {
  return JSON.parse(journal.fact(fact) ?? 'null') as JournalTrouble | null;
}

/**
 * Keeps what was found (null: nothing), so that neither a restart nor the next commit takes it back unsaid: what the records say is compared once a process, and is put right by the
 * first commit after it. The same trouble found again keeps its time. IO: the journal.
 */
export function noteJournalTrouble(
  journal: Pick<Journal, 'setFact'>,
  memory: Pick<Memory, 'journalTrouble'>,
  found: string | null,
  now: number,
): void {
  if (found === null || found === memory.journalTrouble?.message) return;
  memory.journalTrouble = { at: now, message: found };
  journal.setFact(fact, JSON.stringify(memory.journalTrouble));
}

/** The finding of a journal that differed, for as long as other incidents of the records are said, and until when. Pure. */
export function journalFindings(
  { journalTrouble }: Pick<Memory, 'journalTrouble'>,
  now: number,
): FindingDraft[] {
  const { incidentShownMs } = limits.records;
  if (journalTrouble === null || Math.abs(now - journalTrouble.at) >= incidentShownMs) return [];
  const until = timestamp(journalTrouble.at + incidentShownMs);
  return [
    findingDraft('journal-changed', {
      id: 'journal journal-changed',
      message: `${journalTrouble.message}; said until ${until}`,
    }),
  ];
}

/** The trailer's value. */
export function anchorText({ id, count, hash }: JournalHead): string {
  return `${id} ${String(count)} ${hash}`;
}

/** How the journal differs from itself or from what the newest commit of ours says of it; null when it does not, or nothing is said of this journal. `trust` null: records are not signed, and every commit counts. IO: reads Git. */
export async function journalTrouble(
  journal: Journal,
  state: StateBranch,
  tip: string,
  trust: RecordTrust | null,
): Promise<string | null> {
  const head = journal.head();
  // A new data directory: what it does not know it takes over from the endpoints.
  if (head === null) return null;
  const broken = journal.verify();
  if (broken !== null)
    return `entry ${String(broken)} of the journal was changed or taken out after it was written`;
  const anchor = await newestAnchor(state, tip, head.id, trust);
  if (anchor === null) return null;
  const seen = `the commit ${anchor.commit.slice(0, 10)} of the records`;
  if (head.count < anchor.count) {
    return `the journal ends at entry ${String(head.count)}, but ${seen} knows of entry ${String(anchor.count)}: its end was cut off, or an old copy was put back`;
  }
  return journal.hashAt(anchor.count) === anchor.hash
    ? null
    : `entry ${String(anchor.count)} of the journal, or one before it, is not what ${seen} knows: it was written anew`;
}

async function newestAnchor(
  { repository }: StateBranch,
  tip: string,
  id: string,
  trust: RecordTrust | null,
): Promise<(JournalHead & { readonly commit: string }) | null> {
  const most = limits.records.anchorStepsMax;
  const ours =
    trust === null
      ? ((await recordsLine(repository, { from: null, tip, trust: null, newest: most })) ?? [])
      : (await judgeLastCommits(repository, tip, most, trust))
          .filter(({ verdict }) => verdict === 'good')
          .map(({ commit }) => commit);
  for (const { oid, trailers } of ours.toReversed()) {
    const value = trailers.findLast(([key]) => key === journalTrailer)?.[1] ?? '';
    const [, of, count, hash] = /^([0-9a-f]{16}) ([0-9]{1,15}) ([0-9a-f]{64})$/.exec(value) ?? [];
    if (of === id) return { id, count: Number(count), hash: hash ?? '', commit: oid };
  }
  return null;
}

/** Names what was withheld from records: a finding in the record itself, and for a change, whose record is written once, a finding that stays a while. */
import type { FindingDraft } from '../core/assess.ts';
import type { ChangeRecord } from '../core/change-record.ts';
import { findingDraft } from '../core/finding-draft.ts';
import type { Instant } from '../core/model.ts';
import type { FindingRecord } from '../core/record-format.ts';
import { findingRecords } from '../core/record.ts';
import { limits } from '../limits.ts';
import { recordValue, withheldIn } from '../record-text.ts';
import type { Memory } from './memory.ts';
import type { World } from './world.ts';

/** A change whose record holds withheld text: `what` and `field` as `withheldIn` names them. */
export interface WithheldChange {
  readonly commit: string;
  readonly what: string;
  readonly field: string;
  readonly at: Instant;
}

/** A record as it may be committed: every text clean, and one finding `text-withheld` more where something was withheld. Pure but for the known secrets. */
export function withWithheldNamed<T extends { readonly findings: readonly FindingRecord[] }>(
  record: T,
  previous: readonly FindingRecord[],
  now: Instant,
): T {
  const clean = recordValue(record);
  const withheld = withheldIn({
    ...clean,
    findings: clean.findings.filter((each) => each.code !== 'text-withheld'),
  });
  if (withheld.length === 0) return clean;
  const kinds = [...new Set(withheld.map((each) => each.what))].join(', ');
  const fields = withheld.map((each) => each.field).join(', ');
  const named = findingRecords(
    [
      draft(
        'text-withheld record',
        `what looks like a ${kinds} was replaced in this record before it was written (${fields})`,
        kinds,
      ),
    ],
    previous,
    now,
  );
  return { ...clean, findings: [...clean.findings, ...named] };
}

/** Remembers changes whose records hold withheld text, and forgets them when their time is over. IO: the journal, only when something changed. */
export function noteWithheldChanges(
  world: Pick<World, 'now' | 'journal'>,
  memory: Pick<Memory, 'withheld' | 'changeRecords'>,
): void {
  const before = JSON.stringify([...memory.withheld.values()]);
  for (const record of memory.changeRecords.values()) note(memory, record, world.now());
  for (const [commit, { at }] of memory.withheld)
    if (world.now() - at > limits.secrets.withheldShownMs) memory.withheld.delete(commit);
  const after = JSON.stringify([...memory.withheld.values()]);
  if (before !== after) world.journal.setFact('withheld-changes', after);
}

function note({ withheld }: Pick<Memory, 'withheld'>, record: ChangeRecord, at: Instant): void {
  const [first] = withheldIn(recordValue(record));
  if (first === undefined || withheld.has(record.commit)) return;
  withheld.set(record.commit, { commit: record.commit, ...first, at });
  const [oldest] = withheld.keys();
  if (withheld.size > limits.secrets.withheldChangesMax && oldest !== undefined) withheld.delete(oldest);
}

/** One finding a change. Pure. */
export function withheldChangeFindings({ withheld }: Pick<Memory, 'withheld'>): FindingDraft[] {
  return [...withheld.values()].map(({ commit, what, field }) =>
    draft(
      `text-withheld ${commit}`,
      `commit ${commit.slice(0, 10)} holds what looks like a ${what} (${field} of its record); it was replaced in the records, but it stands in the history of the intent branch`,
      what,
    ),
  );
}

function draft(id: string, message: string, observed: string): FindingDraft {
  return findingDraft('text-withheld', { id, message, observed });
}

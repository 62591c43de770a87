/** What other people did to the records, kept in the journal so that it is said long enough to be seen, also after it was repaired. */
import type { FindingDraft } from '../core/assess.ts';
import { findingDraft } from '../core/finding-draft.ts';
import { timestamp } from '../core/timestamp.ts';
import type { Journal } from '../journal/journal.ts';
import { limits } from '../limits.ts';
import type { World } from './world.ts';

/** One thing that happened to the state branch. */
export interface RecordIncident {
  /** The commit that did it, or the tip that was found. */
  readonly commit: string;
  readonly at: number;
  readonly message: string;
}

const fact = 'record-incidents';

/** Those that are still to be said. IO: reads the journal. */
export function incidentsOf(journal: Pick<Journal, 'fact'>, now: number): readonly RecordIncident[] {
  const kept = JSON.parse(journal.fact(fact) ?? '[]') as RecordIncident[];
  return kept.filter(({ at }) => Math.abs(now - at) < limits.records.incidentShownMs);
}

/** Keeps another one; one of the same commit is said once. IO: the journal and the log. */
export function noteIncident(
  world: Pick<World, 'journal' | 'log' | 'now'>,
  commit: string,
  message: string,
): void {
  const now = world.now();
  const known = incidentsOf(world.journal, now);
  if (known.some((each) => each.commit === commit && each.message === message)) return;
  const kept = known.filter((each) => each.commit !== commit);
  const incidents = [...kept, { commit, at: now, message }].slice(-limits.records.incidentsMax);
  world.journal.atomically(() => {
    world.journal.append(now, 'records', 'changed by somebody else', `${commit} ${message}`);
    world.journal.setFact(fact, JSON.stringify(incidents));
  });
  world.log.error({ commit }, message);
}

/** As findings of the repository. IO: reads the journal. */
export function incidentFindings(journal: Pick<Journal, 'fact'>, now: number): FindingDraft[] {
  return incidentsOf(journal, now).map(({ commit, at, message }) =>
    findingDraft('records-changed', {
      id: `records ${commit}`,
      message: `${message}; said until ${timestamp(at + limits.records.incidentShownMs)}`,
      observed: commit,
    }),
  );
}

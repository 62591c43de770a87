/**
 * Lists of memory that the journal keeps entry by entry: only what is new, otherwise or gone is written. A list that is written anew with each commit of a push costs its
 * length times their number, and anybody may push.
 */
import type { Journal } from '../journal/journal.ts';

type Keeper = Pick<Journal, 'keep' | 'letGo' | 'kept'>;
type ListName = 'held-changes' | 'change-records';

/** What the journal has of each list, as far as this process knows: by key the very value that was written. */
const written = new WeakMap<Keeper, Map<ListName, Map<string, unknown>>>();

/** Writes what differs from what was written before; values are never altered, only replaced. IO: the journal. Safe to repeat. */
export function saveList(journal: Keeper, list: ListName, values: ReadonlyMap<string, unknown>): void {
  const known = knownOf(journal, list);
  for (const key of known.keys()) {
    if (values.has(key)) continue;
    journal.letGo(list, key);
    known.delete(key);
  }
  for (const [key, value] of values) {
    if (known.get(key) === value) continue;
    journal.keep(list, key, JSON.stringify(value));
    known.set(key, value);
  }
}

/** Runs the writes in one transaction. Where it fails nobody knows what of the lists was written: the next time they are written whole. IO: the journal. */
export function inOneWrite(journal: Keeper & Pick<Journal, 'atomically'>, write: () => void): void {
  try {
    journal.atomically(write);
  } catch (error) {
    written.delete(journal);
    throw error;
  }
}

/** What the journal has of a list, in the order in which it came. IO: reads the journal. */
export function recallList<T>(journal: Pick<Journal, 'kept'>, list: ListName): T[] {
  return [...journal.kept(list).values()].map((body) => JSON.parse(body) as T);
}

function knownOf(journal: Keeper, list: ListName): Map<string, unknown> {
  const lists = written.get(journal) ?? new Map<ListName, Map<string, unknown>>();
  written.set(journal, lists);
  let known = lists.get(list);
  if (known === undefined) {
    // The keys that are there, each with a value that is none: whatever is to stand there is written.
    known = new Map([...journal.kept(list).keys()].map((key) => [key, undefined]));
    lists.set(list, known);
  }
  return known;
}

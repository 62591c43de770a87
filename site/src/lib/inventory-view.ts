/** Asks the columns of all certificates: which rows a view shows, in which order, and how many each facet has. One pass a question over typed arrays. Runs in the browser; pure. */
import type { InventoryColumns } from './columns.ts';
import { createOrders } from './inventory-order.ts';
import { facetNames, type FacetName, type InventoryQuery, type SortName } from './inventory-query.ts';
import { statusOrder } from './words.ts';

const dayMs = 86_400_000;
/** A certificate without an end never ends within any number of days. */
const never = 0x7fffffff;

/** The values of one facet: those of row `n` are `values` from `starts[n]` up to `starts[n + 1]`, as numbers of `words`. */
export interface FacetColumn {
  readonly words: readonly string[];
  readonly starts: Uint32Array;
  readonly values: Uint32Array;
}

export interface InventoryView {
  readonly columns: InventoryColumns;
  readonly facets: Readonly<Record<FacetName, FacetColumn>>;
  /** Day each row ends. */
  readonly ends: Int32Array;
  /** Lower-case text of each row, made when it is first asked for. */
  readonly haystack: (row: number) => string;
  /** 1 for each row that has all words of a text; null when the text has no word. Remembers the last answer, because people type one letter after another. */
  readonly matches: (text: string) => Uint8Array | null;
  /** All rows in an order; made when it is first asked for. Rows of equal keys keep the order of need. */
  readonly order: (sort: SortName, descending: boolean) => Uint32Array;
}

/** Dictionary and column of each facet in the file. */
const facetSources: Readonly<
  Record<
    FacetName,
    readonly [words: keyof InventoryColumns['dictionaries'], column: keyof InventoryColumns['columns']]
  >
> = {
  status: ['status', 'status'],
  team: ['team', 'team'],
  env: ['environment', 'environment'],
  issuer: ['issuer', 'issuer'],
  key: ['algorithm', 'algorithm'],
  policy: ['policy', 'policies'],
  finding: ['code', 'codes'],
  origin: ['origin', 'origin'],
};

function facetColumn(name: FacetName, { dictionaries, columns, total }: InventoryColumns): FacetColumn {
  const [dictionary, column] = facetSources[name];
  // A status that this site does not know counts as unknown, as everywhere on the site.
  const shown = dictionaries[dictionary].map((word) =>
    name === 'status' && !(statusOrder as readonly string[]).includes(word) ? 'unknown' : word,
  );
  const words = [...new Set(shown)];
  const byWord = new Map(words.map((word, number) => [word, number]));
  const numbers = shown.map((word) => byWord.get(word) ?? 0);
  const cells = columns[column] as readonly (number | readonly number[])[];
  const starts = new Uint32Array(total + 1);
  let size = 0;
  for (let row = 0; row < total; row++) {
    const cell = cells[row] ?? [];
    starts[row + 1] = size += typeof cell === 'number' ? 1 : cell.length;
  }
  const values = new Uint32Array(size);
  for (let row = 0, next = 0; row < total; row++) {
    const cell = cells[row] ?? [];
    if (typeof cell === 'number') values[next++] = numbers[cell] ?? 0;
    else for (const each of cell) values[next++] = numbers[each] ?? 0;
  }
  return { words, starts, values };
}

function createHaystack({ dictionaries, columns: each }: InventoryColumns): (row: number) => string {
  const texts: string[] = [];
  return (row) => {
    const known = texts[row];
    if (known !== undefined) return known;
    let text = `${dictionaries.team[each.team[row] ?? -1] ?? ''}/${each.name[row] ?? ''} ${each.names[row] ?? ''} ${dictionaries.issuer[each.issuer[row] ?? -1] ?? ''}`;
    for (const endpoint of each.endpoints[row] ?? []) text += ` ${dictionaries.endpoint[endpoint] ?? ''}`;
    return (texts[row] = text.toLowerCase());
  };
}

function createMatcher(total: number, haystack: (row: number) => string): InventoryView['matches'] {
  let lastText = '';
  let lastFound: Uint8Array | null = null;
  return (text) => {
    const words = text.toLowerCase().match(/\S+/g) ?? [];
    const asked = words.join(' ');
    if (asked === lastText) return lastFound;
    // Every word of a text that goes on is one of before, or begins with it: only rows found before can be found.
    const before = lastText !== '' && asked.startsWith(lastText) ? lastFound : null;
    const found = new Uint8Array(total);
    for (let row = 0; row < total; row++) {
      if (before !== null && before[row] === 0) continue;
      const hay = haystack(row);
      if (words.every((word) => hay.includes(word))) found[row] = 1;
    }
    lastText = asked;
    lastFound = words.length === 0 ? null : found;
    return lastFound;
  };
}

/** Prepares columns for many questions. @throws TypeError when they are of another form than this */
export function openInventory(columns: InventoryColumns): InventoryView {
  const haystack = createHaystack(columns);
  return {
    columns,
    facets: Object.fromEntries(facetNames.map((name) => [name, facetColumn(name, columns)])) as Record<
      FacetName,
      FacetColumn
    >,
    ends: Int32Array.from(columns.columns.expires, (day) => day ?? never),
    haystack,
    matches: createMatcher(columns.total, haystack),
    order: createOrders(columns),
  };
}

export interface Answer {
  /** Rows by their number, in the order asked for. */
  readonly rows: Uint32Array;
  /** How many rows each value of a facet would show, the other questions staying as they are. By number in its words. */
  readonly counts: Readonly<Record<FacetName, Uint32Array>>;
}

interface AskedFacet extends FacetColumn {
  readonly name: FacetName;
  /** 1 for each value that was chosen; null: any. */
  readonly chosen: Uint8Array | null;
  readonly counts: Uint32Array;
}

function askedFacet(name: FacetName, facet: FacetColumn, values: readonly string[]): AskedFacet {
  const chosen = values.length === 0 ? null : new Uint8Array(facet.words.length);
  for (const each of values) {
    const number = facet.words.indexOf(each);
    if (number !== -1 && chosen !== null) chosen[number] = 1;
  }
  return { ...facet, name, chosen, counts: new Uint32Array(facet.words.length) };
}

function holds({ starts, values, chosen }: AskedFacet, row: number): boolean {
  if (chosen === null) return true;
  const end = starts[row + 1] ?? 0;
  for (let at = starts[row] ?? 0; at < end; at++) if (chosen[values[at] ?? 0] === 1) return true;
  return false;
}

function countIn({ starts, values, counts }: AskedFacet, row: number): void {
  const end = starts[row + 1] ?? 0;
  for (let at = starts[row] ?? 0; at < end; at++) {
    const value = values[at] ?? 0;
    counts[value] = (counts[value] ?? 0) + 1;
  }
}

/** Everything a view shows. `today` is the day by the reader's clock, days since 1970-01-01 UTC. */
export function askInventory(view: InventoryView, query: InventoryQuery, today: number): Answer {
  const { total } = view.columns;
  const text = view.matches(query.text);
  const last = query.within === null ? never : today + query.within;
  const day = query.expires === null ? null : Date.parse(`${query.expires}T00:00:00Z`) / dayMs;
  const facets = facetNames.map((name) => askedFacet(name, view.facets[name], query.facets[name]));
  const asked = facets.filter((each) => each.chosen !== null);
  const found = new Uint8Array(total);
  let count = 0;
  for (let row = 0; row < total; row++) {
    if (text !== null && text[row] === 0) continue;
    const ends = view.ends[row] ?? never;
    if (ends > last || (day !== null && ends !== day)) continue;
    // A row that fails one facet only still counts for that facet: its numbers say what another choice there would show.
    let failed: AskedFacet | null = null;
    let fails = 0;
    for (const facet of asked)
      if (!holds(facet, row)) {
        failed = facet;
        if (++fails > 1) break;
      }
    if (fails > 1) continue;
    if (failed !== null) {
      countIn(failed, row);
      continue;
    }
    found[row] = 1;
    count++;
    for (const facet of facets) countIn(facet, row);
  }
  const counts = Object.fromEntries(facets.map((each) => [each.name, each.counts])) as Record<
    FacetName,
    Uint32Array
  >;
  return { rows: inOrder(view, found, count, query), counts };
}

function inOrder(
  view: InventoryView,
  found: Uint8Array,
  count: number,
  { sort, descending }: InventoryQuery,
): Uint32Array {
  const rows = new Uint32Array(count);
  const order = sort === null ? null : view.order(sort, descending);
  for (let index = 0, next = 0; index < found.length; index++) {
    const row = order?.[index] ?? index;
    if (found[row] === 1) rows[next++] = row;
  }
  return rows;
}

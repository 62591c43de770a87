/** Asks the columns of all certificates: which rows a view shows, in which order, and how many each facet has. One pass a question. Runs in the browser; pure. */
import type { InventoryColumns } from './columns.ts';
import { facetNames, type FacetName, type InventoryQuery, type SortName } from './inventory-query.ts';
import type { CertificateRow } from './model.ts';

export const pageRows = 100;
const dayMs = 86_400_000;

export interface InventoryView {
  readonly columns: InventoryColumns;
  /** Lower-case text of each row, made when the first word is searched. */
  readonly haystack: (row: number) => string;
}

/** Prepares columns for many questions. */
export function openInventory(columns: InventoryColumns): InventoryView {
  const texts: string[] = [];
  const { dictionaries, columns: each } = columns;
  return {
    columns,
    haystack: (row) =>
      (texts[row] ??= [
        dictionaries.team[each.team[row] ?? -1] ?? '',
        '/',
        each.name[row] ?? '',
        ' ',
        each.names[row] ?? '',
        ' ',
        dictionaries.issuer[each.issuer[row] ?? -1] ?? '',
        ' ',
        ...(each.endpoints[row] ?? []).map((number) => `${dictionaries.endpoint[number] ?? ''} `),
      ]
        .join('')
        .toLowerCase()),
  };
}

/** Dictionary of a facet, and its numbers in a row. */
const facetOf: Readonly<
  Record<
    FacetName,
    {
      readonly words: keyof InventoryColumns['dictionaries'];
      readonly column: keyof InventoryColumns['columns'];
    }
  >
> = {
  status: { words: 'status', column: 'status' },
  team: { words: 'team', column: 'team' },
  env: { words: 'environment', column: 'environment' },
  issuer: { words: 'issuer', column: 'issuer' },
  key: { words: 'algorithm', column: 'algorithm' },
  policy: { words: 'policy', column: 'policies' },
  finding: { words: 'code', column: 'codes' },
  origin: { words: 'origin', column: 'origin' },
};

export interface Answer {
  /** Rows by their number, in the order asked for. */
  readonly rows: readonly number[];
  /** How many rows each value of a facet would show, the other questions staying as they are. By number in its dictionary. */
  readonly counts: Readonly<Record<FacetName, readonly number[]>>;
}

/** Everything a view shows. `today` is the day by the reader's clock, days since 1970-01-01 UTC. */
export function askInventory(view: InventoryView, query: InventoryQuery, today: number): Answer {
  const { columns, dictionaries, total } = view.columns;
  const words = query.text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const expires =
    query.expires === null ? null : Math.floor(Date.parse(`${query.expires}T00:00:00Z`) / dayMs);
  const facets = facetNames.map((name) => {
    const { words: dictionary, column } = facetOf[name];
    const wanted = query.facets[name];
    const numbers = new Set(wanted.map((word) => dictionaries[dictionary].indexOf(word)));
    return {
      name,
      asked: wanted.length > 0,
      numbers,
      column: columns[column] as readonly (number | readonly number[])[],
      counts: Array.from({ length: dictionaries[dictionary].length }, () => 0),
    };
  });
  const rows: number[] = [];
  for (let row = 0; row < total; row++) {
    const ends = columns.expires[row] ?? null;
    if (query.within !== null && (ends === null || ends > today + query.within)) continue;
    if (expires !== null && ends !== expires) continue;
    if (words.length > 0) {
      const text = view.haystack(row);
      if (!words.every((word) => text.includes(word))) continue;
    }
    // A row that fails one facet only still counts for that facet: its numbers say what another choice there would show.
    let failed = -1;
    let fails = 0;
    for (const [index, facet] of facets.entries()) {
      if (!facet.asked || holds(facet.column[row], facet.numbers)) continue;
      failed = index;
      if (++fails > 1) break;
    }
    if (fails > 1) continue;
    if (fails === 0) {
      rows.push(row);
      for (const facet of facets) countIn(facet.counts, facet.column[row]);
    } else {
      const facet = facets[failed];
      if (facet !== undefined) countIn(facet.counts, facet.column[row]);
    }
  }
  const counts = Object.fromEntries(
    facets.map(({ name, counts: each }) => [name, each]),
  ) as unknown as Answer['counts'];
  return { rows: query.sort === null ? rows : sorted(view, rows, query.sort, query.descending), counts };
}

function holds(value: number | readonly number[] | undefined, wanted: ReadonlySet<number>): boolean {
  if (typeof value === 'number') return wanted.has(value);
  return (value ?? []).some((each) => wanted.has(each));
}

function countIn(counts: number[], value: number | readonly number[] | undefined): void {
  if (typeof value === 'number') counts[value] = (counts[value] ?? 0) + 1;
  else for (const each of value ?? []) counts[each] = (counts[each] ?? 0) + 1;
}

/** A key for each row, so that comparing is comparing numbers or texts. Rows of equal keys keep the order of need. */
function sorted(
  view: InventoryView,
  rows: readonly number[],
  sort: SortName,
  descending: boolean,
): readonly number[] {
  const { columns, dictionaries } = view.columns;
  const ranked = (words: readonly string[]): readonly number[] => {
    const order = words
      .map((word, index) => [word, index] as const)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    const ranks = Array.from({ length: words.length }, () => 0);
    for (const [rank, [, index]] of order.entries()) ranks[index] = rank;
    return ranks;
  };
  const byRank = (words: readonly string[], column: readonly number[]): ((row: number) => number) => {
    const ranks = ranked(words);
    return (row) => ranks[column[row] ?? 0] ?? 0;
  };
  const keys: Readonly<Record<SortName, () => (row: number) => number | string>> = {
    status: () => (row) => row,
    certificate: () => (row) => columns.name[row] ?? '',
    team: () => byRank(dictionaries.team, columns.team),
    names: () => (row) => columns.names[row] ?? '',
    issuer: () => byRank(dictionaries.issuer, columns.issuer),
    expires: () => (row) => columns.expires[row] ?? Infinity,
    endpoints: () => {
      const ranks = ranked(dictionaries.endpoint);
      return (row) => ranks[columns.endpoints[row]?.[0] ?? -1] ?? Infinity;
    },
    served: () => byRank(dictionaries.served, columns.served),
  };
  const key = keys[sort]();
  const sign = descending ? -1 : 1;
  return rows
    .map((row) => [row, key(row)] as const)
    .sort(([rowA, a], [rowB, b]) => (a < b ? -sign : a > b ? sign : rowA - rowB))
    .map(([row]) => row);
}

/** Days as an instant of a record: the columns know days only. */
function instant(day: number | null | undefined): string | null {
  return day === null || day === undefined
    ? null
    : `${new Date(day * dayMs).toISOString().slice(0, 10)}T00:00:00Z`;
}

/** A row as the table shows it. `max`: names and endpoints listed. */
export function rowAt(
  { columns: { columns, dictionaries } }: InventoryView,
  row: number,
  max: number,
): CertificateRow {
  const team = dictionaries.team[columns.team[row] ?? -1] ?? '';
  const name = columns.name[row] ?? '';
  const names = (columns.names[row] ?? '').split(' ').filter((each) => each !== '');
  const endpoints = (columns.endpoints[row] ?? []).map((number) => dictionaries.endpoint[number] ?? '');
  return {
    id: `${team}/${name}`,
    team,
    name,
    status: (dictionaries.status[columns.status[row] ?? -1] ?? 'unknown') as CertificateRow['status'],
    since: instant(columns.since[row]) ?? '',
    withdrawn: false,
    names: names.slice(0, max),
    nameCount: columns.nameCount[row] ?? names.length,
    issuer: dictionaries.issuer[columns.issuer[row] ?? -1] ?? '',
    environment: dictionaries.environment[columns.environment[row] ?? -1] ?? '',
    keyAlgorithm: dictionaries.algorithm[columns.algorithm[row] ?? -1] ?? '',
    expires: instant(columns.expires[row]),
    renews: instant(columns.renews[row]),
    endpoints: endpoints.slice(0, max),
    endpointCount: endpoints.length,
    served: dictionaries.served[columns.served[row] ?? -1] ?? '',
  };
}

/** The rows of a view as CSV that a spreadsheet shows and never executes. */
export function csvOfView(view: InventoryView, rows: readonly number[]): string {
  const heads = [
    'certificate',
    'team',
    'status',
    'since',
    'names',
    'issuer',
    'environment',
    'key',
    'expires',
    'renews',
    'endpoints',
    'served',
  ];
  const lines = rows.map((number) => {
    const row = rowAt(view, number, Infinity);
    const day = (at: string | null): string => at?.slice(0, 10) ?? '';
    return [
      ...[
        row.id,
        row.team,
        row.status,
        day(row.since),
        row.names.join(' '),
        row.issuer,
        row.environment,
        row.keyAlgorithm,
      ],
      ...[day(row.expires), day(row.renews), row.endpoints.join(' '), row.served],
    ];
  });
  return [heads, ...lines].map((line) => `${line.map(csvCell).join(',')}\r\n`).join('');
}

/** As `csvCell` of the evidence: a beginning that a spreadsheet takes for a formula (CWE-1236) is kept from being one. */
function csvCell(value: string): string {
  const plain = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

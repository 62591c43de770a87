/** The question that a view of the search is, and its form in an address: every view is a link. Runs in the browser; pure. */
import { limits } from '../../../daemon/limits.ts';
import { statusOrder, statusWords } from './words.ts';

/** Facets by their name in the address. */
export const facetNames = ['status', 'team', 'env', 'issuer', 'key', 'policy', 'finding', 'origin'] as const;
export type FacetName = (typeof facetNames)[number];

/** What the table can be ordered by, in the order of its columns. */
export const sortNames = [
  'status',
  'certificate',
  'team',
  'names',
  'issuer',
  'expires',
  'endpoints',
  'served',
] as const;
export type SortName = (typeof sortNames)[number];

export interface InventoryQuery {
  /** Words that must all occur in name, team, DNS names, issuer or endpoints. */
  readonly text: string;
  /** Any of the values of a facet; empty: all. */
  readonly facets: Readonly<Record<FacetName, readonly string[]>>;
  /** Ends within so many days from today on, or has ended; null: whenever. */
  readonly within: number | null;
  /** Ends on this day, `2026-12-03`; null: whenever. */
  readonly expires: string | null;
  /** null: the order of need. */
  readonly sort: SortName | null;
  readonly descending: boolean;
  /** From 1 on. */
  readonly page: number;
}

/** The same for every facet. */
function forFacets<Value>(valueOf: (name: FacetName) => Value): Record<FacetName, Value> {
  return Object.fromEntries(facetNames.map((name) => [name, valueOf(name)])) as Record<FacetName, Value>;
}

/** The view of everything. */
export const everything: InventoryQuery = {
  text: '',
  facets: forFacets(() => []),
  within: null,
  expires: null,
  sort: null,
  descending: false,
  page: 1,
};

/** Stands in an address for the value that is empty, such as no environment. */
const none = '-';

/** A value of a facet as it stands between commas. */
function writeValue(value: string): string {
  if (value === '') return none;
  return value === none ? '%2D' : value.replaceAll('%', '%25').replaceAll(',', '%2C');
}

function readValue(text: string): string {
  if (text === none) return '';
  return text.replaceAll(/%(2[5CD])/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

function readValues(text: string | null): readonly string[] {
  const given = (text ?? '').split(',', limits.site.searchValuesMax).filter((each) => each !== '');
  return [...new Set(given.map(readValue))];
}

function isDay(text: string): boolean {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

/** The question that an address asks; what it does not understand is left out. Never throws: anybody can write an address. */
export function readQuery(search: string): InventoryQuery {
  const given = new URLSearchParams(search);
  const [sort = '', direction] = (given.get('sort') ?? '').split('.');
  const sorted = sortNames.find((each) => each === sort) ?? null;
  const number = (name: string): number | null => {
    const text = given.get(name) ?? '';
    return /^\d{1,6}$/.test(text) ? Number(text) : null;
  };
  const expires = given.get('expires') ?? '';
  return {
    text: (given.get('q') ?? '').slice(0, limits.site.searchTextMaxChars).toWellFormed(),
    facets: forFacets((name) => readValues(given.get(name))),
    within: number('within'),
    expires: isDay(expires) ? expires : null,
    sort: sorted,
    descending: sorted !== null && direction === 'down',
    page: Math.max(1, number('page') ?? 1),
  };
}

/** The address of a question, without what is as it is anyway: `?q=shop&status=expired,drift`; empty for everything. */
export function writeQuery(query: InventoryQuery): string {
  const words = new URLSearchParams();
  if (query.text !== '') words.set('q', query.text);
  for (const name of facetNames)
    if (query.facets[name].length > 0) words.set(name, query.facets[name].map(writeValue).join(','));
  if (query.within !== null) words.set('within', String(query.within));
  if (query.expires !== null) words.set('expires', query.expires);
  if (query.sort !== null) words.set('sort', query.descending ? `${query.sort}.down` : query.sort);
  if (query.page > 1) words.set('page', String(query.page));
  const text = words.toString().replaceAll('%2C', ',');
  return text === '' ? '' : `?${text}`;
}

const needing = statusOrder.filter((each) => statusWords[each].group === 'attention');

/** Views that people come back to: each is a link. */
export const savedViews: readonly { readonly words: string; readonly query: string }[] = [
  { words: 'Everything', query: '' },
  { words: 'Needs a person', query: `?status=${needing.join(',')}` },
  { words: 'Ends within 30 days', query: '?within=30&sort=expires' },
  { words: 'Against policy', query: '?status=blocked,non-compliant' },
  { words: 'Unknown', query: '?status=unknown' },
  { words: 'Found in place', query: '?origin=found+in+place' },
];

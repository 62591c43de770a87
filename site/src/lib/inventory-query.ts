/** The question that a view of the search is, and its form in an address: every view is a link. Runs in the browser; pure. */

/** Facets by their name in the address. */
export const facetNames = ['status', 'team', 'env', 'issuer', 'key', 'policy', 'finding', 'origin'] as const;
export type FacetName = (typeof facetNames)[number];

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

const noFacets = Object.fromEntries(
  facetNames.map((name) => [name, [] as readonly string[]]),
) as InventoryQuery['facets'];

/** The view of everything. */
export const everything: InventoryQuery = {
  text: '',
  facets: noFacets,
  within: null,
  expires: null,
  sort: null,
  descending: false,
  page: 1,
};

/** The question that an address asks; what it does not understand is left out. Never throws: anybody can write an address. */
export function readQuery(search: string): InventoryQuery {
  const given = new URLSearchParams(search);
  const facets = Object.fromEntries<readonly string[]>(
    facetNames.map((name) => [
      name,
      (given.get(name) ?? '')
        .split(',')
        .filter((each) => each !== '')
        .slice(0, 50),
    ]),
  ) as Record<FacetName, readonly string[]>;
  const [sort = '', direction] = (given.get('sort') ?? '').split('.');
  const number = (name: string, most: number): number | null => {
    const text = given.get(name) ?? '';
    return /^\d{1,6}$/.test(text) && Number(text) <= most ? Number(text) : null;
  };
  const expires = given.get('expires') ?? '';
  return {
    text: (given.get('q') ?? '').slice(0, 200),
    facets,
    within: number('within', 36_500),
    expires: /^\d{4}-\d\d-\d\d$/.test(expires) ? expires : null,
    sort: sortNames.find((each) => each === sort) ?? null,
    descending: direction === 'down',
    page: Math.max(1, number('page', 100_000) ?? 1),
  };
}

/** The address of a question, without what is as it is anyway: `?q=shop&status=expired,drift`; empty for everything. */
export function writeQuery(query: InventoryQuery): string {
  const words = new URLSearchParams();
  if (query.text !== '') words.set('q', query.text);
  for (const name of facetNames)
    if (query.facets[name].length > 0) words.set(name, query.facets[name].join(','));
  if (query.within !== null) words.set('within', String(query.within));
  if (query.expires !== null) words.set('expires', query.expires);
  if (query.sort !== null) words.set('sort', query.descending ? `${query.sort}.down` : query.sort);
  if (query.page > 1) words.set('page', String(query.page));
  const text = words.toString().replaceAll('%2C', ',');
  return text === '' ? '' : `?${text}`;
}

/** Views that people come back to: each is a link. */
export const savedViews: readonly { readonly words: string; readonly query: string }[] = [
  { words: 'Needs a person', query: '?status=expired,failing,drift,blocked,overdue,unknown,non-compliant' },
  { words: 'Ends within 30 days', query: '?within=30&sort=expires' },
  { words: 'Could not be looked at', query: '?status=unknown' },
  { words: 'Against policy', query: '?status=blocked,non-compliant' },
  { words: 'Not issued by renewd', query: '?origin=found in place' },
  { words: 'Everything', query: '' },
];

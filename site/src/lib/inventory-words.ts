/** What the search says about itself: how many, in which order, what is chosen. Runs in the browser; pure. */
import { limits } from '../../../daemon/limits.ts';
import { clean } from './clean.ts';
import type { FacetName, InventoryQuery, SortName } from './inventory-query.ts';
import { count } from './time-words.ts';
import { statusWord } from './words.ts';

const plain = new Intl.NumberFormat('en');

/** `12,345`. */
export function numeral(number: number): string {
  return plain.format(number);
}

/** A facet as people call it. */
export const facetLabels: Readonly<Record<FacetName, string>> = {
  status: 'Status',
  team: 'Team',
  env: 'Environment',
  issuer: 'Issuer',
  key: 'Key',
  policy: 'Policy',
  finding: 'Finding',
  origin: 'Origin',
};

/** A value of a facet in words; one that came with the address is made harmless to look at. */
export function valueWords(facet: FacetName, value: string): string {
  if (value === '') return 'none';
  return clean(facet === 'status' ? statusWord(value).label : value, limits.site.keyMaxChars);
}

/** What is chosen in a facet, short: `Expired, Failing` or `3 chosen`; empty when nothing is. */
export function chosenWords(facet: FacetName, values: readonly string[]): string {
  if (values.length > 2) return `${String(values.length)} chosen`;
  return values.map((value) => valueWords(facet, value)).join(', ');
}

/** What is chosen about the end; empty when nothing is. */
export function endWords({ within, expires }: InventoryQuery): string {
  const words = [
    ...(within === null ? [] : [within === 0 ? 'by today' : `within ${count(within, 'day')}`]),
    ...(expires === null ? [] : [`on ${expires}`]),
  ];
  return words.join(', ');
}

/** How many pages so many rows have; at least one. */
export function pageCount(rows: number): number {
  return Math.max(1, Math.ceil(rows / limits.site.searchPageRows));
}

/** The result in one sentence. `found` rows of `total`, of which one page is shown. */
export function resultWords(found: number, total: number, page: number): string {
  const all = `${numeral(total)} ${total === 1 ? 'certificate' : 'certificates'}`;
  if (found === 0) return `None of ${all} fits. Take a word or a filter away.`;
  const part = found === total ? all : `${numeral(found)} of ${all}`;
  if (pageCount(found) === 1) return part;
  const first = (page - 1) * limits.site.searchPageRows;
  const last = Math.min(first + limits.site.searchPageRows, found);
  return `${part}; ${numeral(first + 1)} to ${numeral(last)} are shown`;
}

/** An order in words, ascending and descending, for the caption and the choice of orders. */
export const orderWords: Readonly<Record<SortName, readonly [ascending: string, descending: string]>> = {
  status: ['By status, the most urgent first', 'By status, the least urgent first'],
  certificate: ['By certificate, A to Z', 'By certificate, Z to A'],
  team: ['By team, A to Z', 'By team, Z to A'],
  names: ['By name, A to Z', 'By name, Z to A'],
  issuer: ['By issuer, A to Z', 'By issuer, Z to A'],
  expires: ['By end, the soonest first', 'By end, the latest first'],
  endpoints: ['By endpoint, A to Z', 'By endpoint, Z to A'],
  served: ['By what is served, A to Z', 'By what is served, Z to A'],
};

/** What the caption of the table says. */
export function captionWords({ sort, descending }: InventoryQuery): string {
  if (sort === null) return 'Those that need a person first.';
  return `${orderWords[sort][descending ? 1 : 0]}.`;
}

/** The search of /certificates/: all of them from columns, filtered, sorted and paged here. Without it the page has a table of those that need a person. */
import type { InventoryColumns } from '../lib/columns.ts';
import {
  everything,
  facetNames,
  readQuery,
  sortNames,
  writeQuery,
  type FacetName,
  type InventoryQuery,
} from '../lib/inventory-query.ts';
import {
  askInventory,
  csvOfView,
  openInventory,
  pageRows,
  rowAt,
  type Answer,
  type InventoryView,
} from '../lib/inventory-view.ts';
import { statusWord } from '../lib/words.ts';
import { certificateRow } from '../lib/tables.ts';
import { readFrame } from './frame.ts';
import { toNodes } from './nodes.ts';

const namesShown = 3;
const form = document.querySelector<HTMLFormElement>('#filter');
const table = document.querySelector<HTMLTableElement>('#rows');
const shown = document.querySelector<HTMLElement>('#shown');
const pager = document.querySelector<HTMLElement>('#pager');

function say(words: string): void {
  if (shown !== null) shown.textContent = words;
}

function field<Kind extends HTMLElement>(name: string): Kind | null {
  return (form?.elements.namedItem(name) as Kind | null) ?? null;
}

/** Words of a facet's value, for people. */
function wordsOf(facet: FacetName, value: string): string {
  if (facet === 'status') return statusWord(value).label;
  return value === '' ? 'none' : value;
}

function start(view: InventoryView, search: HTMLFormElement, rows: HTMLTableElement): void {
  const pages = new Set<string>();
  const frame = readFrame((id) => pages.has(id));
  let query = readQuery(location.search);
  let answer: Answer = { rows: [], counts: askInventory(view, everything, 0).counts };

  const fillFacets = (): void => {
    for (const facet of facetNames) {
      const select = field<HTMLSelectElement>(facet);
      if (select === null) continue;
      const { words } = { words: dictionaryOf(view, facet) };
      const chosen = query.facets[facet];
      const options = words
        .map((word, index) => ({ word, count: answer.counts[facet][index] ?? 0 }))
        .filter(({ word, count }) => count > 0 || chosen.includes(word))
        .sort((a, b) => (a.word < b.word ? -1 : 1))
        .map(({ word, count }) => new Option(`${wordsOf(facet, word)} (${String(count)})`, word));
      const several =
        chosen.length > 1
          ? [new Option(chosen.map((word) => wordsOf(facet, word)).join(' or '), chosen.join(','))]
          : [];
      select.replaceChildren(new Option('all', ''), ...several, ...options);
      select.value = chosen.join(',');
    }
  };

  const fillRows = (): void => {
    const first = (query.page - 1) * pageRows;
    const body = document.createElement('tbody');
    for (const number of answer.rows.slice(first, first + pageRows)) {
      const row = rowAt(view, number, namesShown);
      if (view.columns.columns.page[number] === 1) pages.add(row.id);
      body.append(...toNodes(certificateRow(frame, row)));
    }
    for (const each of [...rows.tBodies]) each.remove();
    rows.append(body);
    const last = Math.min(first + pageRows, answer.rows.length);
    const all = view.columns.total;
    say(
      answer.rows.length === 0
        ? `None of ${String(all)} certificates is so.`
        : answer.rows.length <= pageRows
          ? `${String(answer.rows.length)} of ${String(all)} certificates`
          : `${String(first + 1)} to ${String(last)} of ${String(answer.rows.length)} that match, of ${String(all)} certificates`,
    );
    if (pager === null) return;
    pager.hidden = answer.rows.length <= pageRows;
    const [back, on] = pager.querySelectorAll('button');
    if (back !== undefined) back.disabled = query.page === 1;
    if (on !== undefined) on.disabled = last >= answer.rows.length;
  };

  const fillHeads = (): void => {
    for (const [index, head] of [...(rows.tHead?.rows[0]?.cells ?? [])].entries()) {
      const name = sortNames[index];
      if (name !== undefined && name === query.sort)
        head.ariaSort = query.descending ? 'descending' : 'ascending';
      else head.removeAttribute('aria-sort');
    }
  };

  const show = (): void => {
    answer = askInventory(view, query, Math.floor(Date.now() / 86_400_000));
    const pagesThere = Math.max(1, Math.ceil(answer.rows.length / pageRows));
    if (query.page > pagesThere) query = { ...query, page: pagesThere };
    fillFacets();
    fillRows();
    fillHeads();
  };

  const change = (next: InventoryQuery, how: 'replace' | 'push'): void => {
    query = next;
    show();
    const address = `${location.pathname}${writeQuery(query)}`;
    if (how === 'push') history.pushState(null, '', address);
    else history.replaceState(null, '', address);
  };

  const fromForm = (): InventoryQuery => ({
    ...query,
    page: 1,
    text: field<HTMLInputElement>('q')?.value ?? '',
    within: readQuery(`?within=${field<HTMLSelectElement>('within')?.value ?? ''}`).within,
    expires: readQuery(`?expires=${field<HTMLInputElement>('expires')?.value ?? ''}`).expires,
    facets: Object.fromEntries(
      facetNames.map((facet) => {
        const value = field<HTMLSelectElement>(facet)?.value ?? '';
        return [
          facet,
          value === '' ? [] : value === query.facets[facet].join(',') ? query.facets[facet] : [value],
        ];
      }),
    ) as InventoryQuery['facets'],
  });

  const toForm = (): void => {
    const text = field<HTMLInputElement>('q');
    if (text !== null) text.value = query.text;
    const within = field<HTMLSelectElement>('within');
    if (within !== null) {
      const value = query.within === null ? '' : String(query.within);
      if (value !== '' && ![...within.options].some((each) => each.value === value))
        within.add(new Option(`${value} days`, value));
      within.value = value;
    }
    const expires = field<HTMLInputElement>('expires');
    if (expires !== null) expires.value = query.expires ?? '';
  };

  search.addEventListener('input', () => {
    change(fromForm(), 'replace');
  });
  search.addEventListener('submit', (event) => {
    event.preventDefault();
  });
  addEventListener('popstate', () => {
    query = readQuery(location.search);
    toForm();
    show();
  });
  makeHeads(rows, () => query, change);
  makePager(() => query, change);
  makeButtons(view, () => answer);
  toForm();
  search.hidden = false;
  show();
  document.documentElement.dataset['inventory'] = 'ready';
}

function dictionaryOf({ columns: { dictionaries } }: InventoryView, facet: FacetName): readonly string[] {
  const names = {
    status: 'status',
    team: 'team',
    env: 'environment',
    issuer: 'issuer',
    key: 'algorithm',
    policy: 'policy',
    finding: 'code',
    origin: 'origin',
  } as const;
  return dictionaries[names[facet]];
}

type Change = (next: InventoryQuery, how: 'replace' | 'push') => void;

/** Heads become buttons: once ascending, again descending, a third time the order of need. */
function makeHeads(rows: HTMLTableElement, query: () => InventoryQuery, change: Change): void {
  for (const [index, head] of [...(rows.tHead?.rows[0]?.cells ?? [])].entries()) {
    const name = sortNames[index];
    if (name === undefined) continue;
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const now = query();
      const next =
        now.sort !== name
          ? { sort: name, descending: false }
          : now.descending
            ? { sort: null, descending: false }
            : { sort: name, descending: true };
      change({ ...now, ...next, page: 1 }, 'replace');
    });
  }
}

function makePager(query: () => InventoryQuery, change: Change): void {
  for (const [index, button] of [...(pager?.querySelectorAll('button') ?? [])].entries())
    button.addEventListener('click', () => {
      change({ ...query(), page: query().page + (index === 0 ? -1 : 1) }, 'push');
      table?.scrollIntoView();
    });
}

function makeButtons(view: InventoryView, answer: () => Answer): void {
  const said = document.querySelector<HTMLElement>('#done');
  const tell = (words: string): void => {
    if (said !== null) said.textContent = words;
  };
  document.querySelector('#csv')?.addEventListener('click', () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([csvOfView(view, answer().rows)], { type: 'text/csv' }));
    link.download = 'certificates.csv';
    link.click();
    URL.revokeObjectURL(link.href);
    tell(`${String(answer().rows.length)} certificates written to certificates.csv.`);
  });
  document.querySelector('#copy')?.addEventListener('click', () => {
    navigator.clipboard.writeText(location.href).then(
      () => {
        tell('The link to this view is copied.');
      },
      () => {
        tell('The browser does not let this page copy: take the link from the address bar.');
      },
    );
  });
}

async function load(): Promise<void> {
  const path = form?.dataset['columns'] ?? '';
  if (form === null || table === null || path === '') return;
  try {
    const response = await fetch(path);
    if (!response.ok) throw new Error(`status ${String(response.status)}`);
    start(openInventory((await response.json()) as InventoryColumns), form, table);
  } catch (error) {
    say(
      `The search could not be loaded (${error instanceof Error ? error.message : 'unknown'}). Below are those that need a person first; load the page again to search all.`,
    );
    shown?.removeAttribute('hidden');
    document.documentElement.dataset['inventory'] = 'failed';
  }
}

await load();

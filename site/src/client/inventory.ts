/** The search of /certificates/: all of them from columns, filtered, sorted and paged here. Without it the page has a table of those that need a person. */
import type { InventoryColumns } from '../lib/columns.ts';
import { everything, readQuery, writeQuery, type InventoryQuery } from '../lib/inventory-query.ts';
import { askInventory, openInventory, type InventoryView } from '../lib/inventory-view.ts';
import { numeral, pageCount, resultWords } from '../lib/inventory-words.ts';
import { showActions } from './inventory/actions.ts';
import { createFields } from './inventory/fields.ts';
import { createPager } from './inventory/pager.ts';
import { createTable } from './inventory/table.ts';
import { find } from './find.ts';
import { loadJson } from './load.ts';

/** How a change goes into the history: typing goes on in one entry, everything else is a step that can be gone back. */
export type Step = 'replace' | 'push';
export type Change = (next: Partial<InventoryQuery>, step: Step) => void;

const dayMs = 86_400_000;
/** Half of what a screen needs for one picture. */
const turnMs = 8;

function write(query: InventoryQuery, step: Step): void {
  const address = `${location.pathname}${writeQuery(query)}`;
  try {
    if (step === 'push') history.pushState(null, '', address);
    else history.replaceState(null, '', address);
  } catch {
    // Browsers refuse more than some hundred in a few seconds, as when a key is held down; the field writes again when it is left.
  }
}

function start(view: InventoryView): void {
  const rowCount = view.columns.total;
  let query = readQuery(location.search);
  let rows: Uint32Array = new Uint32Array();
  const change: Change = (next, step) => {
    query = { ...query, page: 1, ...next };
    show();
    write(query, step);
  };
  const settle = (): void => {
    write(query, 'replace');
  };
  const fields = createFields(find('#filter', HTMLFormElement), view, () => query, change, settle);
  const table = createTable(find('#rows', HTMLTableElement), view, () => query, change);
  const pager = createPager(find('#pager', HTMLElement), () => query, change);
  const shown = find('#shown', HTMLElement);

  function show(): void {
    const answer = askInventory(view, query, Math.floor(Date.now() / dayMs));
    ({ rows } = answer);
    query = { ...query, page: Math.min(query.page, pageCount(rows.length)) };
    fields.show(answer.counts);
    table.show(rows);
    pager.show(rows.length);
    shown.textContent = resultWords(rows.length, rowCount, query.page);
  }

  addEventListener('popstate', () => {
    query = readQuery(location.search);
    fields.fill();
    show();
  });
  showActions(view, () => rows, settle);
  // What was typed while the data was on its way counts.
  const early = fields.typed();
  if (early !== '') query = { ...query, text: early };
  fields.fill();
  show();
  if (early !== '') settle();
  // Links of other pages name the group of the table without a script; here the table has no groups.
  if (location.hash !== '' && location.hash !== '#main') {
    settle();
    scrollTo(0, 0);
  }
}

/** Makes the texts that are searched in, a little at a time, so that the first letter finds them ready and nothing is held up meanwhile. */
async function prepare(view: InventoryView): Promise<void> {
  let row = 0;
  while (row < view.columns.total) {
    for (const end = performance.now() + turnMs; row < view.columns.total && performance.now() < end;)
      for (const until = Math.min(row + 500, view.columns.total); row < until; row++) view.haystack(row);
    await new Promise((resolve) => setTimeout(resolve));
  }
}

async function load(): Promise<void> {
  const form = find('#filter', HTMLFormElement);
  const ways = find('#ways', HTMLElement);
  const shown = find('#shown', HTMLElement);
  const take = find('#take', HTMLElement);
  const jump = document.querySelector<HTMLElement>('.jump');
  const { dataset } = document.documentElement;
  const controls = (there: boolean): void => {
    form.hidden = !there;
    ways.hidden = there;
    // This page is the search; two fields that do the same would be one too many.
    if (jump !== null) jump.hidden = there;
  };
  controls(true);
  shown.textContent = `Loading ${numeral(Number(form.dataset['total']))} certificates …`;
  try {
    const columns = (await loadJson(form.dataset['columns'] ?? '')) as InventoryColumns;
    const view = openInventory(columns);
    start(view);
    take.hidden = false;
    await prepare(view);
    dataset['inventory'] = 'ready';
  } catch (error) {
    controls(false);
    const asked = writeQuery(readQuery(location.search)) === writeQuery(everything);
    shown.textContent = `The search could not be loaded: ${error instanceof Error ? error.message : 'unknown'}. ${
      asked ? '' : 'So the filter in the address is not applied. '
    }Load this page again. Below are those that need a person first.`;
    dataset['inventory'] = 'failed';
  }
}

await load();

/** The table of the search: rows of one page, and heads that order it. */
import { limits } from '../../../../daemon/limits.ts';
import { sortNames, type InventoryQuery } from '../../lib/inventory-query.ts';
import { rowAt } from '../../lib/inventory-rows.ts';
import type { InventoryView } from '../../lib/inventory-view.ts';
import { captionWords } from '../../lib/inventory-words.ts';
import { certificateRow } from '../../lib/tables.ts';
import { make } from '../find.ts';
import { readFrame } from '../frame.ts';
import type { Change } from '../inventory.ts';
import { toNodes } from '../nodes.ts';

/** Takes over a table that is there, with its heads. */
export function createTable(
  table: HTMLTableElement,
  view: InventoryView,
  query: () => InventoryQuery,
  change: Change,
): { readonly show: (rows: Uint32Array) => void } {
  const pages = new Set<string>();
  const frame = readFrame((id) => pages.has(id));
  table.classList.add('searched');
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  for (const [index, head] of heads.entries()) showHead(head, index, query, change);
  return {
    show: (rows) => {
      const first = (query().page - 1) * limits.site.searchPageRows;
      const body = document.createElement('tbody');
      for (const number of rows.subarray(first, first + limits.site.searchPageRows)) {
        const row = rowAt(view, number);
        if (view.columns.columns.page[number] === 1) pages.add(row.id);
        body.append(...toNodes(certificateRow(frame, row)));
      }
      for (const each of [...table.tBodies]) each.remove();
      table.append(body);
      const { sort, descending } = query();
      for (const [index, head] of heads.entries())
        if (sort !== null && sortNames[index] === sort)
          head.ariaSort = descending ? 'descending' : 'ascending';
        else head.ariaSort = null;
      if (table.caption !== null) table.caption.textContent = captionWords(query());
      table.hidden = rows.length === 0;
      // The reading script says how far away each instant is.
      dispatchEvent(new Event('rows'));
    },
  };
}

/** A head becomes a button: once ascending, again descending, a third time the order of need. */
function showHead(
  head: HTMLTableCellElement,
  index: number,
  query: () => InventoryQuery,
  change: Change,
): void {
  const name = sortNames[index];
  if (name === undefined) return;
  const button = make('button', { type: 'button' }, ...head.childNodes);
  head.append(button);
  button.addEventListener('click', () => {
    const { sort, descending } = query();
    if (sort !== name) change({ sort: name, descending: false }, 'push');
    else if (descending) change({ sort: null, descending: false }, 'push');
    else change({ descending: true }, 'push');
  });
}

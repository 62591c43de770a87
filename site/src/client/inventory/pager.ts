/** Pages of the table, as links: each can be opened beside, sent on and gone back to. */
import { writeQuery, type InventoryQuery } from '../../lib/inventory-query.ts';
import { numeral, pageCount } from '../../lib/inventory-words.ts';
import { find, make } from '../find.ts';
import type { Change } from '../inventory.ts';

/** Whether a click asks for this page, and not for another window. */
export function staysHere(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

/** Fills an element that is there. */
export function createPager(
  pager: HTMLElement,
  query: () => InventoryQuery,
  change: Change,
): { readonly show: (rows: number) => void } {
  const link = (words: string, page: number): HTMLElement => {
    if (page === query().page) return make('span', { className: 'quiet' }, words);
    const address = `${location.pathname}${writeQuery({ ...query(), page })}`;
    const node = make('a', { href: address }, words);
    node.addEventListener('click', (event) => {
      if (!staysHere(event)) return;
      event.preventDefault();
      change({ page }, 'push');
      // The new page is read from its beginning, also by who cannot see it.
      const shown = find('#shown', HTMLElement);
      shown.focus({ preventScroll: true });
      shown.scrollIntoView();
    });
    return node;
  };
  return {
    show: (rows) => {
      const { page } = query();
      const last = pageCount(rows);
      pager.hidden = last === 1;
      if (last === 1) return;
      pager.replaceChildren(
        link('First', 1),
        link('Previous', Math.max(1, page - 1)),
        make('span', {}, `Page ${numeral(page)} of ${numeral(last)}`),
        link('Next', Math.min(last, page + 1)),
        link('Last', last),
      );
    },
  };
}

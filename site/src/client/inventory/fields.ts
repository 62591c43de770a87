/** The controls above the table: they show the question of the view, and ask another. */
import {
  everything,
  facetNames,
  readQuery,
  writeQuery,
  type InventoryQuery,
} from '../../lib/inventory-query.ts';
import type { Answer, InventoryView } from '../../lib/inventory-view.ts';
import { endWords } from '../../lib/inventory-words.ts';
import { find } from '../find.ts';
import type { Change } from '../inventory.ts';
import { createFacet } from './facet.ts';
import { staysHere } from './pager.ts';

export interface Fields {
  /** What stands in the field of the search. */
  readonly typed: () => string;
  /** Puts the question of the view into the controls. */
  readonly fill: () => void;
  /** What each choice would show. */
  readonly show: (counts: Answer['counts']) => void;
}

/** Takes over the form. `settle`: puts the view into the address. */
export function createFields(
  form: HTMLFormElement,
  view: InventoryView,
  query: () => InventoryQuery,
  change: Change,
  settle: () => void,
): Fields {
  const text = find('[name="q"]', HTMLInputElement, form);
  const expires = find('[name="expires"]', HTMLInputElement, form);
  const order = find('[name="sort"]', HTMLSelectElement, form);
  const clear = find('#clear', HTMLElement, form);
  const chosenEnd = find('[data-facet="ends"] .chosen', HTMLElement, form);
  const withins = [...form.querySelectorAll<HTMLInputElement>('[name="within"]')];
  const views = [...form.querySelectorAll<HTMLAnchorElement>('.views a, #clear')];
  const facets = facetNames.map((name) => ({
    name,
    facet: createFacet(find(`[data-facet="${name}"]`, HTMLDetailsElement, form), name, view, (values) => {
      change({ facets: { ...query().facets, [name]: values } }, 'push');
    }),
  }));
  const fill = (): void => {
    const { text: words, within, expires: day, sort, descending } = query();
    text.value = words;
    for (const each of withins) each.checked = each.value === String(within ?? '');
    expires.value = day ?? '';
    order.value = sort === null ? '' : `${sort}${descending ? '.down' : ''}`;
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
  });
  text.addEventListener('input', () => {
    change({ text: text.value }, 'replace');
  });
  // Not a new view: who leaves the field for a row must find that row still there.
  text.addEventListener('change', settle);
  for (const each of withins)
    each.addEventListener('change', () => {
      change({ within: readQuery(`?within=${each.value}`).within }, 'push');
    });
  expires.addEventListener('change', () => {
    change({ expires: readQuery(`?expires=${expires.value}`).expires }, 'push');
  });
  order.addEventListener('change', () => {
    const { sort, descending } = readQuery(`?sort=${order.value}`);
    change({ sort, descending }, 'push');
  });
  for (const each of views)
    each.addEventListener('click', (event) => {
      if (!staysHere(event)) return;
      event.preventDefault();
      change(readQuery(new URL(each.href).search), 'push');
      fill();
      if (each === clear) text.focus();
    });

  return {
    typed: () => text.value,
    fill,
    show: (counts) => {
      for (const { name, facet } of facets) facet.show(query().facets[name], counts[name]);
      const words = endWords(query());
      chosenEnd.textContent = words === '' ? '' : `: ${words}`;
      const address = writeQuery({ ...query(), page: 1 });
      const bare = writeQuery({ ...query(), page: 1, sort: null, descending: false });
      clear.hidden = bare === writeQuery(everything);
      order.value = query().sort === null ? '' : `${query().sort ?? ''}${query().descending ? '.down' : ''}`;
      for (const each of views)
        each.ariaCurrent = writeQuery(readQuery(new URL(each.href).search)) === address ? 'true' : null;
    },
  };
}

/** One facet: its values to tick, each with how many certificates it would show. Several may be ticked. */
import { limits } from '../../../../daemon/limits.ts';
import type { FacetName } from '../../lib/inventory-query.ts';
import type { InventoryView } from '../../lib/inventory-view.ts';
import { chosenWords, facetLabels, numeral, valueWords } from '../../lib/inventory-words.ts';
import { statusOrder } from '../../lib/words.ts';
import { find, make } from '../find.ts';

export interface Facet {
  /** `counts`: by number in the words of the facet. */
  readonly show: (chosen: readonly string[], counts: Uint32Array) => void;
}

/** Values in the order they are listed: statuses by need, others by their words. */
function inOrder(name: FacetName, words: readonly string[]): readonly string[] {
  if (name !== 'status') return [...words].sort(new Intl.Collator('en', { numeric: true }).compare);
  return statusOrder.filter((each) => words.includes(each));
}

/** Takes over a `details` that is there. `change` gets the values that are ticked. */
export function createFacet(
  details: HTMLDetailsElement,
  name: FacetName,
  view: InventoryView,
  change: (values: readonly string[]) => void,
): Facet {
  const { words, values } = view.facets[name];
  // One value that every certificate has is no choice.
  const useless = words.length === 0 || (words.length === 1 && values.length >= view.columns.total);
  const listed = inOrder(name, words);
  const numbers = new Map(words.map((word, number) => [word, number]));
  const panel = find('.panel', HTMLElement, details);
  const summary = find('.chosen', HTMLElement, details);
  const list = make('div', {});
  const more = make('p', { className: 'note' });
  const search = make('input', {
    type: 'search',
    ariaLabel: `Find in ${facetLabels[name]}`,
    placeholder: 'Find',
    spellcheck: false,
  });
  panel.append(...(listed.length >= limits.site.facetSearchFrom ? [search] : []), list, more);

  let chosen: readonly string[] = [];
  let counts = new Uint32Array(words.length);
  const choices = new Map<string, Choice>();
  const choiceOf = (value: string): Choice => {
    const known = choices.get(value);
    if (known !== undefined) return known;
    const choice = createChoice(valueWords(name, value), (on) => {
      change(on ? [...chosen, value] : chosen.filter((each) => each !== value));
    });
    choices.set(value, choice);
    return choice;
  };
  const countOf = (value: string): number => counts[numbers.get(value) ?? -1] ?? 0;

  /** Writes the list, where it can be seen. */
  const fill = (): void => {
    if (!details.open) return;
    const part = search.value.trim().toLowerCase();
    const strange = chosen.filter((value) => !numbers.has(value));
    const fit = [...strange, ...listed].filter(
      (value) =>
        (chosen.includes(value) || countOf(value) > 0) &&
        (part === '' || valueWords(name, value).toLowerCase().includes(part)),
    );
    // What is ticked is never out of sight.
    const first =
      fit.length > limits.site.facetValuesShownMax ? fit.filter((each) => chosen.includes(each)) : [];
    const seen = [...new Set([...first, ...fit])].slice(0, limits.site.facetValuesShownMax);
    const nodes = seen.map((value) => choiceOf(value).show(chosen.includes(value), countOf(value)));
    put(list, nodes);
    const left = fit.length - seen.length;
    more.textContent =
      left > 0 ? `${numeral(left)} more: type a part of the name.` : fit.length === 0 ? 'None.' : '';
  };

  details.addEventListener('toggle', fill);
  search.addEventListener('input', (event) => {
    // It narrows this list, not the table.
    event.stopPropagation();
    fill();
  });
  return {
    show: (nextChosen, nextCounts) => {
      chosen = nextChosen;
      counts = new Uint32Array(nextCounts);
      details.hidden = useless && chosen.length === 0;
      summary.textContent = chosen.length === 0 ? '' : `: ${chosenWords(name, chosen)}`;
      fill();
    },
  };
}

interface Choice {
  readonly show: (on: boolean, count: number) => HTMLElement;
}

function createChoice(words: string, change: (on: boolean) => void): Choice {
  const box = make('input', { type: 'checkbox' });
  const number = make('span', { className: 'count' });
  const label = make('label', {}, box, make('span', {}, words), ' ', number);
  box.addEventListener('change', () => {
    change(box.checked);
  });
  return {
    show: (on, count) => {
      box.checked = on;
      number.textContent = numeral(count);
      return label;
    },
  };
}

/** Puts nodes into a list; who stands on one of them stays there. */
function put(list: HTMLElement, nodes: readonly HTMLElement[]): void {
  if (list.children.length === nodes.length && nodes.every((each, index) => list.children[index] === each))
    return;
  const focused = document.activeElement;
  list.replaceChildren(...nodes);
  if (focused instanceof HTMLElement && list.contains(focused)) focused.focus({ preventScroll: true });
}

/** The list of servers: the team's own first, the others folded away, found by typing where there are many. */
import { limits } from '../../../../daemon/limits.ts';
import type { Catalogue } from '../../lib/model.ts';
import { endpointChoices } from '../../lib/request-form.ts';
import { count } from '../../lib/time-words.ts';
import { make, part } from './nodes.ts';

export interface ServerList {
  readonly chosen: () => readonly string[];
  /** Lists what this team may choose from. What was chosen before stays. */
  readonly show: (team: string) => void;
}

/** Fills the list of the page. `initial`: chosen from the start, if they exist. */
export function serverList(catalogue: Catalogue, initial: readonly string[]): ServerList {
  const known = new Set(catalogue.endpoints.map((each) => each.name));
  const chosen = new Set(initial.filter((each) => known.has(each)));
  const search = part<HTMLInputElement>('endpoints');
  const max = limits.site.requestServersShownMax;
  let team = '';

  const choice = (name: string): HTMLElement => {
    const id = `server-${String([...known].indexOf(name))}`;
    const box = make('input', {
      type: 'checkbox',
      id,
      name: 'endpoints',
      value: name,
      'aria-describedby': 'endpoints-error',
    });
    box.checked = chosen.has(name);
    box.addEventListener('change', () => {
      if (box.checked) chosen.add(name);
      else chosen.delete(name);
    });
    return make('div', { class: 'choice' }, box, make('label', { for: id, class: 'name' }, name));
  };

  const draw = (): void => {
    const { usable, others } = endpointChoices(catalogue, team);
    const words = search.value.trim().toLowerCase();
    const fits = (name: string): boolean => chosen.has(name) || name.toLowerCase().includes(words);
    const own = (team === '' ? others : usable).filter(fits);
    const foreign = (team === '' ? [] : others).filter(fits);
    // What is chosen stays in sight whatever is searched.
    const first = (names: readonly string[]): readonly string[] =>
      [...names.filter((name) => chosen.has(name)), ...names.filter((name) => !chosen.has(name))].slice(
        0,
        max,
      );
    const shown = own.length <= max ? own : first(own);
    const list = part('endpoint-list');
    const open = list.querySelector('details')?.open ?? false;
    list.replaceChildren(...shown.map(choice));
    if (foreign.length > 0) {
      const fold = make(
        'details',
        {},
        make('summary', {}, `Servers of other teams (${String(foreign.length)}): their team must agree`),
      );
      fold.append(...first(foreign).map(choice));
      fold.open = open || words !== '' || own.length === 0 || foreign.some((name) => chosen.has(name));
      list.append(fold);
    }
    const found = own.length + foreign.length;
    const more = own.length > max || foreign.length > max;
    part('endpoint-count').textContent =
      words === '' && !more
        ? ''
        : `${count(found, 'server')}${more ? `; the first ${String(max)} are shown, type to find others` : ''}.`;
    part('endpoint-filter').hidden = known.size <= 8;
  };
  search.addEventListener('input', draw);
  search.addEventListener('keydown', (event) => {
    // Return searches, which is done already; it does not send the form.
    if (event.key === 'Enter') event.preventDefault();
  });
  return {
    chosen: () => [...chosen],
    show: (next) => {
      team = next;
      draw();
    },
  };
}

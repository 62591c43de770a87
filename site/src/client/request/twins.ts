/** Is there already one? All certificates are loaded once, when somebody begins to type names, and asked with every pause. */
import type { InventoryColumns } from '../../lib/columns.ts';
import { limits } from '../../../../daemon/limits.ts';
import { el, type Markup } from '../../lib/markup.ts';
import { nameIndex, type Holder, type NameIndex } from '../../lib/name-index.ts';
import { status, type Frame } from '../../lib/pieces.ts';
import { count } from '../../lib/time-words.ts';
import { statusWord } from '../../lib/words.ts';
import { readFrame } from '../frame.ts';
import { toNodes } from '../nodes.ts';
import { part, tell } from './nodes.ts';

const max = limits.site.requestHoldersShownMax;
const notLoaded =
  'The list of certificates could not be loaded, so this page cannot say whether there is one already.';

/** Loads the columns, once. null: there are none, or they could not be read. */
function loader(address: string): () => Promise<NameIndex | null> {
  let loading: Promise<NameIndex | null> | null = null;
  const load = async (): Promise<NameIndex | null> => {
    const response = await fetch(address);
    if (!response.ok) return null;
    const columns = (await response.json()) as InventoryColumns;
    return columns.version === 1 ? nameIndex(columns) : null;
  };
  return () => {
    loading ??= address === '' ? Promise.resolve(null) : load().catch(() => null);
    return loading;
  };
}

function holderItem(frame: Frame, { id, status: word, names }: Holder): Markup {
  return el(
    'li',
    {},
    status(statusWord(word)),
    ' ',
    el('a', { class: 'name', href: frame.links.certificate(id) }, id),
    names.length > 0 && el('span', { class: 'note' }, names.join(', ')),
  );
}

export interface Twins {
  /** Looks the names up and says who has them; also whether `team/name` is taken. */
  readonly look: (dnsNames: readonly string[], id: string) => void;
}

/** Connects the search before the form and the place below the names. */
export function twins(): Twins {
  const form = part<HTMLFormElement>('look');
  const search = part<HTMLInputElement>('look-for');
  const index = loader(form.dataset['columns'] ?? '');
  const pages = new Set<string>();
  const frame = readFrame((id) => pages.has(id));
  const items = (holders: readonly Holder[]): Node[] => {
    for (const each of holders) if (each.page) pages.add(each.id);
    return holders.flatMap((each) => toNodes(holderItem(frame, each)));
  };

  const find = async (): Promise<void> => {
    const asked = search.value.trim();
    const known = asked === '' ? null : await index();
    if (asked !== search.value.trim()) return;
    const found = known?.search(asked, max) ?? { shown: [], total: 0 };
    const first = found.total > max ? `; the first ${String(max)}` : '';
    part('found').textContent =
      asked === '' ? '' : known === null ? notLoaded : `${count(found.total, 'certificate')} found${first}.`;
    part('found-list').replaceChildren(...items(found.shown));
  };

  const look = async (dnsNames: readonly string[], id: string): Promise<void> => {
    const known = dnsNames.length === 0 ? null : await index();
    const place = part('twins');
    const holders = known?.holders(dnsNames) ?? [];
    const taken = known?.byId(id) ?? null;
    tell(
      part('name-warning'),
      taken === null ? '' : `${id} is there already: change that file, or choose another name.`,
    );
    if (holders.length === 0) {
      place.textContent = dnsNames.length > 0 && known === null ? notLoaded : '';
      return;
    }
    const cut =
      known !== null && known.cut > 0
        ? ` Of ${count(known.cut, 'certificate')} with more than ${String(limits.site.searchNamesMax)} names only the first ${String(limits.site.searchNamesMax)} are compared.`
        : '';
    place.replaceChildren(
      ...toNodes([
        el(
          'p',
          {},
          el('strong', {}, 'There is already one. '),
          `Add your server there, or ask its team.${cut}`,
        ),
        el('ul', { class: 'holders' }),
        holders.length > max && el('p', { class: 'quiet' }, `and ${String(holders.length - max)} more`),
      ]),
    );
    place.querySelector('ul')?.append(...items(holders.slice(0, max)));
  };

  let pause: ReturnType<typeof setTimeout> | undefined;
  let latest = '';
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void find();
  });
  search.addEventListener('input', () => void find());
  form.hidden = false;
  return {
    look: (dnsNames, id) => {
      const question = JSON.stringify([dnsNames, id]);
      if (question === latest) return;
      latest = question;
      clearTimeout(pause);
      pause = setTimeout(() => void look(dnsNames, id), limits.site.requestPauseMs);
    },
  };
}

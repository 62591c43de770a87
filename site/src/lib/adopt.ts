/** How to take over a certificate that renewd did not issue: what it is in words, and what to change in the declaration. Pure. */
import { editUrl } from './forge.ts';
import type { Discovered, Forge } from './model.ts';
import { count } from './time-words.ts';

export type DiscoveredItem = Discovered['items'][number];

export interface Adoption {
  /** What stands there and what renewd does about it as things are. */
  readonly state: string;
  /** What to do. */
  readonly next: string;
  /** Lines for the declaration; empty where nothing has to be changed. */
  readonly yaml: string;
  /** Where to change it; null without a forge, or where the declaration is gone. */
  readonly editUrl: string | null;
}

/** What to do about one of them, by how renewd may act there. The words follow `core/need.ts`. */
export function adoptionOf(item: DiscoveredItem, forge: Forge | null): Adoption {
  const edit = forge === null || item.ended ? null : editUrl(forge, item.file);
  const unchanged = { yaml: '', editUrl: null };
  if (item.ended)
    return {
      state: 'The declaration is gone or ends the renewal: renewd watches and does nothing.',
      next: 'If it is still needed, declare it again; if not, take it off the server.',
      ...unchanged,
    };
  const enforce = { yaml: 'spec:\n  drift: enforce\n', editUrl: edit };
  if (item.kind === 'found')
    return item.drift === 'observe'
      ? {
          state: 'It stood there and no record says who issued it. renewd only watches: nobody renews it.',
          next: 'To have it renewed, let renewd act: it then makes a key on the endpoint and a certificate from the declared issuer when this one is due.',
          ...enforce,
        }
      : {
          state:
            'It stood there and fits the declaration, but no record says who issued it. renewd took it over and replaces it when its renewal is due.',
          next: 'Nothing has to be changed. To replace it sooner, change what the declaration asks for.',
          ...unchanged,
        };
  if (item.drift === 'observe')
    return {
      state: 'renewd only watches here: it installs nothing and renews nothing.',
      next: 'To take it over, let renewd act. It makes a key on the endpoint, gets a certificate from the declared issuer, installs it and proves it at the address; what stood at a linked path is kept and put back if that fails.',
      ...enforce,
    };
  if (item.drift === 'report')
    return {
      state:
        'renewd installs and renews its own certificate, and leaves what others put in its place to a person.',
      next: 'Find out who installed the other one. To have renewd put its own back by itself:',
      ...enforce,
    };
  return {
    state: 'renewd puts its own certificate back by itself, unless something holds it up.',
    next: 'See on the page of the certificate what holds it up, and find out who installed the other one: it would come back.',
    ...unchanged,
  };
}

/** How many there are, in one sentence. */
export function discoveredSentence({ items, total }: Discovered): string {
  const strangers = items.filter((each) => each.kind === 'stranger').length;
  const parts = [
    strangers > 0 ? `${String(strangers)} served at a declared address` : '',
    items.length > strangers ? `${String(items.length - strangers)} found in place` : '',
  ].filter((part) => part !== '');
  const shown = total > items.length ? ` The first ${String(items.length)} are shown.` : '';
  return `${count(total, 'certificate')} of unknown origin: ${parts.join(', ')}.${shown}`;
}

/** What can be taken away from a view: its rows as CSV, its address. */
import { csvOfView } from '../../lib/inventory-rows.ts';
import type { InventoryView } from '../../lib/inventory-view.ts';
import { numeral } from '../../lib/inventory-words.ts';
import { find, make } from '../find.ts';

const minuteMs = 60_000;

/** Makes the buttons work. `rows`: those of the view, all pages. `settle`: puts the view into the address. */
export function showActions(view: InventoryView, rows: () => Uint32Array, settle: () => void): void {
  const said = find('#done', HTMLElement);
  find('#csv', HTMLButtonElement).addEventListener('click', () => {
    const href = URL.createObjectURL(new Blob([csvOfView(view, rows())], { type: 'text/csv' }));
    make('a', { href, download: 'certificates.csv' }).click();
    // Some browsers read it only after this turn.
    setTimeout(() => {
      URL.revokeObjectURL(href);
    }, minuteMs);
    said.textContent = `certificates.csv has ${numeral(rows().length)} rows.`;
  });
  find('#copy', HTMLButtonElement).addEventListener('click', () => {
    settle();
    // There is no clipboard where the site is not served by https.
    const { clipboard } = navigator as { readonly clipboard?: Clipboard };
    (clipboard?.writeText(location.href) ?? Promise.reject(new Error('no clipboard'))).then(
      () => {
        said.textContent = 'Copied.';
      },
      () => {
        said.textContent = 'The browser does not allow it: take the link from the address bar.';
      },
    );
  });
}

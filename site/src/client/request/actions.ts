/** What is done with a finished request: proposed on the forge, copied, saved. Each says what it did. */
import { newFileUrl } from '../../lib/forge.ts';
import type { Forge } from '../../lib/model.ts';
import { make, maybePart, part } from './nodes.ts';

/** The file that is asked for. */
export interface RequestFile {
  readonly path: string;
  readonly text: string;
}

function say(...words: readonly (Node | string)[]): void {
  part('done').replaceChildren(...words);
}

/** Copies text. False: the browser did not let us; then the text is selected, so that one key copies it. */
async function copyText(text: string): Promise<boolean> {
  try {
    // There only on https and loopback.
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(part('yaml'));
    return false;
  }
}

function save({ path, text }: RequestFile): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }));
  const link = make('a', { href: address, download: path.slice(path.lastIndexOf('/') + 1) });
  link.click();
  // The browser has begun to read by the next turn; a minute is for slow ones.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Keeps the link to the forge at the file as it is now. */
export function followForge(forge: Forge | null, file: RequestFile): void {
  const link = maybePart<HTMLAnchorElement>('open');
  if (forge === null || link === null) return;
  const { url, prefilled } = newFileUrl(forge, file.path, file.text);
  link.href = url;
  link.dataset['prefilled'] = String(prefilled);
}

/** Connects the three buttons. `finished` gives the file, or null after it has shown what is missing. */
export function connectActions(finished: () => RequestFile | null): void {
  const link = maybePart<HTMLAnchorElement>('open');
  link?.addEventListener('click', (event) => {
    const file = finished();
    if (file === null || link.dataset['prefilled'] !== 'true') event.preventDefault();
    if (file === null) return;
    const again = make(
      'a',
      { href: link.href, target: '_blank', rel: 'noopener noreferrer' },
      'the page that makes a new file',
    );
    if (link.dataset['prefilled'] === 'true') {
      say('Opened in a new tab, with the file filled in. Commit it there to a new branch.');
      return;
    }
    void copyText(file.text).then((copied) => {
      if (!copied) {
        say('It could not be copied for you, so it is selected: copy it, then paste it into ', again, '.');
        return;
      }
      const name = make('code', {}, file.path);
      say('Copied. Paste it as ', name, ' into the tab that was opened; if none was, into ', again, '.');
      window.open(link.href, '_blank', 'noopener,noreferrer');
    });
  });
  part('copy').addEventListener('click', () => {
    const file = finished();
    if (file === null) return;
    void copyText(file.text).then((copied) =>
      say(
        copied
          ? 'Copied. Save it as '
          : 'It could not be copied for you, so it is selected: copy it, and save it as ',
        make('code', {}, file.path),
        '.',
      ),
    );
  });
  part('download').addEventListener('click', () => {
    const file = finished();
    if (file === null) return;
    save(file);
    say('Saved. Put it on a branch as ', make('code', {}, file.path), '.');
  });
}

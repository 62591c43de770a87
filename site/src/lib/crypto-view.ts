/** The pieces of the cryptography page: every number with the certificates behind it. Pure. */
import { shareBar } from './charts/bars.ts';
import { heatTable } from './charts/heat.ts';
import { columnsMax, foldKinds } from './charts/weeks.ts';
import { environmentWords } from './expiry-view.ts';
import { el, type Markup } from './markup.ts';
import type { Cryptography, KeyHolders } from './model.ts';
import { certificateLink, status, type Frame } from './pieces.ts';
import { quantumOrder, quantumWords } from './quantum-words.ts';
import { count } from './time-words.ts';

/** The certificates behind a number, opened on demand; only how many where names are withheld. `query`: the view of the search that is nearest to it. */
export function holdersList(frame: Frame, { certificates, count: all }: KeyHolders, query = ''): Markup {
  if (certificates.length === 0) return all === 0 ? 'none' : count(all, 'certificate');
  const more = all - certificates.length;
  return el(
    'details',
    { class: 'holders' },
    el('summary', {}, count(all, 'certificate')),
    el(
      'ul',
      { class: 'names' },
      certificates.map((id) => el('li', {}, certificateLink(frame, id))),
      more > 0 &&
        el(
          'li',
          { class: 'more' },
          `and ${String(more)} more; `,
          el('a', { href: frame.links.to(`certificates/${query}`) }, 'search them'),
        ),
    ),
  );
}

/** Algorithm by size by environment. */
export function keyMatrix(frame: Frame, { keys, environments, installations }: Cryptography): Markup {
  const kinds = foldKinds(
    environments.map(environmentWords),
    keys.map((each) => each.counts),
    columnsMax,
  );
  return heatTable({
    caption: `${count(installations, 'installed certificate')} by algorithm and size of the key, and by environment.`,
    corner: 'Key',
    heads: kinds.labels,
    restHeads: ['All', 'Quantum', 'Certificates'],
    rows: keys.map(({ algorithm, bits, counts, total, quantum, holders }) => ({
      head: [
        el('span', { class: 'name' }, algorithm),
        el('span', { class: 'note' }, bits === 0 ? 'size not known' : `${String(bits)} bits`),
      ],
      counts: kinds.fold(counts),
      rest: [
        el('span', {}, total),
        status(quantumWords[quantum]),
        holdersList(frame, holders, `?key=${encodeURIComponent(algorithm)}`),
      ],
    })),
  });
}

/** The four states with what they mean. */
export function quantumTable({ quantum, installations }: Cryptography): Markup {
  return el(
    'table',
    { class: 'stack' },
    el('caption', { class: 'hidden' }, 'Installed keys by what a quantum computer means for them'),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        el('th', { scope: 'col' }, 'State'),
        el('th', { scope: 'col', class: 'n' }, 'Keys'),
        el('th', { scope: 'col' }, el('span', { class: 'hidden' }, 'Share')),
        el('th', { scope: 'col' }, 'What it means'),
      ),
    ),
    el(
      'tbody',
      {},
      quantumOrder.map((state) => {
        const word = quantumWords[state];
        return el(
          'tr',
          {},
          el('th', { scope: 'row' }, status(word)),
          el(
            'td',
            { 'data-label': 'Keys', class: quantum[state] > 0 ? 'n strong' : 'n quiet' },
            quantum[state],
          ),
          el('td', { class: `bars ${word.tone}` }, shareBar(quantum[state], installations)),
          el('td', { 'data-label': 'Means' }, word.meaning),
        );
      }),
    ),
  );
}

export interface Share {
  readonly head: Markup;
  readonly total: number;
  readonly rest: readonly Markup[];
}

/** Things by how often they occur, as bars against all, each with what is behind it. `heads`: of the first column, and of `rest`. */
export function shareTable(
  caption: string,
  heads: readonly [first: string, ...rest: string[]],
  rows: readonly Share[],
  whole: number,
): Markup {
  const [first, ...others] = heads;
  return el(
    'table',
    { class: 'stack' },
    el('caption', {}, caption),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        el('th', { scope: 'col' }, first),
        el('th', { scope: 'col', class: 'n' }, 'Installed'),
        el('th', { scope: 'col' }, el('span', { class: 'hidden' }, 'Share')),
        others.map((head) => el('th', { scope: 'col' }, head)),
      ),
    ),
    el(
      'tbody',
      {},
      rows.map(({ head, total, rest }) =>
        el(
          'tr',
          {},
          el('th', { scope: 'row' }, head),
          el('td', { 'data-label': 'Installed', class: total === 0 ? 'n quiet' : 'n' }, total),
          el('td', { class: 'bars' }, shareBar(total, whole)),
          rest.map((cell, index) => el('td', { 'data-label': others[index] ?? '' }, cell)),
        ),
      ),
    ),
  );
}

/** Keys that stand in more than one place: whoever takes one there has it everywhere. */
export function sharedTable(frame: Frame, { sharedKeys, sharedKeyCount }: Cryptography): Markup {
  const more = sharedKeyCount - sharedKeys.length;
  return el(
    'table',
    { class: 'stack' },
    el(
      'caption',
      {},
      `${count(sharedKeyCount, 'key')} in more than one place, most places first.`,
      more > 0 && ` ${String(more)} are not shown.`,
    ),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        ['Public key (SHA-256)', 'Places'].map((head) => el('th', { scope: 'col' }, head)),
      ),
    ),
    el(
      'tbody',
      {},
      sharedKeys.map(({ spki, places, placeCount }) =>
        el(
          'tr',
          {},
          el('th', { scope: 'row', title: spki }, el('span', { class: 'hex' }, `${spki.slice(0, 16)}…`)),
          el(
            'td',
            { 'data-label': 'Places' },
            el(
              'ul',
              { class: 'names' },
              places.map((place) => {
                const at = place.lastIndexOf('@');
                return el('li', {}, certificateLink(frame, place.slice(0, at)), ` at ${place.slice(at + 1)}`);
              }),
              placeCount > places.length &&
                el('li', { class: 'more' }, `and ${String(placeCount - places.length)} more`),
            ),
          ),
        ),
      ),
    ),
  );
}

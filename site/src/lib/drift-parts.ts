/** Pieces of the page about drift, as markup. Pure. */
import { driftRemedy, driftTitle, tookWords } from './drift-words.ts';
import { el, type Markup } from './markup.ts';
import type { DriftItem } from './model.ts';
import {
  certificateLink,
  commitLink,
  endpointLink,
  facts,
  moment,
  status,
  teamLink,
  type Frame,
} from './pieces.ts';
import { statusWords } from './words.ts';

/** One drift that stands: what is there, what should be, since when, by which commit, whom to ask. */
export function openDrift(frame: Frame, item: DriftItem): Markup {
  const { certificate, endpoint, address, expected, observed, openedBy } = item;
  const name = (text: string): Markup => el('span', { class: 'name' }, text);
  return el(
    'article',
    { class: 'finding drift' },
    el('h3', {}, certificateLink(frame, certificate)),
    el(
      'p',
      { class: 'kicker' },
      status({ ...statusWords.drift, label: driftTitle(item.code) }),
      ' ',
      el('span', { class: 'since' }, 'since ', moment(item.since)),
    ),
    el('p', { class: 'message' }, item.message),
    el('p', { class: 'remedy' }, el('strong', {}, 'What to do.'), ` ${driftRemedy(item.code)}`),
    facts([
      expected === null ? null : ['Expected', name(expected)],
      observed === null ? null : ['Observed', name(observed)],
      endpoint === null
        ? null
        : ['Where', [endpointLink(frame, endpoint), address !== null && [', ', name(address)]]],
      ['Whose', teamLink(frame, certificate.split('/')[0] ?? '')],
      openedBy === null ? null : ['First recorded', ['by commit ', commitLink(frame, openedBy)]],
    ]),
  );
}

const healedHeads = ['Certificate', 'What', 'Where', 'From', 'Healed', 'Took', 'Commits'];

/** Drift that healed, in the order given. `total` counts those that are not in `items` too. */
export function healedTable(frame: Frame, items: readonly DriftItem[], total: number): Markup {
  return el(
    'table',
    { class: 'stack' },
    el(
      'caption',
      {},
      'Newest first.',
      total > items.length && ` The last ${String(items.length)} of ${String(total)} are shown; Git has all.`,
    ),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        healedHeads.map((head) => el('th', { scope: 'col', class: head === 'Took' ? 'n' : null }, head)),
      ),
    ),
    el(
      'tbody',
      {},
      items.map((each) => healedRow(frame, each)),
    ),
  );
}

function healedRow(frame: Frame, item: DriftItem): Markup {
  const { endpoint, address, openedBy, healedAt, healedBy } = item;
  return el(
    'tr',
    {},
    el('th', { scope: 'row' }, certificateLink(frame, item.certificate)),
    el('td', { 'data-label': 'What' }, driftTitle(item.code)),
    el(
      'td',
      { 'data-label': 'Where' },
      endpoint !== null && endpointLink(frame, endpoint),
      address !== null && el('span', { class: 'note' }, address),
    ),
    el('td', { 'data-label': 'From' }, moment(item.since)),
    el('td', { 'data-label': 'Healed' }, healedAt !== null && moment(healedAt)),
    el('td', { 'data-label': 'Took', class: 'n' }, tookWords(item)),
    el(
      'td',
      { 'data-label': 'Commits' },
      openedBy !== null && [commitLink(frame, openedBy), ' to '],
      healedBy !== null && commitLink(frame, healedBy),
    ),
  );
}

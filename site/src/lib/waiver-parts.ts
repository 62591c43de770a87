/** Exceptions from rules as a table, as markup. Pure. */
import { limits } from '../../../daemon/limits.ts';
import { safeUrl } from './clean.ts';
import { el, type Markup } from './markup.ts';
import type { Redaction, WaiverFacts } from './model.ts';
import { certificateLink, moment, placeLink, shortList, status, type Frame } from './pieces.ts';
import { endsSoon, ownerWords } from './policy-words.ts';
import type { Word } from './words.ts';

const endingWord: Word = {
  label: 'Ends soon',
  tone: 'soon',
  shape: 'triangle',
  meaning: 'Less than 30 days are left; then the rule holds again.',
};

/** Exceptions as a table, in the order given. */
export function waiverTable(
  frame: Frame,
  waivers: readonly WaiverFacts[],
  { caption, redaction }: { readonly caption: string; readonly redaction: Redaction },
): Markup {
  return el(
    'table',
    { class: 'stack waivers' },
    el('caption', {}, caption),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        ['Exception', 'From which rules, for whom', 'Why', 'Instead', 'Owner', 'Ends'].map((head) =>
          el('th', { scope: 'col' }, head),
        ),
      ),
    ),
    el(
      'tbody',
      {},
      waivers.map((each) => waiverRow(frame, each, redaction)),
    ),
  );
}

function waiverRow(frame: Frame, waiver: WaiverFacts, redaction: Redaction): Markup {
  const { ended, certificates } = waiver;
  return el(
    'tr',
    {},
    el(
      'th',
      { scope: 'row' },
      el('span', { class: 'name' }, waiver.name),
      el('span', { class: 'note' }, placeLink(frame, waiver.at)),
    ),
    el(
      'td',
      { 'data-label': 'From, for whom' },
      shortList(waiver.rules),
      el('span', { class: 'note' }, `for ${waiver.appliesTo}`),
      certificates.length === 0
        ? el(
            'span',
            { class: 'note' },
            ended
              ? 'None of them still breaks the rule.'
              : 'None of them breaks the rule now: it excepts nobody.',
          )
        : el(
            'span',
            { class: 'note' },
            ended ? 'Break the rule still: ' : 'Excepted now: ',
            certificates
              .slice(0, limits.site.listItemsMax)
              .map((id, index) => [index > 0 && ', ', certificateLink(frame, id)]),
            certificates.length > limits.site.listItemsMax &&
              ` and ${String(certificates.length - limits.site.listItemsMax)} more`,
          ),
    ),
    el('td', { 'data-label': 'Why' }, waiver.reason, ticket(waiver.ticket)),
    el('td', { 'data-label': 'Instead' }, waiver.compensatingControl),
    el('td', { 'data-label': 'Owner' }, ownerWords(waiver.owner, redaction)),
    el(
      'td',
      { 'data-label': 'Ends' },
      ended ? 'ended ' : endsSoon(waiver, frame.at) && [status(endingWord), ' '],
      moment(waiver.expiresAt, true),
      waiver.grantedAt !== null && el('span', { class: 'note' }, 'granted ', moment(waiver.grantedAt, true)),
    ),
  );
}

function ticket(text: string | null): Markup {
  if (text === null) return null;
  const url = safeUrl(text);
  return el('span', { class: 'note' }, url === null ? text : el('a', { href: url, rel: 'noreferrer' }, text));
}

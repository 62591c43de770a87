/** Tables of the audit as markup: changes of declarations, and links to their records. Pure. */
import { authorWords, outcomeWord, signerWords } from './audit-words.ts';
import { fileUrl } from './forge.ts';
import { el, type Markup } from './markup.ts';
import type { ChangeFacts, Redaction } from './model.ts';
import { certificateLink, commitLink, moment, status, type Frame } from './pieces.ts';

/** Heads of a table of text. */
export const heads = (names: readonly string[]): Markup =>
  el(
    'thead',
    {},
    el(
      'tr',
      {},
      names.map((name) => el('th', { scope: 'col' }, name)),
    ),
  );

/** Changes of declarations, in the order given: who, what, agreed by whom, and what became of it. */
export function changesTable(
  frame: Frame,
  changes: readonly ChangeFacts[],
  { caption, redaction }: { readonly caption: string; readonly redaction: Redaction },
): Markup {
  return el(
    'table',
    { class: 'stack changes' },
    el('caption', {}, caption),
    heads(['Seen', 'Change', 'Outcome', 'Author', 'Signed by', 'Approved by', 'Evidence']),
    el(
      'tbody',
      {},
      changes.map((each) => changeRow(frame, each, redaction)),
    ),
  );
}

function changeRow(frame: Frame, change: ChangeFacts, redaction: Redaction): Markup {
  const { approvedBy, acceptedAt, planHash } = change;
  return el(
    'tr',
    {},
    el('td', { 'data-label': 'Seen' }, moment(change.seenAt)),
    el(
      'th',
      { scope: 'row' },
      change.subject,
      about(frame, change),
      change.reasons.map(({ code, message, fix }) =>
        el(
          'span',
          { class: 'note' },
          el('code', {}, code),
          ` ${message}. `,
          el('strong', {}, 'What to do. '),
          fix,
        ),
      ),
    ),
    el(
      'td',
      { 'data-label': 'Outcome' },
      status(outcomeWord(change.outcome)),
      change.emergency && el('span', { class: 'tag' }, 'emergency key'),
      acceptedAt !== null &&
        acceptedAt !== change.seenAt &&
        el('span', { class: 'note' }, 'in force since ', moment(acceptedAt)),
    ),
    el('td', { 'data-label': 'Author' }, authorWords(change.author, redaction)),
    el(
      'td',
      {
        'data-label': 'Signed by',
        class: change.signedBy.length === 0 || change.unsigned > 0 ? 'strong' : null,
      },
      signerWords(change),
    ),
    el('td', { 'data-label': 'Approved by' }, approvedBy.length === 0 ? 'nobody' : approvedBy.join(', ')),
    el(
      'td',
      { 'data-label': 'Evidence' },
      commitLink(frame, change.commit),
      el('span', { class: 'note' }, recordLink(frame, change.record, 'record')),
      planHash !== null && el('span', { class: 'note' }, 'plan ', el('code', {}, planHash)),
    ),
  );
}

function about(frame: Frame, { certificates, certificateCount }: ChangeFacts): Markup {
  if (certificates.length === 0) return null;
  const more = certificateCount - certificates.length;
  return el(
    'span',
    { class: 'note' },
    certificates.map((id, index) => [index > 0 && ', ', certificateLink(frame, id)]),
    more > 0 && ` and ${String(more)} more`,
  );
}

/** A file of the state branch, at the commit given or the one the site was made from. */
export function recordLink(
  { forge, state }: Frame,
  path: string,
  words: string,
  commit: string = state,
): Markup {
  return forge === null || commit === ''
    ? el('code', {}, path)
    : el('a', { href: fileUrl(forge, commit, path), rel: 'noreferrer' }, words);
}

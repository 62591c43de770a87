/** Tables of certificates and commits, as markup: rows are the same in the build and in the browser. Pure. */
import { limits } from '../../../daemon/limits.ts';
import { el, type Markup } from './markup.ts';
import type { CertificateRow, LogEntry } from './model.ts';
import { commitLink, moment, shortList, status, teamLink, type Frame } from './pieces.ts';
import { shorten } from './shorten.ts';
import { statusOrder, statusWord, statusWords } from './words.ts';

/** One row: a `tr`. */
export function certificateRow(frame: Frame, row: CertificateRow, team = true): Markup {
  const hidden = (count: number, shown: readonly string[]): Markup =>
    count > shown.length && el('span', { class: 'note' }, `and ${String(count - shown.length)} more`);
  return el(
    'tr',
    {},
    el(
      'td',
      { 'data-label': 'Status' },
      status(statusWord(row.status)),
      row.withdrawn && el('span', { class: 'tag' }, 'withdrawn'),
    ),
    el('th', { scope: 'row' }, el('a', { class: 'name', href: frame.links.certificate(row.id) }, row.name)),
    team && el('td', { 'data-label': 'Team' }, teamLink(frame, row.team)),
    el('td', { 'data-label': 'Names' }, shortList(row.names), hidden(row.nameCount, row.names)),
    el('td', { 'data-label': 'Issuer' }, row.issuer),
    el('td', { 'data-label': 'Expires' }, row.expires === null ? 'not issued' : moment(row.expires, true)),
    el(
      'td',
      { 'data-label': 'Endpoints' },
      shortList(row.endpoints),
      hidden(row.endpointCount, row.endpoints),
    ),
    el('td', { 'data-label': 'Served' }, row.served),
  );
}

/** Heads of a table of certificates. */
export function certificateHeads(team = true): readonly string[] {
  return [
    'Status',
    'Certificate',
    ...(team ? ['Team'] : []),
    'Names',
    'Issuer',
    'Expires',
    'Endpoints',
    'Served',
  ];
}

export interface CertificateTableOptions {
  readonly caption: string;
  /** Counts those that are not in the rows, too. */
  readonly total?: number;
  readonly team?: boolean;
  /** Whether the reading script may reorder it. */
  readonly sortable?: boolean;
}

/** Certificates in the order given, one group of rows a status, so that a link to `#expired` works without a script. `total` counts those that are not in `rows` too. */
export function certificateTable(
  frame: Frame,
  rows: readonly CertificateRow[],
  { caption, total = rows.length, team = true, sortable = true }: CertificateTableOptions,
): Markup {
  const known = (row: CertificateRow): string =>
    Object.hasOwn(statusWords, row.status) ? row.status : 'unknown';
  const groups = Map.groupBy(rows, known);
  const more = total - rows.length;
  return el(
    'table',
    { class: 'stack', id: 'rows', 'data-sort': sortable },
    el(
      'caption',
      {},
      caption,
      more > 0 && ` The ${String(rows.length)} that come first are shown here, ${String(more)} are not.`,
    ),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        certificateHeads(team).map((head) => el('th', { scope: 'col' }, head)),
      ),
    ),
    statusOrder.flatMap((each) => {
      const own = groups.get(each);
      return own === undefined
        ? []
        : [
            el(
              'tbody',
              { id: each },
              own.map((row) => certificateRow(frame, row, team)),
            ),
          ];
    }),
  );
}

const signedWords = (signed: boolean | null): string =>
  signed === null ? 'not checked' : signed ? 'signed' : 'not signed';

/** Commits of the state branch: when, what, why, and whether the signature verified. */
export function logTable(frame: Frame, entries: readonly LogEntry[], caption: string): Markup {
  const { shown, more } = shorten(entries, limits.site.tableRowsMax);
  return el(
    'table',
    { class: 'stack log' },
    el('caption', {}, caption, more > 0 && ` ${String(more)} older ones are in Git.`),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        ['When', 'What', 'Signature', 'Commit'].map((head) => el('th', { scope: 'col' }, head)),
      ),
    ),
    el(
      'tbody',
      {},
      shown.map((entry) =>
        el(
          'tr',
          {},
          el('td', { 'data-label': 'When' }, moment(entry.at)),
          el(
            'th',
            { scope: 'row' },
            entry.subject,
            entry.trailers.length > 0 &&
              el(
                'span',
                { class: 'note' },
                entry.trailers.map(({ key, value }) =>
                  el('span', { class: 'trailer' }, el('b', {}, key), ` ${value} `),
                ),
              ),
          ),
          el(
            'td',
            { 'data-label': 'Signature', class: entry.signed === false ? 'strong' : null },
            signedWords(entry.signed),
          ),
          el(
            'td',
            { 'data-label': 'Commit' },
            commitLink(frame, entry.oid),
            el('span', { class: 'note' }, entry.author),
          ),
        ),
      ),
    ),
  );
}

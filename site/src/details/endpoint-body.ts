/** The page of one endpoint: can it be read, what is served there, what is wrong. Pure. */
import type { CertificateStatus, EndpointRecord, Timestamp } from '../../../daemon/core/record-format.ts';
import { fileUrl } from '../lib/forge.ts';
import { el, type Markup } from '../lib/markup.ts';
import {
  certificateLink,
  commitLink,
  facts,
  findingArticle,
  moment,
  status,
  teamLink,
  type Frame,
} from '../lib/pieces.ts';
import { reachWord, resultWord, statusWord } from '../lib/words.ts';

export interface EndpointDetail {
  readonly record: EndpointRecord;
  /** Certificates that an endpoint's or a certificate's record places there, by id; at most `limits.site.tableRowsMax`. */
  readonly placed: readonly PlacedCertificate[];
}

export interface PlacedCertificate {
  readonly id: string;
  /** null: the endpoint's record names it, and no certificate's record has such an installation. */
  readonly installation: {
    readonly status: CertificateStatus;
    readonly profile: string;
    readonly notAfter: Timestamp | null;
    readonly addresses: readonly { readonly address: string; readonly result: string }[];
  } | null;
}

/** What stands inside `main`. */
export function endpointBody(frame: Frame, { record, placed }: EndpointDetail): Markup {
  const word = reachWord(record.status);
  const { name, team } = record.metadata;
  const path = `${frame.statePrefix}endpoints/${name}.json`;
  return [
    el('p', { class: 'crumbs' }, el('a', { href: frame.links.to('endpoints/') }, 'Endpoints')),
    el('h1', { class: 'name' }, name),
    el(
      'p',
      { class: 'head' },
      status(word),
      ' ',
      el('span', { class: 'since' }, 'since ', moment(record.since)),
    ),
    el(
      'p',
      { class: 'lead' },
      el('span', { class: 'if-stale' }, 'What is there now is not known. '),
      word.meaning,
    ),
    facts([
      ['Type', record.type],
      record.location === '' ? null : ['Location', el('span', { class: 'name' }, record.location)],
      ['Team', team === null ? 'shared by all teams' : teamLink(frame, team)],
    ]),
    record.findings.length > 0 &&
      el(
        'section',
        { 'aria-labelledby': 'findings' },
        el('h2', { id: 'findings' }, 'Findings'),
        record.findings.map((finding) => findingArticle(frame, finding)),
      ),
    el(
      'section',
      { 'aria-labelledby': 'certificates' },
      el('h2', { id: 'certificates' }, 'What is installed here'),
      placed.length === 0
        ? el('p', { class: 'quiet' }, 'No certificate is declared for this endpoint.')
        : placedTable(frame, placed),
    ),
    el(
      'section',
      { 'aria-labelledby': 'origin' },
      el('h2', { id: 'origin' }, 'Where this comes from'),
      facts([
        [
          'Record',
          frame.forge === null || frame.state === ''
            ? el('code', {}, path)
            : el(
                'a',
                { href: fileUrl(frame.forge, frame.state, path), rel: 'noreferrer' },
                el('code', {}, path),
              ),
        ],
        ['At commit', commitLink(frame, frame.state)],
      ]),
    ),
  ];
}

function placedTable(frame: Frame, placed: EndpointDetail['placed']): Markup {
  const heads = ['Certificate', 'Status here', 'Profile', 'Expires', 'Addresses'];
  return el(
    'table',
    { class: 'stack' },
    el('caption', {}, 'Certificates on this endpoint, and what clients see at their addresses'),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        heads.map((head) => el('th', { scope: 'col' }, head)),
      ),
    ),
    el(
      'tbody',
      {},
      placed.map(({ id, installation }) =>
        el(
          'tr',
          {},
          el('th', { scope: 'row' }, certificateLink(frame, id)),
          el(
            'td',
            { 'data-label': 'Status here' },
            installation === null ? 'no record' : status(statusWord(installation.status)),
          ),
          el('td', { 'data-label': 'Profile' }, installation?.profile ?? ''),
          el(
            'td',
            { 'data-label': 'Expires' },
            installation?.notAfter == null ? 'not issued' : moment(installation.notAfter, true),
          ),
          el('td', { 'data-label': 'Addresses' }, addressList(installation?.addresses ?? [])),
        ),
      ),
    ),
  );
}

function addressList(addresses: NonNullable<PlacedCertificate['installation']>['addresses']): Markup {
  if (addresses.length === 0) return 'none declared';
  return el(
    'ul',
    { class: 'names' },
    addresses.map((each) => el('li', {}, each.address, ' ', status(resultWord(each.result)))),
  );
}

/** The page of one certificate: the verdict in plain words, then the evidence. Written by the build, or in the browser from a shard. Pure. */
import { endsAt } from '../../../daemon/core/renewal.ts';
import { proofOf, proofWords } from '../../../daemon/core/proof.ts';
import type { InstallationRecord } from '../../../daemon/core/record-format.ts';
import { compareText } from '../../facts/order.ts';
import { firstToExpire } from '../../facts/row.ts';
import { grouped, lifetimeBar, matchWords, verdictOf } from '../lib/certificate-view.ts';
import { editUrl, fileUrl, historyUrl } from '../lib/forge.ts';
import { el, type Markup } from '../lib/markup.ts';
import { certificateId, type CertificateDetail } from '../lib/model.ts';
import {
  commitLink,
  endpointLink,
  facts,
  findingArticle,
  moment,
  shortList,
  status,
  teamLink,
  type Frame,
} from '../lib/pieces.ts';
import { utcDay } from '../lib/time-words.ts';
import { resultWord, severityOrder, statusWord } from '../lib/words.ts';

/** What stands inside `main`. */
export function certificateBody(frame: Frame, detail: CertificateDetail): Markup {
  const { record } = detail;
  const { links } = frame;
  const { verdict, next } = verdictOf(record, frame.at);
  return [
    el(
      'p',
      { class: 'crumbs' },
      el('a', { href: links.to('certificates/') }, 'Certificates'),
      ' / ',
      teamLink(frame, record.metadata.team),
    ),
    el('h1', { class: 'name' }, record.metadata.name),
    el(
      'p',
      { class: 'head' },
      status(statusWord(record.status)),
      ' ',
      el('span', { class: 'since' }, 'since ', moment(record.since)),
      record.declaration.withdrawn && el('span', { class: 'tag' }, 'withdrawn'),
    ),
    el(
      'p',
      { class: 'lead' },
      el('span', { class: 'if-stale' }, 'What is served now is not known. At the last look: '),
      verdict,
    ),
    next !== '' && el('p', { class: 'remedy wide' }, el('strong', {}, 'What to do.'), ` ${next}`),
    lifetime(frame, detail),
    findings(frame, detail),
    el(
      'section',
      { 'aria-labelledby': 'installations' },
      el('h2', { id: 'installations' }, 'Where it is installed'),
      record.installations.length === 0
        ? el('p', { class: 'quiet' }, 'No installation is declared.')
        : record.installations.map((each) => installation(frame, detail, each)),
    ),
    declaration(frame, detail),
    history(frame, detail),
    origin(frame, detail),
  ];
}

function lifetime(frame: Frame, { record }: CertificateDetail): Markup {
  const first = firstToExpire(record);
  if (first === null) return null;
  const renewAt = record.installations.find((each) => each.issued === first)?.renewAt ?? null;
  const bar = lifetimeBar(first, renewAt, frame.at);
  if (bar === null) return null;
  return el(
    'figure',
    { class: 'lifetime' },
    el('figcaption', {}, bar.title),
    el(
      'svg',
      {
        viewBox: '0 0 1000 44',
        preserveAspectRatio: 'none',
        role: 'img',
        'aria-label': `${bar.title}. ${bar.description}`,
      },
      el('rect', { class: 'whole', x: 0, y: 14, width: 1000, height: 16 }),
      el('rect', { class: bar.past ? 'spent past' : 'spent', x: 0, y: 14, width: bar.now, height: 16 }),
      bar.renew !== null &&
        el('rect', { class: 'renew', x: Math.min(bar.renew, 996), y: 6, width: 4, height: 32 }),
      el('rect', { class: 'now', x: Math.min(bar.now, 996), y: 0, width: 4, height: 44 }),
    ),
    el(
      'p',
      { class: 'ends' },
      el('span', {}, utcDay(first.notBefore)),
      el('span', {}, utcDay(endsAt(first))),
    ),
    el('p', { class: 'quiet' }, bar.description),
  );
}

function findings(frame: Frame, { record }: CertificateDetail): Markup {
  if (record.findings.length === 0) return null;
  const sorted = [...record.findings].sort(
    (a, b) =>
      severityOrder.indexOf(a.severity) - severityOrder.indexOf(b.severity) ||
      compareText(a.since, b.since) ||
      compareText(a.id, b.id),
  );
  return el(
    'section',
    { 'aria-labelledby': 'findings' },
    el('h2', { id: 'findings' }, 'Findings'),
    sorted.map((finding) => findingArticle(frame, finding, false)),
  );
}

function installation(frame: Frame, detail: CertificateDetail, each: InstallationRecord): Markup {
  const pem = Object.hasOwn(detail.chains, each.endpoint) ? (detail.chains[each.endpoint] ?? '') : '';
  return el(
    'article',
    { class: 'installation' },
    el('h3', {}, endpointLink(frame, each.endpoint), ' ', status(statusWord(each.status))),
    el('p', { class: 'since' }, `Profile ${each.profile}, in this state since `, moment(each.since)),
    each.addresses.length > 0 && addresses(each),
    issuedFacts(each),
    pem !== '' && el('details', {}, el('summary', {}, 'Chain (PEM)'), el('pre', { tabindex: 0 }, pem)),
  );
}

function addresses(installation: InstallationRecord): Markup {
  const { issued } = installation;
  return el(
    'table',
    { class: 'stack' },
    el('caption', {}, 'What clients see at each address'),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        ['Address', 'Asked for', 'Seen', 'Fingerprint', 'Since'].map((head) =>
          el('th', { scope: 'col' }, head),
        ),
      ),
    ),
    el(
      'tbody',
      {},
      installation.addresses.map((address) =>
        el(
          'tr',
          {},
          el('th', { scope: 'row', class: 'name' }, address.address),
          el('td', { 'data-label': 'Asked for', class: 'name' }, address.serverName),
          el('td', { 'data-label': 'Seen' }, status(resultWord(address.result))),
          el(
            'td',
            { 'data-label': 'Fingerprint' },
            matchWords(address, installation),
            address.served !== null &&
              address.fingerprint !== issued?.fingerprint &&
              el(
                'span',
                { class: 'note' },
                `Served: ${address.served.subject}, by ${address.served.issuer}, until `,
                moment(address.served.notAfter),
              ),
          ),
          el('td', { 'data-label': 'Since' }, moment(address.since)),
        ),
      ),
    ),
  );
}

function issuedFacts({ issued, previous, renewAt, addresses: seen }: InstallationRecord): Markup {
  if (issued === null) return el('p', { class: 'quiet' }, 'Nothing was issued here yet.');
  const proof = proofOf(issued, seen.length);
  const hex = (text: string): Markup => el('span', { class: 'hex' }, text);
  return facts([
    ['Valid', [moment(issued.notBefore), ' to ', moment(issued.notAfter)]],
    issued.chainEnds === undefined
      ? null
      : ['Its chain ends', [moment(issued.chainEnds), ': clients refuse it from then on']],
    ['Renewal', renewAt === null ? 'not planned' : moment(renewAt)],
    [
      'Proved served',
      proof.at !== null
        ? moment(proof.at)
        : proof.state === 'nothing-to-prove'
          ? proofWords[proof.state]
          : 'not yet at every declared address',
    ],
    ['Installed', issued.installedAt === null ? 'found in place' : moment(issued.installedAt)],
    [
      'Why',
      `${issued.because ?? 'found in place'}${issued.issuedBy === null ? '' : `, from ${issued.issuedBy}`}`,
    ],
    ['Generation', el('span', { class: 'name' }, issued.generation ?? 'none')],
    ['Subject', issued.subject === '' ? 'empty (names stand in the extension)' : issued.subject],
    ['Issued by', issued.issuer],
    ['Names in it', shortList([...issued.dnsNames, ...issued.ipAddresses])],
    [
      'Key',
      `${issued.keyAlgorithm}, ${String(issued.keyBits)} bits; signed with ${issued.signatureAlgorithm}`,
    ],
    ['Serial', hex(issued.serial)],
    ['SHA-256', hex(grouped(issued.fingerprint))],
    ['Public key', hex(grouped(issued.spki))],
    previous === null
      ? null
      : ['Before it', ['serial ', hex(previous.serial), ', until ', moment(previous.notAfter)]],
  ]);
}

function declaration(frame: Frame, { record, yaml }: CertificateDetail): Markup {
  const { declaration: declared } = record;
  const { forge, intent } = frame;
  const labels = Object.entries(declared.labels);
  const present = !declared.withdrawn && declared.file !== '';
  const link = (words: string, href: string): Markup => el('a', { href, rel: 'noreferrer' }, words);
  return el(
    'section',
    { 'aria-labelledby': 'declaration' },
    el('h2', { id: 'declaration' }, 'What is declared'),
    facts([
      ['Names', shortList([...declared.dnsNames, ...declared.ipAddresses])],
      ['Issuer', declared.issuer],
      ['Key', declared.keyAlgorithm],
      ['On drift', declared.drift],
      ['State', declared.withdrawn ? 'withdrawn: the file is gone from the intent branch' : declared.state],
      labels.length === 0
        ? null
        : ['Labels', labels.map(([key, value]) => [el('code', {}, `${key}=${value}`), ' '])],
      [
        'File',
        forge === null || intent === '' || !present
          ? el('code', {}, declared.file)
          : link(declared.file, fileUrl(forge, intent, declared.file)),
      ],
      ['Blob', el('code', {}, declared.blob)],
    ]),
    yaml !== null &&
      el('details', {}, el('summary', {}, 'The file as it stands'), el('pre', { tabindex: 0 }, yaml)),
    forge !== null &&
      present &&
      el(
        'p',
        { class: 'actions' },
        link('Edit and propose the change', editUrl(forge, declared.file)),
        ' · ',
        link('Who changed it, and when', historyUrl(forge, forge.branch, declared.file)),
        ' · ',
        link('Stop renewing it: set state to retired', editUrl(forge, declared.file)),
      ),
  );
}

function history(frame: Frame, { history: entries }: CertificateDetail): Markup {
  return el(
    'section',
    { 'aria-labelledby': 'history' },
    el('h2', { id: 'history' }, 'History'),
    entries.length === 0
      ? el('p', { class: 'quiet' }, 'Nothing changed in the part of the history that this site reads.')
      : el(
          'table',
          { class: 'stack' },
          el('caption', {}, 'What the records came to say of it, newest first'),
          el(
            'thead',
            {},
            el(
              'tr',
              {},
              ['When', 'What', 'Commit'].map((head) => el('th', { scope: 'col' }, head)),
            ),
          ),
          el(
            'tbody',
            {},
            entries.map((entry) =>
              el(
                'tr',
                {},
                el('td', { 'data-label': 'When' }, moment(entry.at)),
                el('th', { scope: 'row' }, entry.phrase),
                el('td', { 'data-label': 'Commit' }, commitLink(frame, entry.commit)),
              ),
            ),
          ),
        ),
  );
}

/** Where each of these facts can be checked without this site. */
function origin(frame: Frame, { record, changedBy }: CertificateDetail): Markup {
  const id = certificateId(record);
  const path = `${frame.statePrefix}certificates/${id}.json`;
  const { forge, state } = frame;
  return el(
    'section',
    { 'aria-labelledby': 'origin' },
    el('h2', { id: 'origin' }, 'Where this comes from'),
    facts([
      [
        'Record',
        forge === null || state === ''
          ? el('code', {}, path)
          : el('a', { href: fileUrl(forge, state, path), rel: 'noreferrer' }, el('code', {}, path)),
      ],
      ['At commit', commitLink(frame, state)],
      [
        'Last changed by',
        changedBy === null
          ? 'a commit before the history that this site reads'
          : commitLink(frame, changedBy),
      ],
      ['Check it', el('code', {}, `git show ${state.slice(0, 10)}:${path}`)],
    ]),
  );
}

/** Tables of the evidence of a quarter as markup: controls, the sample, and the tables that `renewd report` writes. Pure. */
import { proofWords } from '../../../daemon/core/proof.ts';
import { controlWords } from './audit-words.ts';
import { heads, recordLink } from './audit-parts.ts';
import { el, type Markup } from './markup.ts';
import type { AuditPeriod, ControlResult, SampledIssuance } from './model.ts';
import { certificateLink, commitLink, moment, placeLink, ruleLink, type Frame } from './pieces.ts';
import { actionWord } from './policy-words.ts';
import { utc } from './time-words.ts';

/** Each rule in force with its result. */
export function controlsTable(frame: Frame, controls: readonly ControlResult[], caption: string): Markup {
  return el(
    'table',
    { class: 'stack' },
    el('caption', {}, caption),
    heads(['Control', 'Result', 'Does', 'Source', 'Set in']),
    el(
      'tbody',
      {},
      controls.map((each) =>
        el(
          'tr',
          {},
          el(
            'th',
            { scope: 'row' },
            each.title,
            el('span', { class: 'note' }, ruleLink(frame, each.policy, each.rule)),
          ),
          el('td', { 'data-label': 'Result', class: each.broken > 0 ? 'strong' : null }, controlWords(each)),
          el('td', { 'data-label': 'Does' }, actionWord(each.action).label),
          el('td', { 'data-label': 'Source' }, each.citation),
          el('td', { 'data-label': 'Set in' }, placeLink(frame, each.at)),
        ),
      ),
    ),
  );
}

/** The certificates of the sample, each with where its evidence is. */
export function sampleTable(frame: Frame, sample: readonly SampledIssuance[], caption: string): Markup {
  return el(
    'table',
    { class: 'stack' },
    el('caption', {}, caption),
    heads(['Installation', 'Recorded', 'Because', 'Proved served', 'Evidence']),
    el(
      'tbody',
      {},
      sample.map((each) =>
        el(
          'tr',
          {},
          el(
            'th',
            { scope: 'row' },
            certificateLink(frame, each.certificate),
            el(
              'span',
              { class: 'note' },
              `on ${each.installation.slice(each.certificate.length + 1)}, serial `,
              el('span', { class: 'hex' }, each.serial),
            ),
          ),
          el('td', { 'data-label': 'Recorded' }, moment(each.recordedAt)),
          el('td', { 'data-label': 'Because' }, each.because ?? 'found in place'),
          el(
            'td',
            { 'data-label': 'Proved served', class: each.provedAt === null ? 'strong' : null },
            each.provedAt === null ? proofWords[each.proof] : moment(each.provedAt),
          ),
          el(
            'td',
            { 'data-label': 'Evidence' },
            commitLink(frame, each.commit),
            el(
              'span',
              { class: 'note' },
              recordLink(frame, each.record, 'record at that commit', each.commit),
            ),
            el('span', { class: 'note hex' }, `sha256 ${each.fingerprint}`),
          ),
        ),
      ),
    ),
  );
}

type PeriodTable = AuditPeriod['tables'][number];

/** Columns that hold names a machine reads: set in the type of code, and broken anywhere. */
const machineHeads: ReadonlySet<string> = new Set([
  'commit',
  'serial',
  'sha256',
  'code',
  'set in',
  'rule',
  'rules',
  'certificate',
  'installation',
  'names',
  'served',
  'endpoint',
]);
/** More columns than these do not fit a page that stands upright. */
const uprightColumnsMax = 6;

/** Whether a table needs the breadth of a page. */
export function isWide({ heads: names }: PeriodTable): boolean {
  return names.length > uprightColumnsMax;
}

/** One table of a quarter, as `renewd report` makes it. A table without rows says so. */
export function periodTable({ title, heads: names, rows, count }: PeriodTable): Markup {
  if (rows.length === 0) return el('p', { class: 'quiet' }, 'None.');
  const cut =
    count > rows.length
      ? ` The first ${String(rows.length)} of ${String(count)} rows; renewd report writes all of them.`
      : '';
  return el(
    'table',
    { class: 'stack evidence' },
    // The heading above says the same; only what was cut has to be read here.
    el('caption', { class: cut === '' ? 'hidden' : null }, `${title}.${cut}`),
    heads(names.map(capital)),
    el(
      'tbody',
      {},
      rows.map((row) =>
        el(
          'tr',
          {},
          row.map((text, index) => {
            const head = names[index] ?? '';
            const shown = /^\d{4}-\d\d-\d\dT[\d:]+Z$/.test(text) ? utc(text).replace(' UTC', '') : text;
            const className = machineHeads.has(head) ? 'hex' : null;
            return index === 0
              ? el('th', { scope: 'row', class: className }, shown)
              : el('td', { 'data-label': capital(head), class: className }, shown);
          }),
        ),
      ),
    ),
  );
}

function capital(text: string): string {
  if (text === 'sha256') return 'SHA-256';
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

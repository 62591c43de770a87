/** The tables of the expiry page: what authorities have left, what shorter lifetimes cost, and every certificate by its end. Pure. */
import { timestamp } from '../../../daemon/core/timestamp.ts';
import { monthsBar, monthsScale, monthsUntil, shareBar } from './charts/bars.ts';
import { environmentWords } from './expiry-view.ts';
import { el, type Markup } from './markup.ts';
import type { CertificateRow, Expiry, LoadScenario, SiteModel } from './model.ts';
import { certificateLink, moment, status, teamLink, type Frame } from './pieces.ts';
import { count } from './time-words.ts';
import { statusWord } from './words.ts';

const dayMs = 86_400_000;

/** What is left of the certificates of authorities that renewd runs, on a scale of months. */
export function authorityTable({ authorities }: Expiry, at: string): Markup {
  const soonest = [...authorities].sort((a, b) =>
    a.notAfter < b.notAfter ? -1 : a.notAfter > b.notAfter ? 1 : 0,
  );
  return el(
    'table',
    { class: 'stack' },
    el(
      'caption',
      {},
      'Certificates of authorities that renewd runs, the one that ends first at the top. What they issued cannot outlive them.',
    ),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        ['Authority', 'Role', 'Ends', 'Left'].map((head) => el('th', { scope: 'col' }, head)),
        el('th', { scope: 'col' }, el('span', { class: 'hidden' }, 'Months from now'), monthsScale()),
      ),
    ),
    el(
      'tbody',
      {},
      soonest.map((each) => {
        const months = monthsUntil(at, each.notAfter);
        return el(
          'tr',
          {},
          el(
            'th',
            { scope: 'row' },
            each.subject,
            el('span', { class: 'note' }, `issuer ${each.issuer}, ${each.keyAlgorithm}`),
          ),
          el('td', { 'data-label': 'Role' }, each.role),
          el('td', { 'data-label': 'Ends' }, moment(each.notAfter, true)),
          el(
            'td',
            { 'data-label': 'Left', class: months < 6 ? 'strong' : null },
            monthsWords(months, each.notAfter < at),
          ),
          el('td', {}, monthsBar(months)),
        );
      }),
    ),
  );
}

function monthsWords(months: number, over: boolean): string {
  if (over) return 'ended';
  if (months >= 36) return `${String(Math.floor(months / 12))} years`;
  return months < 1 ? 'less than a month' : count(months, 'month');
}

/** When public certificates may live so long at most from: CA/Browser Forum ballot SC-081v3. */
const inForceFrom: Readonly<Record<number, string>> = {
  200: '2026-03-15',
  100: '2027-03-15',
  47: '2029-03-15',
};

/** Renewals a day under the last scenario, as a sentence. */
export function loadSentence(load: readonly LoadScenario[]): string {
  const [now] = load;
  const last = load.at(-1);
  if (now === undefined || last === undefined || last.renewalsPerYear === 0)
    return 'Nothing is renewed yet, so shorter lifetimes add nothing.';
  const rate = ({ renewalsPerDay, renewalsPerYear }: LoadScenario): string =>
    renewalsPerDay >= 1
      ? `${String(renewalsPerDay)} renewals a day`
      : `${count(renewalsPerYear, 'renewal')} a year`;
  return last.renewalsPerYear === now.renewalsPerYear
    ? `From 2029 on it stays at ${rate(last)}: lifetimes are short enough already.`
    : `From 2029 on ${rate(last)}, where there are ${rate(now)} now.`;
}

/** The scenarios as bars in a table. */
export function loadTable(load: readonly LoadScenario[]): Markup {
  const most = Math.max(0, ...load.map((each) => each.renewalsPerYear));
  return el(
    'table',
    { class: 'stack' },
    el(
      'caption',
      {},
      'What it would be with the certificates of today, if each were renewed at the same part of its lifetime as now.',
    ),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        el('th', { scope: 'col' }, 'No lifetime longer than'),
        el('th', { scope: 'col' }, 'For public certificates from'),
        el('th', { scope: 'col', class: 'n' }, 'Renewals a year'),
        el('th', { scope: 'col', class: 'n' }, 'A day'),
        el('th', { scope: 'col' }, el('span', { class: 'hidden' }, 'Compared')),
      ),
    ),
    el(
      'tbody',
      {},
      load.map(({ lifetimeMaxDays: days, renewalsPerYear, renewalsPerDay }) =>
        el(
          'tr',
          {},
          el('th', { scope: 'row' }, days === null ? 'as things are' : `${String(days)} days`),
          el('td', { 'data-label': 'From' }, days === null ? 'now' : (inForceFrom[days] ?? '')),
          el('td', { 'data-label': 'A year', class: 'n' }, renewalsPerYear),
          el('td', { 'data-label': 'A day', class: 'n' }, renewalsPerDay),
          el('td', {}, shareBar(renewalsPerYear, most)),
        ),
      ),
    ),
  );
}

/** Monday of the week of an instant, as `2026-11-16`; `unknown` for a text that is no instant. */
export function weekOf(at: string): string {
  const day = Math.floor(Date.parse(at) / dayMs);
  if (Number.isNaN(day)) return 'unknown';
  // Day 0 of the epoch was a Thursday.
  return timestamp((day - ((day + 3) % 7)) * dayMs).slice(0, 10);
}

/** Certificates by their end, soonest first, one group of rows a week. `total` counts those that are not in `rows` too. */
export function byEndTable(
  frame: Frame,
  { expiry, inventory }: Pick<SiteModel, 'expiry' | 'inventory'>,
): Markup {
  const { rows } = expiry;
  const weeks = Map.groupBy(rows, (row) => weekOf(row.expires ?? frame.at));
  const more = inventory.total - rows.length;
  return el(
    'table',
    { class: 'stack', 'data-sort': true },
    el(
      'caption',
      {},
      'Each certificate by the first of its installations that ends, soonest first.',
      more > 0 &&
        ` ${String(more)} more ${more === 1 ? 'has no end yet or ends' : 'have no end yet or end'} later.`,
    ),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        ['Certificate', 'Ends', 'Renewal planned', 'Status', 'Team', 'Environment', 'Issuer'].map((head) =>
          el('th', { scope: 'col' }, head),
        ),
      ),
    ),
    [...weeks].map(([week, own]) =>
      el(
        'tbody',
        { id: `week-${week}` },
        own.map((row) => byEndRow(frame, row)),
      ),
    ),
  );
}

function byEndRow(frame: Frame, row: CertificateRow): Markup {
  return el(
    'tr',
    {},
    el('th', { scope: 'row' }, certificateLink(frame, row.id)),
    el('td', { 'data-label': 'Ends' }, row.expires === null ? 'not issued' : moment(row.expires, true)),
    el('td', { 'data-label': 'Renewal' }, row.renews === null ? 'none' : moment(row.renews, true)),
    el('td', { 'data-label': 'Status' }, status(statusWord(row.status))),
    el('td', { 'data-label': 'Team' }, teamLink(frame, row.team)),
    el('td', { 'data-label': 'Environment' }, environmentWords(row.environment)),
    el('td', { 'data-label': 'Issuer' }, row.issuer),
  );
}

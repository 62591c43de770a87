/** A year as months of weeks and weekdays: real tables, a shade and a number for each day on which something ends. Pure. */
import { el, type Markup } from '../markup.ts';
import { heatClass } from './heat.ts';

export interface CalendarDay {
  /** `2026-11-21`. */
  readonly day: string;
  readonly ends: number;
  readonly renews: number;
}

export interface CalendarMonth {
  /** `2026-11`. */
  readonly month: string;
  /** Weeks from Monday to Sunday; null: no day of this month, or not looked at. */
  readonly weeks: readonly (readonly (CalendarDay | null)[])[];
  readonly ends: number;
  readonly renews: number;
}

const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

/** `November 2026`. */
export function monthWords(month: string): string {
  return `${monthNames[Number(month.slice(5, 7)) - 1] ?? month} ${month.slice(0, 4)}`;
}

/** Days, which follow each other, as months of whole weeks. Pure. */
export function monthsOf(days: readonly CalendarDay[]): readonly CalendarMonth[] {
  const byMonth = Map.groupBy(days, (each) => each.day.slice(0, 7));
  return [...byMonth].map(([month, own]) => {
    const weeks: (CalendarDay | null)[][] = [];
    for (const day of own) {
      // Sunday is 0 for the platform and last in a week here.
      const weekday = (new Date(`${day.day}T00:00:00Z`).getUTCDay() + 6) % 7;
      if (weeks.length === 0 || weekday === 0) weeks.push(weekdays.map(() => null));
      const week = weeks.at(-1);
      if (week !== undefined) week[weekday] = day;
    }
    const total = (of: 'ends' | 'renews'): number => own.reduce((sum, each) => sum + each[of], 0);
    return { month, weeks, ends: total('ends'), renews: total('renews') };
  });
}

/** One month. `hrefOf` gives where a day leads; null: nowhere. */
export function monthTable(
  { month, weeks, ends }: CalendarMonth,
  most: number,
  hrefOf: (day: string) => string | null,
): Markup {
  return el(
    'table',
    { class: ends === 0 ? 'month idle' : 'month', id: `month-${month}` },
    el('caption', {}, el('b', {}, monthWords(month)), ` ${ends === 0 ? 'none' : String(ends)}`),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        weekdays.map((name) => el('th', { scope: 'col' }, el('abbr', { title: name }, name.slice(0, 1)))),
      ),
    ),
    el(
      'tbody',
      {},
      weeks.map((week) =>
        el(
          'tr',
          {},
          week.map((day) => (day === null ? el('td', {}) : dayCell(day, most, hrefOf))),
        ),
      ),
    ),
  );
}

function dayCell(day: CalendarDay, most: number, hrefOf: (day: string) => string | null): Markup {
  const number = el('small', {}, Number(day.day.slice(8)));
  if (day.ends === 0) return el('td', {}, number);
  const words = `${String(Number(day.day.slice(8)))} ${monthWords(day.day.slice(0, 7))}: ${String(day.ends)} ${day.ends === 1 ? 'ends' : 'end'}`;
  const href = hrefOf(day.day);
  return el(
    'td',
    { class: heatClass(day.ends, most) },
    href === null
      ? [number, el('b', {}, day.ends), el('span', { class: 'hidden' }, ' end')]
      : el(
          'a',
          { href, title: words },
          number,
          el('b', {}, day.ends),
          el('span', { class: 'hidden' }, ` ${words}`),
        ),
  );
}

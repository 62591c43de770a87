/** The charts of the expiry page: what ends in which week and on which day, and the sentence above them. Pure. */
import { monthWords, monthsOf, monthTable } from './charts/calendar.ts';
import { chartFigure, legend, numbersTable } from './charts/figure.ts';
import { heatRanges } from './charts/heat.ts';
import { columnsMax, foldKinds, weekBars } from './charts/weeks.ts';
import { el, type Markup } from './markup.ts';
import type { Expiry } from './model.ts';
import { count, utcDay } from './time-words.ts';

/** Name of an environment, also where none is declared. */
export function environmentWords(name: string): string {
  return name === '' ? 'without environment' : name;
}

/** All installed certificates that the section counts. */
export function installed({ before, after, weeks }: Expiry): number {
  return before + after + weeks.reduce((sum, week) => sum + weekTotal(week), 0);
}

function weekTotal({ ends }: Expiry['weeks'][number]): number {
  return ends.reduce((sum, each) => sum + each, 0);
}

/** The look ahead in one sentence. */
export function expirySentence(expiry: Expiry): string {
  const total = installed(expiry);
  if (total === 0) return 'Nothing is installed yet, so nothing ends.';
  const month = expiry.days.slice(0, 30).reduce((sum, day) => sum + day.ends, 0);
  const ended =
    expiry.before === 0
      ? ''
      : `${count(expiry.before, 'installed certificate')} ${expiry.before === 1 ? 'has' : 'have'} ended; `;
  const next = month === 0 ? 'none ends' : `${String(month)} ${month === 1 ? 'ends' : 'end'}`;
  return `${ended === '' ? `Of ${count(total, 'installed certificate')}, ` : ended}${next} in the next 30 days.`;
}

/** The busiest week, as the finding of the bars. */
function weeksFinding({ weeks }: Expiry): string {
  const totals = weeks.map(weekTotal);
  const most = Math.max(0, ...totals);
  const busiest = weeks[totals.indexOf(most)];
  return most === 0 || busiest === undefined
    ? `Nothing ends in the next ${String(weeks.length)} weeks.`
    : `Most end in the week of ${utcDay(busiest.from)}: ${String(most)}.`;
}

/** 26 weeks as bars by environment, with planned renewals. `hasRows` tells whether the list below has rows of a week. */
export function weeksFigure(expiry: Expiry, hasRows: (week: string) => boolean): Markup {
  const { environments, weeks, before, after } = expiry;
  const kinds = foldKinds(
    environments.map(environmentWords),
    weeks.map((week) => week.ends),
  );
  const columns = foldKinds(
    environments.map(environmentWords),
    weeks.map((week) => week.ends),
    columnsMax,
  );
  const folded = weeks.map((week) => kinds.fold(week.ends));
  const finding = weeksFinding(expiry);
  const number = (value: number): { text: number; number: true } => ({ text: value, number: true });
  return chartFigure({
    finding,
    keys: [
      ...kinds.labels.map((label, index) => ({
        mark: `shade-${String(index)}`,
        label,
        value: folded.reduce((sum, parts) => sum + (parts[index] ?? 0), 0),
      })),
      {
        mark: 'planned-mark',
        label: 'renewals planned',
        value: weeks.reduce((sum, week) => sum + week.renews, 0),
      },
    ],
    drawing: weekBars(
      finding,
      weeks.map((week, index) => ({ from: week.from, parts: folded[index] ?? [], planned: week.renews })),
    ),
    table: numbersTable(
      `Installed certificates that end in each week, and renewals planned in it. Ended before: ${String(before)}. Ending later: ${String(after)}.`,
      ['Week of', ...columns.labels, 'All', 'Renewals planned'],
      weeks.map((week) => [
        {
          text: hasRows(utcDay(week.from))
            ? el('a', { href: `#week-${utcDay(week.from)}` }, utcDay(week.from))
            : utcDay(week.from),
        },
        ...columns.fold(week.ends).map(number),
        number(weekTotal(week)),
        number(week.renews),
      ]),
    ),
  });
}

/** A year of days as months; `hrefOf` gives where a day leads, null: nowhere. */
export function yearFigure({ days }: Expiry, hrefOf: (day: string) => string | null): Markup {
  const months = monthsOf(days);
  const most = Math.max(0, ...days.map((day) => day.ends));
  const busiest = days.find((day) => day.ends === most);
  const finding =
    most === 0 || busiest === undefined
      ? 'Nothing ends within a year.'
      : `On no day do more than ${String(most)} end; the first such day is ${busiest.day}.`;
  return chartFigure({
    finding,
    keys: [],
    drawing: [
      most > 0 &&
        legend(
          heatRanges(most).map(({ step, label }) => ({
            mark: `heat-${String(step)}`,
            label: `${label} a day`,
            value: null,
          })),
        ),
      el(
        'div',
        { class: 'year' },
        months.map((month) => monthTable(month, most, hrefOf)),
      ),
    ],
    table: numbersTable(
      'By month, as far as the year from today reaches into it.',
      ['Month', 'End', 'Renewals planned'],
      months.map(({ month, ends, renews }) => [
        { text: monthWords(month) },
        { text: ends, number: true },
        { text: renews, number: true },
      ]),
    ),
    summary: 'The numbers by month',
  });
}

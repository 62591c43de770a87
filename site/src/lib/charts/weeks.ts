/** Weeks as bars, stacked by kind, with a mark for what is planned. Pure. */
import { scaleBand } from 'd3-scale';
import { stack } from 'd3-shape';
import { sum } from 'd3-array';
import { el, type Markup } from '../markup.ts';
import { countAxis, countLabels, countLines, dayLabels, percent, shortDay } from './axis.ts';

export interface WeekBar {
  readonly from: string;
  /** One count a kind, the lowest of the stack first. */
  readonly parts: readonly number[];
  readonly planned: number;
}

/** Kinds that have a shade of their own; more are drawn as one. */
const shades = 4;

export interface Kinds {
  readonly labels: readonly string[];
  /** Parts of one week, in the order of `labels`. */
  readonly fold: (parts: readonly number[]) => readonly number[];
}

/** Columns for kinds in a table: more do not fit beside each other, and a person compares no more. */
export const columnsMax = 7;

/** The kinds with most first, at most `most` of them: the last one stands for all that have none of their own. Pure. */
export function foldKinds(
  labels: readonly string[],
  weeks: readonly (readonly number[])[],
  most: number = shades,
): Kinds {
  const order = labels
    .map((label, index) => ({ label, index, total: sum(weeks, (parts) => parts[index] ?? 0) }))
    .sort((a, b) => b.total - a.total || a.index - b.index);
  const own = order.length > most ? order.slice(0, most - 1) : order;
  const rest = order.slice(own.length);
  return {
    labels: [...own.map((each) => each.label), ...(rest.length > 0 ? [`${String(rest.length)} others`] : [])],
    fold: (parts) => [
      ...own.map(({ index }) => parts[index] ?? 0),
      ...(rest.length > 0 ? [sum(rest, ({ index }) => parts[index] ?? 0)] : []),
    ],
  };
}

/** The drawing: bars of what ends, a line across each for what is planned to be renewed. */
export function weekBars(name: string, weeks: readonly WeekBar[]): Markup {
  const axis = countAxis(Math.max(0, ...weeks.map(({ parts, planned }) => Math.max(sum(parts), planned))));
  const kinds = weeks[0]?.parts.length ?? 0;
  const band = scaleBand(
    weeks.map((each) => each.from),
    [0, 100],
  )
    .paddingInner(0.22)
    .paddingOuter(0.1);
  const layers = stack<WeekBar, number>()
    .keys(Array.from({ length: kinds }, (_, index) => index))
    .value((week, index) => week.parts[index] ?? 0)([...weeks]);
  const left = (week: WeekBar): number => band(week.from) ?? 0;
  const middle = (week: WeekBar): number => left(week) + band.bandwidth() / 2;
  return el(
    'div',
    { class: 'plot', role: 'img', 'aria-label': name },
    countLabels(axis),
    el(
      'svg',
      { class: 'canvas', 'aria-hidden': 'true', focusable: 'false' },
      countLines(axis),
      layers.map((layer) =>
        layer.map(([low, high], index) => {
          const week = weeks[index];
          return (
            week !== undefined &&
            high > low &&
            el('rect', {
              class: `shade-${String(layer.key)}`,
              x: percent(left(week)),
              width: percent(band.bandwidth()),
              y: percent(100 - axis.height(high)),
              height: percent(axis.height(high) - axis.height(low)),
            })
          );
        }),
      ),
      weeks.map(
        (week) =>
          sum(week.parts) > 0 &&
          el(
            'text',
            {
              class: 'count minor',
              x: percent(middle(week)),
              y: percent(100 - axis.height(sum(week.parts))),
              dy: -4,
              'text-anchor': 'middle',
            },
            sum(week.parts),
          ),
      ),
      weeks.map(
        (week) =>
          week.planned > 0 &&
          el('line', {
            class: 'planned-mark',
            x1: percent(left(week)),
            x2: percent(left(week) + band.bandwidth()),
            y1: percent(100 - axis.height(week.planned)),
            y2: percent(100 - axis.height(week.planned)),
          }),
      ),
    ),
    dayLabels(
      weeks.flatMap((week, index) =>
        index % 3 === 0 ? [{ x: middle(week), text: shortDay(week.from), minor: index % 6 === 3 }] : [],
      ),
    ),
  );
}

/** What every chart stands in: a sentence that states the finding, the drawing, what its marks mean, and the same numbers as a table. Pure. */
import { el, type Markup } from '../markup.ts';

export interface Key {
  /** Class of the swatch: the same as of the marks. */
  readonly mark: string;
  readonly label: string;
  /** Shown beside the label; null for none. */
  readonly value: number | null;
}

export interface ChartFigure {
  /** States the finding; the name of the drawing for those who do not see it. */
  readonly finding: string;
  readonly keys: readonly Key[];
  readonly drawing: Markup;
  /** The numbers as a table, opened on demand; null when they stand in the page anyway. */
  readonly table: Markup;
  readonly summary?: string;
}

/** The figure. */
export function chartFigure({ finding, keys, drawing, table, summary = 'The numbers' }: ChartFigure): Markup {
  return el(
    'figure',
    { class: 'chart' },
    el('figcaption', {}, finding),
    keys.length > 0 && legend(keys),
    drawing,
    table !== null && el('details', {}, el('summary', {}, summary), table),
  );
}

/** What the marks of a chart mean. */
export function legend(keys: readonly Key[]): Markup {
  return el(
    'ul',
    { class: 'legend' },
    keys.map(({ mark, label, value }) =>
      el('li', {}, swatch(mark), label, value !== null && [' ', el('b', {}, value)]),
    ),
  );
}

function swatch(mark: string): Markup {
  return el(
    'svg',
    {
      class: 'swatch',
      viewBox: '0 0 14 14',
      width: 14,
      height: 14,
      'aria-hidden': 'true',
      focusable: 'false',
    },
    mark === 'planned-mark'
      ? el('line', { class: mark, x1: 0, x2: 14, y1: 7, y2: 7 })
      : el('rect', { class: mark, x: 1, y: 1, width: 12, height: 12 }),
  );
}

export interface Cell {
  readonly text: Markup;
  /** A number stands right-aligned. */
  readonly number?: boolean;
}

/** A table of numbers: the first cell of a row is its head, numbers are right-aligned. Heads of columns are as many as cells. */
export function numbersTable(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
): Markup {
  // Many columns become cards on a phone, like every wide table.
  const wide = heads.length > 4;
  const numeric = heads.map((_, column) => rows[0]?.[column]?.number === true);
  return el(
    'table',
    { class: wide ? 'numbers stack' : 'compact numbers' },
    el('caption', {}, caption),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        heads.map((head, column) =>
          el('th', { scope: 'col', class: numeric[column] === true ? 'n' : null }, head),
        ),
      ),
    ),
    el(
      'tbody',
      {},
      rows.map((cells) =>
        el(
          'tr',
          {},
          cells.map(({ text, number }, column) =>
            column === 0
              ? el('th', { scope: 'row' }, text)
              : el(
                  'td',
                  { 'data-label': wide ? heads[column] : null, class: number === true ? 'n' : null },
                  text,
                ),
          ),
        ),
      ),
    ),
  );
}

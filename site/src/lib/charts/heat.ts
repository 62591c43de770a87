/** Counts as shades of one colour, in real tables: the number stands in the cell, the shade only helps the eye. Pure. */
import { el, type Markup } from '../markup.ts';

/** Shades of the scale; 0 has none. */
export const heatSteps = 5;

/** The shade of a count, 0 to 5, where `most` is the highest there is. Whole counts: with fewer than five different ones, fewer shades are used. Pure. */
export function heatStep(count: number, most: number): number {
  if (count <= 0 || most <= 0) return 0;
  const steps = Math.min(heatSteps, most);
  return Math.min(steps, Math.ceil((steps * Math.min(count, most)) / most));
}

/** What each shade stands for: the lowest and the highest count. Pure. */
export function heatRanges(most: number): readonly { readonly step: number; readonly label: string }[] {
  const steps = Math.min(heatSteps, most);
  return Array.from({ length: steps }, (_, index) => {
    const low = Math.floor((index * most) / steps) + 1;
    const high = Math.floor(((index + 1) * most) / steps);
    return { step: index + 1, label: low === high ? String(low) : `${String(low)}–${String(high)}` };
  });
}

/** Class of a cell; null where there is nothing. */
export function heatClass(count: number, most: number): string | null {
  const step = heatStep(count, most);
  return step === 0 ? null : `heat-${String(step)}`;
}

export interface HeatRow {
  readonly head: Markup;
  readonly counts: readonly number[];
  /** Cells after the counts. */
  readonly rest: readonly Markup[];
}

/** A matrix: one row a thing, one shaded column a kind, and what else is known. `restHeads` are as many as `rest`. */
export function heatTable({
  caption,
  corner,
  heads,
  restHeads,
  rows,
}: {
  readonly caption: string;
  readonly corner: string;
  readonly heads: readonly string[];
  readonly restHeads: readonly string[];
  readonly rows: readonly HeatRow[];
}): Markup {
  const most = Math.max(0, ...rows.flatMap((row) => row.counts));
  const column = (head: string, number: boolean): Markup =>
    el('th', { scope: 'col', class: number ? 'n' : null }, head);
  return el(
    'table',
    { class: 'stack heat' },
    el('caption', {}, caption),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        column(corner, false),
        heads.map((head) => column(head, true)),
        restHeads.map((head, index) => column(head, index === 0)),
      ),
    ),
    el(
      'tbody',
      {},
      rows.map(({ head, counts, rest }) =>
        el(
          'tr',
          {},
          el('th', { scope: 'row' }, head),
          counts.map((count, index) =>
            el(
              'td',
              { 'data-label': heads[index] ?? '', class: `n ${heatClass(count, most) ?? 'zero'}` },
              el('span', {}, count),
            ),
          ),
          rest.map((cell, index) =>
            el('td', { 'data-label': restHeads[index] ?? '', class: index === 0 ? 'n' : null }, cell),
          ),
        ),
      ),
    ),
  );
}

/** How something went over weeks: a line of counts, with gaps where nothing is known. An unknown week is never drawn as zero. Pure. */
import { area, line } from 'd3-shape';
import { el, type Markup } from '../markup.ts';
import { countAxis, countLabels, countLines, dayLabels, percent, rounded, shortDay } from './axis.ts';

export interface TrendSeries {
  /** Class of line and area. */
  readonly mark: string;
  /** In the order of `instants`; null: not known. */
  readonly counts: readonly (number | null)[];
}

interface Spot {
  readonly x: number;
  readonly y: number;
}

/** Hundredths of the width for each of so many points. */
function across(index: number, points: number): number {
  return points < 2 ? 100 : rounded((100 * index) / (points - 1));
}

/** Runs of points that are known, each with its positions. Pure. */
export function knownRuns(
  counts: readonly (number | null)[],
  height: (count: number) => number,
): readonly (readonly Spot[])[] {
  const runs: Spot[][] = [];
  let open = false;
  for (const [index, count] of counts.entries()) {
    if (count === null) {
      open = false;
      continue;
    }
    if (!open) runs.push([]);
    open = true;
    runs.at(-1)?.push({ x: across(index, counts.length), y: rounded(100 - height(count)) });
  }
  return runs;
}

const linePath = line<Spot>()
  .x((spot) => spot.x)
  .y((spot) => spot.y)
  .digits(2);
const areaPath = area<Spot>()
  .x((spot) => spot.x)
  .y1((spot) => spot.y)
  .y0(100)
  .digits(2);

/** A run as a path; one week alone is a dot, which a line of one point would not show. */
function pathOf(run: readonly Spot[]): string {
  const [first] = run;
  return run.length === 1 && first !== undefined
    ? `M${String(first.x)},${String(first.y)}h0`
    : (linePath([...run]) ?? '');
}

/** Stretches in which nothing is known, from and to in hundredths of the width. */
function gapsOf(counts: readonly (number | null)[]): readonly (readonly [from: number, to: number])[] {
  const gaps: [number, number][] = [];
  for (const [index, count] of counts.entries()) {
    if (count !== null) continue;
    const from = across(Math.max(0, index - 1), counts.length);
    const to = across(Math.min(counts.length - 1, index + 1), counts.length);
    const last = gaps.at(-1);
    if (last !== undefined && last[1] > from) last[1] = to;
    else gaps.push([from, to]);
  }
  return gaps;
}

/** The drawing. `name` states the finding for those who do not see it. The first series decides where nothing is known. */
export function trendDrawing(
  name: string,
  instants: readonly string[],
  series: readonly TrendSeries[],
): Markup {
  const axis = countAxis(Math.max(...series.flatMap((each) => each.counts.map((count) => count ?? 0)), 0));
  const gaps = gapsOf(series[0]?.counts ?? []);
  return el(
    'div',
    { class: 'plot', role: 'img', 'aria-label': name },
    countLabels(axis),
    el(
      'svg',
      { class: 'canvas', 'aria-hidden': 'true', focusable: 'false' },
      gaps.map(([from, to]) =>
        el('rect', { class: 'gap', x: percent(from), y: 0, width: percent(to - from), height: '100%' }),
      ),
      countLines(axis),
      el(
        'svg',
        { viewBox: '0 0 100 100', preserveAspectRatio: 'none', width: '100%', height: '100%' },
        series.map(({ mark, counts }) => {
          const runs = knownRuns(counts, axis.height);
          return el(
            'g',
            { class: mark },
            runs.map((run) => run.length > 1 && el('path', { class: 'area', d: areaPath([...run]) ?? '' })),
            runs.map((run) => el('path', { class: 'line', d: pathOf(run) })),
          );
        }),
      ),
      gaps
        .filter(([from, to]) => to - from > 12)
        .map(([from, to]) =>
          el(
            'text',
            {
              class: to - from < 30 ? 'minor' : null,
              x: percent((from + to) / 2),
              y: '50%',
              'text-anchor': 'middle',
            },
            'not known',
          ),
        ),
    ),
    dayLabels(
      instants.flatMap((at, index) =>
        (instants.length - 1 - index) % 3 === 0 || instants.length < 6
          ? [
              {
                x: across(index, instants.length),
                text: index === instants.length - 1 ? 'now' : shortDay(at),
                minor: ((instants.length - 1 - index) / 3) % 2 === 1,
              },
            ]
          : [],
      ),
    ),
  );
}

/** The same in the size of a word, without axes; `top` is shared by all that stand together, so that they can be compared. */
export function sparkline(name: string, counts: readonly (number | null)[], top: number): Markup {
  // Two hundredths stay free above and below, so that a line at the edge is not cut in half.
  const height = (count: number): number => 8 + (84 * count) / Math.max(1, top);
  const runs = knownRuns(counts, height);
  const last = runs.at(-1)?.at(-1);
  return el(
    'svg',
    { class: 'spark', viewBox: '0 0 100 100', preserveAspectRatio: 'none', role: 'img', 'aria-label': name },
    el('path', { class: 'grid', d: 'M0,92H100' }),
    runs.map((run) => el('path', { class: 'line', d: pathOf(run) })),
    last !== undefined && el('path', { class: 'dot', d: `M${String(last.x)},${String(last.y)}h0` }),
  );
}

/** What a sparkline shows, in words. */
export function sparkWords(counts: readonly (number | null)[]): string {
  const known = counts.filter((count) => count !== null);
  const [first] = known;
  const last = known.at(-1);
  if (first === undefined || last === undefined) return 'not known';
  if (known.length === 1) return `${String(last)} now, before is not known`;
  const most = Math.max(...known);
  const weeks = `over ${String(known.length - 1)} ${known.length === 2 ? 'week' : 'weeks'}`;
  if (known.every((count) => count === last)) return `${String(last)} all the time ${weeks}`;
  return `from ${String(first)} to ${String(last)} ${weeks}, at most ${String(most)}`;
}

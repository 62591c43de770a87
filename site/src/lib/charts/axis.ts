/** Scales and axes the charts share. Positions are shares of a hundred, so that a chart is as wide as its place while its text keeps its size. Pure. */
import { scaleLinear } from 'd3-scale';
import { el, type Markup } from '../markup.ts';

/** A position with two decimals: the same bytes on every machine, and no more than a pixel needs. */
export function rounded(position: number): number {
  return Math.round(position * 100) / 100;
}

/** As SVG takes it. */
export function percent(position: number): string {
  return `${String(rounded(position))}%`;
}

export interface CountAxis {
  /** Whole numbers from 0 to the top. */
  readonly ticks: readonly number[];
  readonly top: number;
  /** Height of a count in hundredths of the plot. */
  readonly height: (count: number) => number;
}

/** An axis of counts from 0 to a round number not below `most`. Counts are whole: it never has a tick at a half. */
export function countAxis(most: number): CountAxis {
  const scale = scaleLinear([0, Math.max(1, most)], [0, 100]).nice(4);
  const [, top = 1] = scale.domain();
  const whole = Math.max(1, Math.ceil(top));
  const heights = scaleLinear([0, whole], [0, 100]);
  return {
    ticks: heights.ticks(4).filter(Number.isInteger),
    top: whole,
    height: (count) => rounded(heights(count)),
  };
}

/** The numbers beside the plot. */
export function countLabels({ ticks, height }: CountAxis): Markup {
  return el(
    'svg',
    { class: 'y-axis', 'aria-hidden': 'true', focusable: 'false' },
    ticks.map((tick) =>
      el('text', { x: '100%', y: percent(100 - height(tick)), 'text-anchor': 'end' }, tick),
    ),
  );
}

/** Hairlines across the plot, one a tick. */
export function countLines({ ticks, height }: CountAxis): Markup {
  return ticks.map((tick) =>
    el('line', {
      class: tick === 0 ? 'base' : 'grid',
      x1: 0,
      x2: '100%',
      y1: percent(100 - height(tick)),
      y2: percent(100 - height(tick)),
    }),
  );
}

export interface DayLabel {
  /** Hundredths of the width. */
  readonly x: number;
  readonly text: string;
  /** Left out where there is no room. */
  readonly minor: boolean;
}

/** Days below the plot; the first and the last lean inwards, so that nothing is cut. */
export function dayLabels(labels: readonly DayLabel[]): Markup {
  return el(
    'svg',
    { class: 'x-axis', 'aria-hidden': 'true', focusable: 'false' },
    labels.map(({ x, text, minor }) =>
      el(
        'text',
        {
          class: minor ? 'minor' : null,
          x: percent(x),
          y: 14,
          'text-anchor': x < 4 ? 'start' : x > 96 ? 'end' : 'middle',
        },
        text,
      ),
    ),
  );
}

const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `23 Nov`, in UTC; a text that is no instant is returned as it came. */
export function shortDay(at: string): string {
  const match = /^\d{4}-(\d\d)-(\d\d)/.exec(at);
  const month = match === null ? undefined : monthNames[Number(match[1]) - 1];
  return match === null || month === undefined ? at : `${String(Number(match[2]))} ${month}`;
}

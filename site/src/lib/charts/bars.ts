/** Bars that stand in a row of a table beside their number: they repeat it for the eye, so screen readers pass over them. Pure. */
import { el, type Markup } from '../markup.ts';
import { percent, rounded } from './axis.ts';

/** A share of the whole as a bar on its track. */
export function shareBar(part: number, whole: number, mark = 'fill'): Markup {
  const share = whole <= 0 ? 0 : Math.min(1, Math.max(0, part / whole));
  return el(
    'svg',
    { class: 'bar', 'aria-hidden': 'true', focusable: 'false' },
    el('rect', { class: 'track', width: '100%', height: '100%' }),
    share > 0 && el('rect', { class: mark, width: percent(100 * share), height: '100%' }),
  );
}

/** Months in which certificates of authorities are planned; what ends later is drawn as open. */
export const authorityMonths = [6, 12, 18, 24, 30] as const;
const spanMonths = 36;
const monthMs = (365.25 / 12) * 86_400_000;

/** Whole months from an instant to another, below 0 when it is over. */
export function monthsUntil(from: string, until: string): number {
  return Math.floor((Date.parse(until) - Date.parse(from)) / monthMs);
}

/** What is left of a certificate, on a scale of months from now to beyond the thirtieth. */
export function monthsBar(months: number): Markup {
  const beyond = months > spanMonths;
  const end = Math.min(100, Math.max(0, (100 * months) / spanMonths));
  return el(
    'svg',
    { class: 'bar months', 'aria-hidden': 'true', focusable: 'false' },
    el('rect', { class: 'fill', y: '35%', width: percent(beyond ? 97 : end), height: '30%' }),
    beyond && el('rect', { class: 'fill faint', x: '97.5%', y: '35%', width: '2.5%', height: '30%' }),
    authorityMonths.map((each) => {
      const x = percent(rounded((100 * each) / spanMonths));
      return el('line', { class: 'grid', x1: x, x2: x, y1: 0, y2: '100%' });
    }),
  );
}

/** The head of a column of such bars: the months, where their lines are. */
export function monthsScale(): Markup {
  return el(
    'svg',
    { class: 'bar months scale', 'aria-hidden': 'true', focusable: 'false' },
    authorityMonths.map((each) =>
      el('text', { x: percent((100 * each) / spanMonths), y: 13, 'text-anchor': 'middle' }, each),
    ),
  );
}

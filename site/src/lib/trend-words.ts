/** What the trend says: how many needed a person at each instant, and the change in words. What is not known is never taken for none. Pure. */
import type { StatusCounts, TrendPoint } from './model.ts';
import { count } from './time-words.ts';
import { statusOrder, statusWords } from './words.ts';

/** How many need a person. */
export function openOf(counts: StatusCounts): number {
  return statusOrder.reduce(
    (sum, status) => sum + (statusWords[status].group === 'attention' ? counts[status] : 0),
    0,
  );
}

/** How many are expired, or cannot be issued or installed: what clients feel, or will next. */
export function brokenOf(counts: StatusCounts): number {
  return counts.expired + counts.failing;
}

/** The change against the point before the last, a week ago: `2 more than a week ago`; null where that is not known. */
export function weekChange(trend: readonly TrendPoint[]): string | null {
  const now = trend.at(-1)?.counts ?? null;
  const before = trend.at(-2)?.counts ?? null;
  if (now === null || before === null) return null;
  const change = openOf(now) - openOf(before);
  if (change === 0) return 'as many as a week ago';
  return change > 0 ? `${String(change)} more than a week ago` : `${String(-change)} fewer than a week ago`;
}

/** The trend as one sentence: what it was at the beginning of what is known, what it is now, and the most between. */
export function trendFinding(trend: readonly TrendPoint[]): string {
  const known = trend.filter((point) => point.counts !== null);
  const open = known.map(({ counts }) => (counts === null ? 0 : openOf(counts)));
  const [first] = open;
  const last = open.at(-1);
  if (first === undefined || last === undefined) return 'How many needed a person is not known.';
  if (open.length === 1) return `${need(last)} a person now; how many did before is not known.`;
  const start = trend.findIndex((point) => point.counts !== null);
  const weeks = count(trend.length - 1 - start, 'week');
  const that = `the ${weeks} that ${trend.length - 1 - start === 1 ? 'is' : 'are'} known`;
  const span = start === 0 ? `in ${weeks}` : `in ${that}`;
  const most = Math.max(...open);
  if (open.every((each) => each === last))
    return `${need(last)} a person, as throughout ${start === 0 ? `the last ${weeks}` : that}.`;
  const peak = most > Math.max(first, last) ? `, at most ${String(most)} between` : '';
  if (last === first) return `${need(last)} a person, as many as ${weeks} ago${peak}.`;
  return `Certificates that need a person ${last > first ? 'rose' : 'fell'} from ${String(first)} to ${String(last)} ${span}${peak}.`;
}

function need(open: number): string {
  if (open === 0) return 'No certificate needs';
  return `${count(open, 'certificate')} ${open === 1 ? 'needs' : 'need'}`;
}

/** The front page in values: one true sentence, six counts, what comes first, and how old the facts are. Counting only; the records decide. */
import { timestamp } from '../../../daemon/core/timestamp.ts';
import type { CertificateStatus } from '../../../daemon/core/record-format.ts';
import type { SiteModel, StatusCounts, TrendPoint } from './model.ts';
import { count, instantOf, spanWords, utc } from './time-words.ts';
import { openOf, weekChange } from './trend-words.ts';
import { statusOrder, statusWords } from './words.ts';
import type { Tone, Word } from './words.ts';

export interface Count {
  readonly word: Word;
  readonly label: string;
  readonly number: number;
  readonly statuses: readonly CertificateStatus[];
  /** The group of rows to jump to: the first of the statuses that has any. */
  readonly anchor: string;
  /** What else belongs beside the number; empty when nothing. */
  readonly note: string;
}

/** The six counts. With renewal due, pending and retired, which stand in the last one's note, they add up to all certificates. */
export function sixCounts(counts: StatusCounts): readonly Count[] {
  const one = (label: string, note: string, ...statuses: CertificateStatus[]): Count => ({
    word: statusWords[statuses.find((status) => counts[status] > 0) ?? statuses[0] ?? 'unknown'],
    anchor: statuses.find((status) => counts[status] > 0) ?? 'rows',
    label,
    number: statuses.reduce((sum, status) => sum + counts[status], 0),
    statuses,
    note,
  });
  const beside = (['renewal-due', 'pending', 'retired'] as const)
    .filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${statusWords[status].label.toLowerCase()}`);
  return [
    one('Expired', '', 'expired'),
    one('Failing or drifted', '', 'failing', 'drift'),
    one('Blocked or against policy', '', 'blocked', 'non-compliant'),
    one('Overdue', '', 'overdue'),
    one('Unknown', '', 'unknown'),
    one('In order', beside.length === 0 ? '' : `besides ${beside.join(', ')}`, 'ok'),
  ];
}

const clauses: Readonly<Record<CertificateStatus, (n: number) => string>> = {
  expired: (n) => `${n} ${n === 1 ? 'has' : 'have'} expired`,
  failing: (n) => `${n} cannot be issued or installed`,
  drift: (n) => `${n} ${n === 1 ? 'is' : 'are'} not served as issued`,
  blocked: (n) => `${n} ${n === 1 ? 'is' : 'are'} blocked`,
  overdue: (n) => `${n} ${n === 1 ? 'is' : 'are'} overdue for renewal`,
  unknown: (n) => `${n} could not be checked`,
  'non-compliant': (n) => `${n} ${n === 1 ? 'is' : 'are'} against policy`,
  'renewal-due': (n) => `${n} ${n === 1 ? 'is' : 'are'} due for renewal`,
  pending: (n) => `${n} ${n === 1 ? 'is' : 'are'} not yet issued`,
  retired: (n) => `${n} ${n === 1 ? 'is' : 'are'} retired`,
  ok: (n) => `${n} ${n === 1 ? 'is' : 'are'} served as issued and within policy`,
};

function list(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`;
}

/** One sentence that is true of all certificates: every status that occurs is in it, with its number. */
export function postureSentence(counts: StatusCounts): string {
  const total = statusOrder.reduce((sum, status) => sum + counts[status], 0);
  if (total === 0) return 'No certificate is declared yet.';
  if (counts.ok === total)
    return total === 1
      ? 'The only certificate is served as issued and within policy.'
      : `All ${total} certificates are served as issued and within policy.`;
  const parts = statusOrder
    .filter((status) => counts[status] > 0)
    .map((status) => clauses[status](counts[status]));
  return `Of ${count(total, 'certificate')}, ${list(parts)}.`;
}

/**
 * The shortest true answer to "is all well?": how many need a person, whether that is more or less than a week ago, and the worst of it. The change is left out
 * where history does not know it. The full sentence stands below it.
 */
export function postureHeadline(counts: StatusCounts, trend: readonly TrendPoint[] = []): string {
  const total = statusOrder.reduce((sum, status) => sum + counts[status], 0);
  const urgent = statusOrder.filter(
    (status) => statusWords[status].group === 'attention' && counts[status] > 0,
  );
  const open = openOf(counts);
  const change = weekChange(trend);
  const worst = urgent[0];
  if (total === 0) return 'No certificate is declared yet.';
  if (worst === undefined) {
    const all = counts.ok === total ? postureSentence(counts) : 'No certificate needs a person.';
    const before = trend.at(-2)?.counts ?? null;
    const earlier = before === null ? 0 : openOf(before);
    return earlier === 0
      ? all
      : `${all.slice(0, -1)}; a week ago ${earlier} ${counts.ok === total ? 'needed a person' : 'did'}.`;
  }
  const subject = `${open} of ${count(total, 'certificate')} ${open === 1 ? 'needs' : 'need'} a person${change === null ? '' : `, ${change}`}`;
  if (open === counts[worst])
    return `${subject}: ${open === 1 ? 'it' : 'they'} ${clauses[worst](open).replace(/^\d+ /, '')}.`;
  return `${subject}: ${clauses[worst](counts[worst])}.`;
}

export interface BarPart {
  readonly tone: Tone;
  readonly label: string;
  readonly x: number;
  readonly width: number;
}

/** The estate as one bar of 1000 units, a part a status, in precedence; every status that occurs can be seen, however rare. Empty without certificates. */
export function estateBar(counts: StatusCounts): readonly BarPart[] {
  const present = statusOrder.filter((status) => counts[status] > 0);
  const total = present.reduce((sum, status) => sum + counts[status], 0);
  const gap = 3;
  const least = 6;
  const room = 1000 - gap * (present.length - 1) - least * present.length;
  let x = 0;
  return present.map((status) => {
    const width = least + Math.round((room * counts[status]) / total);
    const part = { tone: statusWords[status].tone, label: clauses[status](counts[status]), x, width };
    x += width + gap;
    return part;
  });
}

export interface DataAge {
  readonly stale: boolean;
  /** A sentence for every page. */
  readonly sentence: string;
  /** When the facts go stale, for the script that looks at the reader's clock; null when nothing was ever seen. */
  readonly staleAt: string | null;
}

/** How old the facts are at the time of the build, in words. Facts without a heartbeat are stale: silence is an alarm (promise 8). */
export function dataAge(model: Pick<SiteModel, 'dataAge' | 'generatedFrom'>): DataAge {
  const { at, staleAfterMs } = model.dataAge;
  const seen = at === null ? null : instantOf(at);
  const built = instantOf(model.generatedFrom.at);
  if (at === null || seen === null || built === null)
    return {
      stale: true,
      sentence: 'The daemon has never said that these facts are current.',
      staleAt: null,
    };
  const staleAt = timestamp(seen + staleAfterMs);
  if (built - seen <= staleAfterMs)
    return { stale: false, sentence: `Facts of ${utc(at)}, good until ${utc(staleAt)}.`, staleAt };
  return {
    stale: true,
    sentence: `The daemon was last heard of at ${utc(at)}, ${spanWords(built - seen)} before this page was built.`,
    staleAt,
  };
}

/** Whether the daemon has written nothing yet: then there is nothing that could be stale, and the site says how to begin. */
export function isFirstTime({ heartbeat, posture, audit }: SiteModel): boolean {
  return heartbeat === null && posture.total === 0 && posture.endpoints === 0 && audit.commits === 0;
}

/** The age of a site without facts. */
export const noFacts: DataAge = {
  stale: false,
  sentence: 'The daemon has written no record yet.',
  staleAt: null,
};

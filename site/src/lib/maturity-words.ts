/** Maturity and the figures of the service, in words. Levels and figures were computed by `daemon/core/service/`; nothing is scored here. Pure. */
import { durationText } from '../../../daemon/core/duration.ts';
import { levelNames } from '../../../daemon/core/service/maturity.ts';
import type { Service, TeamFacts } from './model.ts';
import { shareWords } from './audit-words.ts';
import { count } from './time-words.ts';

export const levelMax = levelNames.length;

/** What each level asks beyond the one below it; `docs/audit.md` says the same. */
export const levelMeanings: readonly string[] = [
  'Nothing is known, or something of the next level is missing.',
  'The team has an owner and a contact, and every certificate is looked at where it is served.',
  'Every certificate is issued, installed and renewed by the service; none is expired, failing or overdue.',
  'Every rule of policy is kept without exception, and changes are signed and approved.',
  'No certificate lives longer than 47 days, and every renewal in the period was proved without a human hand.',
];

/** `3, managed`; a level that is none of the five is said as it came. */
export function levelWords(level: number): string {
  const name = levelNames[level - 1];
  return name === undefined ? String(level) : `${String(level)}, ${name}`;
}

/** How far the teams are, in one sentence. A team without certificates has no level. */
export function maturitySentence(teams: readonly TeamFacts[], target: number | null): string {
  const levels = teams.flatMap((each) => each.maturity?.level ?? []);
  if (levels.length === 0) return 'No team has a certificate yet, so no team has a level.';
  const lowest = Math.min(...levels);
  const behind = levels.filter((each) => each === lowest).length;
  const words = levelWords(lowest);
  const all =
    behind === levels.length
      ? `${behind === 1 ? 'The only team' : `All ${String(behind)} teams`} ${behind === 1 ? 'is' : 'are'} at level ${words}.`
      : `${String(behind)} of ${count(levels.length, 'team')} ${behind === 1 ? 'is' : 'are'} at the lowest level, ${words}.`;
  if (target === null) return all;
  const reached = levels.filter((each) => each >= target).length;
  return `${all} ${String(reached)} of ${String(levels.length)} ${reached === 1 ? 'has' : 'have'} reached the target, level ${levelWords(target)}.`;
}

/** How many of the eight steps have evidence. */
export function stepsSentence({ steps }: Pick<Service, 'steps'>): string {
  const done = steps.filter((each) => each.done).length;
  const next = steps.find((each) => !each.done);
  return next === undefined
    ? `All ${count(steps.length, 'step')} have evidence.`
    : `${String(done)} of ${count(steps.length, 'step')} have evidence. The next one: ${next.title}.`;
}

export interface Figure {
  readonly what: string;
  readonly value: string;
  /** Empty where no target is set for it. */
  readonly target: string;
  /** null: no target, or no figure to compare with it. */
  readonly met: boolean | null;
  readonly meaning: string;
}

/** The figures of the period against the targets of the Program. A figure that is not known meets nothing. */
export function serviceFigures(
  { metrics, program }: Service,
  teams: readonly TeamFacts[],
): readonly Figure[] {
  if (metrics === null) return [];
  const { leadTimeMs = null, handsOffShare = null, level = null } = program?.targets ?? {};
  const { leadTimeMedianMs: lead, leadTimeWorstMs: worst, handsOffShare: hands } = metrics;
  const installed = metrics.adoption.reduce((sum, each) => sum + each.installations, 0);
  const automated = metrics.adoption.reduce((sum, each) => sum + each.automated, 0);
  const levels = teams.flatMap((each) => each.maturity?.level ?? []);
  const lowest = levels.length === 0 ? null : Math.min(...levels);
  const met = (value: number | null, holds: boolean | null): boolean | null =>
    value === null ? null : holds;
  const open = { target: '', met: null };
  return [
    {
      what: 'Lead time, median',
      value: lead === null ? 'none in the period' : durationText(lead),
      target: leadTimeMs === null ? '' : `at most ${durationText(leadTimeMs)}`,
      met: leadTimeMs === null ? null : met(lead, (lead ?? 0) <= leadTimeMs),
      meaning: `From the commit that asks to the handshake that proves it served${worst === null ? '' : `; longest ${durationText(worst)}`}.`,
    },
    {
      what: 'Hands-off',
      value:
        hands === null
          ? 'no renewal in the period'
          : shareWords(Math.round(hands * metrics.renewals), metrics.renewals),
      target: handsOffShare === null ? '' : `at least ${String(Math.round(handsOffShare * 100))} %`,
      met: handsOffShare === null ? null : met(hands, (hands ?? 0) >= handsOffShare),
      meaning: `Renewals and replacements that nobody asked for and that were proved, of ${String(metrics.renewals)}.`,
    },
    {
      what: 'Lowest level of a team',
      value: lowest === null ? 'no team has a level' : levelWords(lowest),
      target: level === null ? '' : `at least ${levelWords(level)}`,
      met: level === null ? null : met(lowest, (lowest ?? 0) >= level),
      meaning: 'Of the teams that have certificates.',
    },
    {
      what: 'Renewed by itself',
      value:
        installed === 0
          ? 'nothing is installed'
          : `${String(automated)} of ${String(installed)}, ${shareWords(automated, installed)}`,
      ...open,
      meaning: 'Installations that renewd renews without anybody.',
    },
    {
      what: 'Requests',
      value: String(metrics.requests),
      ...open,
      meaning: `${String(metrics.accepted)} accepted, ${String(metrics.refused)} refused, ${String(metrics.waiting)} waiting.`,
    },
    {
      what: 'Emergencies',
      value: String(metrics.emergencies),
      ...open,
      meaning: 'Changes with the emergency key, which are reviewed afterwards.',
    },
    {
      what: 'Hours saved',
      value: program === null ? 'not known' : String(metrics.hoursSaved),
      ...open,
      meaning:
        program === null
          ? 'Say in the Program how many hours a year one installation costs by hand (hoursByHand).'
          : 'Installations that renew by themselves, times the hours by hand that the Program states, for this part of the year.',
    },
  ];
}

/** The pieces of the pages of teams: what they share of a scale, what a team does today, its record. Pure. */
import { limits } from '../../../daemon/limits.ts';
import { shareBar } from './charts/bars.ts';
import { el, type Markup } from './markup.ts';
import type { ChangeFacts, Feed, RenewalRecord, TeamFacts } from './model.ts';
import { certificateLink, commitLink, findingArticle, moment, status, type Frame } from './pieces.ts';
import { count } from './time-words.ts';
import { statusWord } from './words.ts';

/** Top of the one scale on which all teams are drawn: the most that ever needed a person in one of them. At least 1. */
export function teamsTop(teams: readonly Pick<TeamFacts, 'trend'>[]): number {
  let top = 1;
  for (const { trend } of teams) for (const each of trend) if (each !== null && each > top) top = each;
  return top;
}

/** One certificate that needs a person: its state, the worst that is known of it, and what to do. */
export function workItem(
  frame: Frame,
  { id, status: state, since, expires, finding }: TeamFacts['work'][number],
): Markup {
  const word = statusWord(state);
  return el(
    'li',
    {},
    el(
      'p',
      { class: 'head' },
      status(word),
      ' ',
      certificateLink(frame, id),
      ' ',
      el('span', { class: 'since' }, 'since ', moment(since)),
      expires !== null && [
        ' ',
        el('span', { class: 'since' }, expires < frame.at ? 'ended ' : 'ends ', moment(expires, true)),
      ],
    ),
    finding === null
      ? [
          el('p', { class: 'message' }, word.meaning),
          word.next !== '' && el('p', { class: 'remedy' }, el('strong', {}, 'What to do.'), ` ${word.next}`),
        ]
      : findingArticle(frame, finding, false),
  );
}

/** How the renewals of the known past went, as a bar against all of them. */
export function renewalFacts({ renewed, inTime }: RenewalRecord): Markup {
  if (renewed === 0) return el('p', { class: 'quiet' }, 'No renewal is in the history that is known.');
  const share = `${String(Math.round(limits.site.renewalMarginShare * 100))} %`;
  return [
    el(
      'p',
      {},
      el('strong', {}, `${String(inTime)} of ${String(renewed)}`),
      ` ${renewed === 1 ? 'renewal' : 'renewals'} came in time`,
      inTime < renewed && `, ${String(renewed - inTime)} with less than ${share} of the lifetime left`,
      '.',
    ),
    shareBar(inTime, renewed, inTime < renewed ? 'fill soon' : 'fill'),
    el('p', { class: 'note' }, `In time means: at least ${share} of the lifetime before was left.`),
  ];
}

const outcomes: Readonly<Record<ChangeFacts['outcome'], string>> = {
  waiting: 'waits for an approval',
  refused: 'was refused',
  accepted: 'was accepted',
  trusted: 'was taken on trust',
};

/** One change of the declarations that did not go through, why, and how it would. */
export function heldChange(frame: Frame, change: ChangeFacts): Markup {
  return el(
    'li',
    {},
    el(
      'p',
      { class: 'message' },
      change.subject,
      ' ',
      el(
        'span',
        { class: 'since' },
        `${outcomes[change.outcome]}, seen `,
        moment(change.seenAt),
        ', ',
        commitLink(frame, change.commit),
      ),
    ),
    change.reasons.map(({ message, fix }) => [
      el('p', { class: 'remedy' }, message),
      fix !== '' && el('p', { class: 'remedy' }, el('strong', {}, 'What to do.'), ` ${fix}`),
    ]),
    change.certificates.length > 0 &&
      el(
        'p',
        { class: 'since' },
        'About ',
        change.certificates
          .slice(0, limits.site.rowNamesMax)
          .map((id, index) => [index > 0 && ', ', certificateLink(frame, id)]),
        change.certificateCount > limits.site.rowNamesMax &&
          ` and ${String(change.certificateCount - limits.site.rowNamesMax)} more`,
      ),
  );
}

/** What a feed is good for, for someone who has never subscribed to one. */
export const feedWords: Readonly<Record<Feed['kind'], string>> = {
  calendar: 'Subscribe to it in a calendar: renewals and ends appear by themselves',
  atom: 'Findings and drift, for a feed reader or a chat channel',
  json: 'For programs',
  csv: 'For a spreadsheet',
  badge: 'Picture for a README',
  cbom: 'Cryptography bill of materials, CycloneDX',
  schema: 'Form of the data',
};

/** All teams in one sentence. */
export function teamsSentence(teams: readonly Pick<TeamFacts, 'open'>[]): string {
  const busy = teams.filter((team) => team.open > 0).length;
  if (teams.length === 0) return 'No team is declared yet.';
  if (busy === 0) return teams.length === 1 ? 'The only team has no open work.' : 'No team has open work.';
  if (busy === teams.length)
    return teams.length === 1 ? 'The only team has open work.' : `All ${String(busy)} teams have open work.`;
  return `${String(busy)} of ${count(teams.length, 'team')} ${busy === 1 ? 'has' : 'have'} open work.`;
}

/** Numbers of a team in one line: `2 of 6 need a person`. */
export function teamWords(team: Pick<TeamFacts, 'open' | 'total'>): string {
  if (team.total === 0) return 'no certificate yet';
  return `${String(team.open)} of ${count(team.total, 'certificate')} ${team.open === 1 ? 'needs' : 'need'} a person`;
}

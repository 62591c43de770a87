/** Badges for a README or a wiki: a word and a number, with the day they are of, because a picture cannot tell that it has grown old. */
import { limits } from '../../daemon/limits.ts';
import { slug } from '../src/lib/links.ts';
import { el, toHtml } from '../src/lib/markup.ts';
import type { SiteModel, StatusCounts } from '../src/lib/model.ts';
import { dataAge } from '../src/lib/posture.ts';
import { openOf } from '../src/lib/trend-words.ts';
import { statusOrder, statusWords, type Tone } from '../src/lib/words.ts';
import type { DataFile, FeedInput } from './feed.ts';
import { xmlCharacters } from './xml.ts';

/** White on each has a contrast of 4.5 or more. */
const colours: Readonly<Record<Tone, string>> = {
  critical: '#8f1414',
  drift: '#6e2fa8',
  soon: '#8a5200',
  unknown: '#4a4f57',
  planned: '#285fcf',
  ok: '#0b6e8f',
  quiet: '#4a4f57',
};

/** What the badge says, and in which tone: the worst status decides, old facts and unknown ones are never in order. Pure. */
export function badgeWords(
  model: Pick<SiteModel, 'dataAge' | 'generatedFrom'>,
  counts: StatusCounts,
): { readonly words: string; readonly tone: Tone } {
  const day = (model.dataAge.at ?? model.generatedFrom.at).slice(0, 10);
  const [worst] = statusOrder.filter((status) => counts[status] > 0);
  if (worst === undefined) return { words: 'none yet', tone: 'unknown' };
  if (dataAge(model).stale) return { words: `facts of ${day} are old`, tone: 'unknown' };
  const open = openOf(counts);
  if (open > 0)
    return {
      words: `${String(open)} ${open === 1 ? 'needs' : 'need'} a person on ${day}`,
      tone: statusWords[worst].tone,
    };
  return counts.ok > 0
    ? { words: `${String(counts.ok)} in order on ${day}`, tone: 'ok' }
    : { words: `none needs a person on ${day}`, tone: statusWords[worst].tone };
}

/** Width of a text in Verdana of 11 px, and room at its sides: its letters have three widths, near enough. */
function widthOf(text: string): number {
  let width = 12;
  for (const character of text)
    width += /[fijlrt.,:|' -]/.test(character) ? 4.5 : /[mwMW…]/.test(character) || character > '~' ? 11 : 7;
  return Math.round(width);
}

function badgeText(label: string, { words, tone }: ReturnType<typeof badgeWords>): string {
  const [left, right] = [widthOf(label), widthOf(words)];
  const svg = el(
    'svg',
    {
      viewBox: `0 0 ${String(left + right)} 20`,
      width: left + right,
      height: 20,
      role: 'img',
      'aria-label': `${label}: ${words}`,
    },
    el('title', {}, `${label}: ${words}`),
    el('rect', { width: left, height: 20, fill: '#30373d' }),
    el('rect', { x: left, width: right, height: 20, fill: colours[tone] }),
    el('text', { x: left / 2, y: 14, 'text-anchor': 'middle', fill: '#fff' }, label),
    el('text', { x: left + right / 2, y: 14, 'text-anchor': 'middle', fill: '#fff' }, words),
  );
  const head =
    '<svg xmlns="http://www.w3.org/2000/svg" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" ';
  return `${xmlCharacters(toHtml(svg)).replace('<svg ', head)}\n`;
}

/** Of whom, short enough for a line of text. */
function labelOf(team: string): string {
  const letters = Array.from(team);
  const max = limits.site.badgeTeamMaxChars;
  return `certificates of ${letters.length <= max ? team : `${letters.slice(0, max - 1).join('')}…`}`;
}

/** `badge.svg`, of everything and of each team. */
export function* badges({ model }: FeedInput): Generator<DataFile> {
  yield {
    path: 'badge.svg',
    text: badgeText('certificates', badgeWords(model, model.posture.counts)),
    feed: { title: 'Badge', kind: 'badge', team: null },
  };
  for (const team of model.teams)
    yield {
      path: `teams/${slug(team.name)}/badge.svg`,
      text: badgeText(labelOf(team.name), badgeWords(model, team.counts)),
      feed: { title: `Badge: ${team.displayName}`, kind: 'badge', team: team.name },
    };
}

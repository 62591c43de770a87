/** Pieces of the page about maturity, as markup. Pure. */
import type { Maturity } from '../../../daemon/core/service/maturity.ts';
import { el, type Markup } from './markup.ts';
import { levelMax, levelWords, type Figure } from './maturity-words.ts';
import type { TeamFacts } from './model.ts';
import { mark, status, teamLink, type Frame } from './pieces.ts';
import type { Word } from './words.ts';

/** A level as five steps, those that are reached filled, with the words that say the same. */
export function levelBar(level: number): Markup {
  const boxes = Array.from({ length: levelMax }, (_, index) =>
    el('rect', { class: index < level ? 'planned' : 'empty', x: index * 22 + 1, y: 1, width: 18, height: 8 }),
  );
  return [
    el(
      'svg',
      {
        class: 'level',
        viewBox: `0 0 ${String(levelMax * 22)} 10`,
        width: levelMax * 22,
        height: 10,
        'aria-hidden': 'true',
        focusable: 'false',
      },
      boxes,
    ),
    ' ',
    levelWords(level),
  ];
}

const evidenceMark = (met: boolean): Markup => (met ? mark('tick', 'ok') : mark('dash', 'soon'));

/** Teams with their levels, the lowest first; those without a certificate are at the end. */
export function teamLevels(frame: Frame, teams: readonly TeamFacts[]): Markup {
  const ordered = teams.toSorted(
    (a, b) => (a.maturity?.level ?? 9) - (b.maturity?.level ?? 9) || (a.name < b.name ? -1 : 1),
  );
  return el(
    'table',
    { class: 'stack' },
    el(
      'caption',
      {},
      'The lowest level first. A level is reached when every question up to it is answered with yes.',
    ),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        ['Team', 'Level', 'Next step', 'Evidence'].map((head) => el('th', { scope: 'col' }, head)),
      ),
    ),
    el(
      'tbody',
      {},
      ordered.map((team) => levelRow(frame, team)),
    ),
  );
}

function levelRow(frame: Frame, { name, maturity }: TeamFacts): Markup {
  return el(
    'tr',
    {},
    el('th', { scope: 'row' }, teamLink(frame, name)),
    el(
      'td',
      { 'data-label': 'Level' },
      maturity === null ? 'none: it has no certificate' : levelBar(maturity.level),
    ),
    el(
      'td',
      { 'data-label': 'Next step' },
      maturity === null
        ? 'Declare the first certificate: renewd request.'
        : (maturity.nextStep ?? 'Nothing: the highest level is reached.'),
    ),
    el('td', { 'data-label': 'Evidence' }, maturity !== null && evidenceList(maturity)),
  );
}

function evidenceList({ evidence }: Maturity): Markup {
  const met = evidence.filter((each) => each.met).length;
  return el(
    'details',
    { class: 'inline' },
    el('summary', {}, `${String(met)} of ${String(evidence.length)} answered with yes`),
    el(
      'ul',
      { class: 'answers' },
      evidence.map((each) =>
        el(
          'li',
          {},
          evidenceMark(each.met),
          ` ${each.met ? 'yes' : 'no'}: ${each.question} (${each.numbers}; asked for level ${String(each.level)})`,
        ),
      ),
    ),
  );
}

const metWord: Word = {
  label: 'Met',
  tone: 'ok',
  shape: 'tick',
  meaning: 'The figure of the period reaches the target.',
};
const missedWord: Word = {
  label: 'Missed',
  tone: 'soon',
  shape: 'triangle',
  meaning: 'The figure of the period does not reach the target.',
};
const unknownWord: Word = {
  label: 'Not known',
  tone: 'unknown',
  shape: 'question',
  meaning: 'There is nothing in the period to measure it by.',
};

/** Whether a target is reached; nothing where there is none. */
export function targetStatus({ target, met }: Figure): Markup {
  if (target === '') return 'no target';
  return [target, ' ', status(met === null ? unknownWord : met ? metWord : missedWord)];
}

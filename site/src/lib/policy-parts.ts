/** Pieces of the pages about policies, as markup: the bar of a rule, who breaks it. Pure. */
import { findingCodes } from '../../../daemon/core/finding-codes.ts';
import { el, type Markup } from './markup.ts';
import type { RuleFacts } from './model.ts';
import { certificateLink, moment, type Frame } from './pieces.ts';
import { ruleSentence } from './policy-words.ts';
import { count } from './time-words.ts';

/** Parts of 1000 for those that break a rule, are excepted, and the others. What occurs can be seen, however rare. Empty where the rule counts for nobody. */
export function barParts({
  applies,
  broken,
  waived,
}: Pick<RuleFacts, 'applies' | 'broken' | 'waived'>): readonly {
  readonly part: 'broken' | 'waived' | 'rest';
  readonly x: number;
  readonly width: number;
}[] {
  const rest = Math.max(0, (applies ?? 0) - broken - waived);
  const present = (
    [
      ['broken', broken],
      ['waived', waived],
      ['rest', rest],
    ] as const
  ).filter(([, number]) => number > 0);
  const total = broken + waived + rest;
  const [gap, least] = [4, 8];
  const room = 1000 - gap * (present.length - 1) - least * present.length;
  let x = 0;
  return present.map(([part, number]) => {
    const width = least + Math.round((room * number) / total);
    const placed = { part, x, width };
    x += width + gap;
    return placed;
  });
}

const barTone = { broken: 'soon', waived: 'planned', rest: 'none' } as const;

/** The bullet bar of a rule, with the sentence that says the same; nothing for a rule that counts for nobody. */
export function ruleBar(rule: RuleFacts): Markup {
  const parts = rule.action === 'off' ? [] : barParts(rule);
  if (parts.length === 0) return null;
  return el(
    'svg',
    {
      class: 'bullet',
      viewBox: '0 0 1000 10',
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': ruleSentence(rule),
    },
    parts.map(({ part, x, width }) =>
      el('rect', {
        class: barTone[part],
        x,
        y: part === 'rest' ? 3 : 0,
        width,
        height: part === 'rest' ? 4 : 10,
      }),
    ),
  );
}

/** What a finding about a rule is called. */
export function breachTitle(code: string): string {
  return Object.hasOwn(findingCodes, code) ? findingCodes[code as keyof typeof findingCodes].title : code;
}

/** Who breaks a rule, is excepted from it or will break it; null where there is nobody to name. */
export function violatorTable(frame: Frame, rule: RuleFacts): Markup {
  const { violators, broken, waived, upcoming } = rule;
  if (violators.length === 0) return null;
  const all = broken + waived + upcoming;
  return el(
    'table',
    { class: 'stack' },
    el(
      'caption',
      {},
      `Certificates with a finding about ${rule.id}, those that break it first.`,
      all > violators.length &&
        ` ${count(violators.length, 'finding')} of ${count(all, 'certificate')} in all.`,
    ),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        ['Certificate', 'What', 'Message', 'Since'].map((head) => el('th', { scope: 'col' }, head)),
      ),
    ),
    el(
      'tbody',
      {},
      violators.map(({ certificate, code, message, since }) =>
        el(
          'tr',
          {},
          el('th', { scope: 'row' }, certificateLink(frame, certificate)),
          el('td', { 'data-label': 'What' }, breachTitle(code), ' ', el('code', { class: 'note' }, code)),
          el('td', { 'data-label': 'Message' }, message),
          el('td', { 'data-label': 'Since' }, moment(since, true)),
        ),
      ),
    ),
  );
}

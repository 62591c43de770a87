/** The pieces of the front page that need more than a line: the trend with its numbers, and where each reader goes on. Pure. */
import { chartFigure, numbersTable } from './charts/figure.ts';
import { trendDrawing } from './charts/trend.ts';
import type { Markup } from './markup.ts';
import type { SiteModel, TrendPoint } from './model.ts';
import { commitLink, moment, type Frame } from './pieces.ts';
import { sectionsOf } from './sections.ts';
import { brokenOf, openOf, trendFinding } from './trend-words.ts';

/** The quarter behind today as a chart; each point leads to the commit whose records it was counted from. */
export function trendFigure(frame: Frame, trend: readonly TrendPoint[]): Markup {
  const of = (number: (counts: NonNullable<TrendPoint['counts']>) => number): readonly (number | null)[] =>
    trend.map(({ counts }) => (counts === null ? null : number(counts)));
  const [open, broken] = [of(openOf), of(brokenOf)];
  const finding = trendFinding(trend);
  return chartFigure({
    finding,
    keys: [
      { mark: 'open', label: 'need a person', value: open.at(-1) ?? null },
      { mark: 'broken', label: 'of these expired or failing', value: broken.at(-1) ?? null },
    ],
    drawing: trendDrawing(
      finding,
      trend.map((point) => point.at),
      [
        { mark: 'open', counts: open },
        { mark: 'broken', counts: broken },
      ],
    ),
    summary: 'The numbers, and the commit of each',
    table: numbersTable(
      'Counted from the records that were current at each instant.',
      ['When', 'Need a person', 'Expired or failing', 'Records'],
      trend
        .map(({ at, commit }, index) => [
          { text: moment(at, true) },
          { text: open[index] ?? 'not known', number: true },
          { text: broken[index] ?? 'not known', number: true },
          { text: commit === null ? 'none yet' : commitLink(frame, commit), number: true },
        ])
        .toReversed(),
    ),
  });
}

export interface Way {
  readonly reader: string;
  readonly links: readonly { readonly href: string; readonly words: string }[];
}

/** Where each reader finds the answer they came for: one link each, two at most. Only pages that this site has. */
export function waysOn(frame: Frame, model: SiteModel): readonly Way[] {
  const has = new Set(sectionsOf(model).map((each) => each.path));
  const link = (path: string, words: string): Way['links'] =>
    has.has(path) ? [{ href: frame.links.to(path), words }] : [];
  const [period] = model.audit.periods;
  const ways: readonly Way[] = [
    {
      reader: 'For executives',
      links: [{ href: '#trend', words: 'The last 13 weeks' }, ...link('maturity/', 'How mature we are')],
    },
    {
      reader: 'For team leads',
      links: [...link('teams/', 'Your team’s day of work'), ...link('request/', 'Ask for a certificate')],
    },
    {
      reader: 'For PKI',
      links: [...link('policies/', 'Policies, and who breaks them'), ...link('expiry/', 'Expiry and load')],
    },
    {
      reader: 'For auditors',
      links: has.has('audit/')
        ? [
            ...(period === undefined
              ? []
              : [
                  {
                    href: frame.links.to(`audit/period/${period.label.toLowerCase()}/`),
                    words: `Evidence of ${period.label}`,
                  },
                ]),
            ...link('audit/', 'Every change'),
          ]
        : link('policies/', 'Rules in force'),
    },
  ];
  return ways.filter((each) => each.links.length > 0);
}

/** Charts as values: geometry that follows the numbers, gaps that are no zeros, and sentences that state the finding. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { countStatuses } from '../../site/facts/estate.ts';
import { countAxis, shortDay } from '../../site/src/lib/charts/axis.ts';
import { monthsBar, monthsUntil, shareBar } from '../../site/src/lib/charts/bars.ts';
import { monthsOf, monthTable, monthWords } from '../../site/src/lib/charts/calendar.ts';
import { heatRanges, heatStep, heatTable } from '../../site/src/lib/charts/heat.ts';
import { knownRuns, sparkline, sparkWords, trendDrawing } from '../../site/src/lib/charts/trend.ts';
import { foldKinds, weekBars } from '../../site/src/lib/charts/weeks.ts';
import { byEndTable, loadSentence, weekOf } from '../../site/src/lib/expiry-tables.ts';
import { expirySentence, weeksFigure, yearFigure } from '../../site/src/lib/expiry-view.ts';
import { frameOf } from '../../site/src/lib/frame.ts';
import { toHtml, type Markup } from '../../site/src/lib/markup.ts';
import type { LoadScenario, StatusCounts, TrendPoint } from '../../site/src/lib/model.ts';
import { postureHeadline } from '../../site/src/lib/posture.ts';
import { trendFigure, waysOn } from '../../site/src/lib/posture-view.ts';
import { quantumSentence } from '../../site/src/lib/quantum-words.ts';
import { renewalFacts, teamsSentence, teamsTop } from '../../site/src/lib/team-view.ts';
import { trendFinding, weekChange } from '../../site/src/lib/trend-words.ts';
import { tagsOf } from './html-reader.ts';
import { modelOf, sampleModel, sampleSources } from './sample-model.ts';

const counts = (some: Partial<StatusCounts>): StatusCounts => ({ ...countStatuses([]), ...some });
const point = (at: string, some: Partial<StatusCounts> | null): TrendPoint => ({
  at,
  commit: null,
  counts: some === null ? null : counts(some),
});
const week = (index: number): string => new Date(Date.UTC(2026, 8, 1 + 7 * index)).toISOString();
const trend = (...expired: readonly (number | null)[]): readonly TrendPoint[] =>
  expired.map((each, index) => point(week(index), each === null ? null : { expired: each, ok: 9 }));
const drawn = (
  markup: Markup,
  tag: string,
  mark?: string,
): readonly ReadonlyMap<string, string | undefined>[] =>
  tagsOf(toHtml(markup))
    .filter((each) => each.name === tag)
    .map((each) => new Map(each.attributes))
    .filter((each) => mark === undefined || (each.get('class') ?? '').split(' ').includes(mark));
const model = sampleModel();
const frame = frameOf(model, '/');

describe('the line of a trend', () => {
  test('is broken where nothing is known and never goes to zero there', () => {
    const runs = knownRuns([4, 4, null, 4, null], (count) => count * 10);
    assert.deepEqual(runs, [
      [
        { x: 0, y: 60 },
        { x: 25, y: 60 },
      ],
      [{ x: 75, y: 60 }],
    ]);
  });

  test('leaves a mark where nothing is known, and a week alone is a dot', () => {
    const markup = trendDrawing('x', [0, 1, 2, 3, 4].map(week), [
      { mark: 'open', counts: [null, null, 3, null, 5] },
    ]);
    assert.deepEqual(
      drawn(markup, 'rect', 'gap').map((each) => [each.get('x'), each.get('width')]),
      [
        ['0%', '50%'],
        ['50%', '50%'],
      ],
    );
    assert.deepEqual(
      drawn(markup, 'path', 'line').map((each) => each.get('d')?.endsWith('h0')),
      [true, true],
    );
    assert.equal(drawn(markup, 'path', 'area').length, 0);
  });

  test('a real zero is drawn, and is no gap', () => {
    const markup = trendDrawing('x', [week(0), week(1)], [{ mark: 'open', counts: [0, 0] }]);
    assert.equal(drawn(markup, 'rect', 'gap').length, 0);
    assert.equal(drawn(markup, 'path', 'line')[0]?.get('d'), 'M0,100L100,100');
  });

  test('has its finding as the one name of the picture', () => {
    const images = drawn(trendFigure(frame, model.posture.trend), 'div', 'plot');
    assert.equal(images.length, 1);
    assert.equal(images[0]?.get('role'), 'img');
    assert.equal(images[0].get('aria-label'), trendFinding(model.posture.trend));
  });

  test('has every point in its table, the unknown ones in words, each with its commit', () => {
    const html = toHtml(trendFigure(frame, model.posture.trend));
    const unknown = model.posture.trend.filter((each) => each.counts === null).length;
    assert.equal(html.split('<td class="n">not known</td>').length - 1, 2 * unknown);
    for (const { commit, at } of model.posture.trend) {
      assert.ok(html.includes(at), at);
      if (commit !== null) assert.ok(html.includes(`/commit/${commit}`), at);
    }
  });

  test('in the size of a word it shares its scale with the others', () => {
    const low = /d="M0,92L100,([\d.]+)"/.exec(toHtml(sparkline('x', [0, 1], 10)))?.[1];
    assert.equal(Number(low), 83.6);
    assert.equal(teamsTop([{ trend: [null, 3] }, { trend: [7, 0] }]), 7);
    assert.equal(teamsTop([{ trend: [0, null] }]), 1);
  });

  test('is told in words', () => {
    assert.equal(sparkWords([null, null]), 'not known');
    assert.equal(sparkWords([null, 3]), '3 now, before is not known');
    assert.equal(sparkWords([2, 2, 2]), '2 all the time over 2 weeks');
    assert.equal(sparkWords([null, 1, 5, 2]), 'from 1 to 2 over 2 weeks, at most 5');
  });
});

describe('the sentence of a trend', () => {
  test('says what it was, what it is, and the most between', () => {
    assert.equal(
      trendFinding(trend(1, 9, 3)),
      'Certificates that need a person rose from 1 to 3 in 2 weeks, at most 9 between.',
    );
    assert.equal(trendFinding(trend(5, 2)), 'Certificates that need a person fell from 5 to 2 in 1 week.');
  });

  test('says how much of it is known', () => {
    assert.equal(
      trendFinding(trend(null, null, 1, 4)),
      'Certificates that need a person rose from 1 to 4 in the 1 week that is known.',
    );
    assert.equal(trendFinding(trend(null, null)), 'How many needed a person is not known.');
    assert.equal(
      trendFinding(trend(null, 2)),
      '2 certificates need a person now; how many did before is not known.',
    );
  });

  test('says that nothing changed only when nothing did', () => {
    assert.equal(
      trendFinding(trend(0, 0, 0)),
      'No certificate needs a person, as throughout the last 2 weeks.',
    );
    assert.equal(
      trendFinding(trend(null, 2, 2, 2)),
      '2 certificates need a person, as throughout the 2 weeks that are known.',
    );
    assert.equal(
      trendFinding(trend(1, 6, 1)),
      '1 certificate needs a person, as many as 2 weeks ago, at most 6 between.',
    );
  });

  test('the change against a week ago is told only where both are known', () => {
    assert.equal(weekChange(trend(1, 3)), '2 more than a week ago');
    assert.equal(weekChange(trend(3, 1)), '2 fewer than a week ago');
    assert.equal(weekChange(trend(3, 3)), 'as many as a week ago');
    assert.equal(weekChange(trend(null, 3)), null);
    assert.equal(weekChange([]), null);
  });

  test('stands in the headline of the front page', () => {
    assert.equal(
      postureHeadline(counts({ expired: 3, ok: 9 }), trend(1, 3)),
      '3 of 12 certificates need a person, 2 more than a week ago: they have expired.',
    );
    assert.equal(
      postureHeadline(counts({ expired: 3, ok: 9 }), trend(null, 3)),
      '3 of 12 certificates need a person: they have expired.',
    );
    assert.equal(
      postureHeadline(counts({ ok: 9 }), trend(2, 0)),
      'All 9 certificates are served as issued and within policy; a week ago 2 needed a person.',
    );
    assert.equal(
      postureHeadline(counts({ ok: 9 }), trend(0, 0)),
      'All 9 certificates are served as issued and within policy.',
    );
  });
});

describe('bars of weeks', () => {
  const bars = (...parts: readonly (readonly number[])[]): Markup =>
    weekBars(
      'x',
      parts.map((each, index) => ({ from: week(index), parts: each, planned: index })),
    );

  test('stand on each other, and their heights are their counts', () => {
    const rects = drawn(bars([2, 3], [0, 5]), 'rect');
    const heights = rects.map((each) => [each.get('class'), each.get('y'), each.get('height')]);
    assert.deepEqual(heights, [
      ['shade-0', '60%', '40%'],
      ['shade-1', '0%', '60%'],
      ['shade-1', '0%', '100%'],
    ]);
  });

  test('a week without any has no bar, and a plan of none no mark', () => {
    const markup = bars([0], [0]);
    assert.equal(drawn(markup, 'rect').length, 0);
    assert.equal(drawn(markup, 'line', 'planned-mark').length, 1);
  });

  test('kinds beyond the shades are drawn as one, and none is lost', () => {
    const kinds = foldKinds(['a', 'b', 'c', 'd', 'e', 'f'], [[1, 2, 3, 4, 5, 6]]);
    assert.deepEqual(kinds.labels, ['f', 'e', 'd', '3 others']);
    assert.deepEqual(kinds.fold([1, 2, 3, 4, 5, 6]), [6, 5, 4, 6]);
    assert.deepEqual(foldKinds(['a', 'b'], [[1, 2]]).labels, ['b', 'a']);
    assert.deepEqual(foldKinds([], [[]]).labels, []);
    assert.deepEqual(foldKinds(['a', 'b', 'c'], [[1, 2, 3]], 2).fold([1, 2, 3]), [3, 3]);
  });

  test('an axis of counts has whole numbers and a top that is not below the most', () => {
    for (const most of [0, 1, 2, 3, 7, 19, 99, 101, 12_345]) {
      const { ticks, top, height } = countAxis(most);
      assert.ok(ticks.every(Number.isInteger), String(most));
      assert.equal(ticks[0], 0);
      assert.ok(top >= most && height(top) === 100 && height(0) === 0, String(most));
    }
  });

  test('the table has every environment and says what is before and after', () => {
    const html = toHtml(weeksFigure(model.expiry, () => true));
    assert.match(html, /Ended before: 1\. Ending later: 0\./);
    for (const { from } of model.expiry.weeks) assert.ok(html.includes(`href="#week-${from.slice(0, 10)}"`));
    assert.ok(!toHtml(weeksFigure(model.expiry, () => false)).includes('href='));
  });
});

describe('the heat scale', () => {
  test('has no shade for none and the darkest for the most', () => {
    assert.equal(heatStep(0, 10), 0);
    assert.equal(heatStep(10, 10), 5);
    assert.equal(heatStep(1, 10), 1);
    assert.equal(heatStep(3, 0), 0);
  });

  test('each count has the shade whose range says so', () => {
    for (const most of [1, 2, 4, 5, 7, 13, 100]) {
      const ranges = heatRanges(most);
      assert.equal(ranges.length, Math.min(5, most));
      for (let each = 1; each <= most; each++) {
        const range = ranges.find(({ label }) => {
          const [low = 0, high = low] = label.split('–').map(Number);
          return each >= low && each <= high;
        });
        assert.equal(range?.step, heatStep(each, most), `${String(each)} of ${String(most)}`);
      }
    }
  });

  test('a matrix is a real table: heads of rows and columns, the number in the cell', () => {
    const html = toHtml(
      heatTable({
        caption: 'Keys',
        corner: 'Key',
        heads: ['prod', 'test'],
        restHeads: ['All'],
        rows: [{ head: 'rsa', counts: [5, 0], rest: [5] }],
      }),
    );
    assert.match(html, /<caption>Keys<\/caption>/);
    assert.match(html, /<th scope="row">rsa<\/th>/);
    assert.match(html, /<td data-label="prod" class="n heat-5"><span>5<\/span>/);
    assert.match(html, /<td data-label="test" class="n zero"><span>0<\/span>/);
  });
});

describe('the year', () => {
  const days = Array.from({ length: 40 }, (_, index) => ({
    day: new Date(Date.UTC(2026, 10, 21 + index)).toISOString().slice(0, 10),
    ends: index === 1 ? 3 : 0,
    renews: 0,
  }));

  test('stands in weeks from Monday to Sunday, each day once', () => {
    const months = monthsOf(days);
    assert.deepEqual(
      months.map((each) => each.month),
      ['2026-11', '2026-12'],
    );
    const [november, december] = months;
    assert.deepEqual(
      november?.weeks[0]?.map((each) => each?.day ?? null),
      [null, null, null, null, null, '2026-11-21', '2026-11-22'],
    );
    assert.equal(november.weeks[1]?.[0]?.day, '2026-11-23');
    assert.equal(december?.weeks[0]?.[1]?.day, '2026-12-01', 'a Tuesday');
    const all = months.flatMap((each) => each.weeks.flat()).filter((each) => each !== null);
    assert.deepEqual(all, days);
    assert.equal(november.ends, 3);
  });

  test('a day on which something ends leads to its list and says how many, other days lead nowhere', () => {
    const [november] = monthsOf(days);
    assert.ok(november !== undefined);
    const markup = monthTable(november, 3, (day) => `/certificates/?expires=${day}`);
    const links = drawn(markup, 'a');
    assert.equal(links.length, 1);
    assert.equal(links[0]?.get('href'), '/certificates/?expires=2026-11-22');
    assert.match(
      toHtml(markup),
      /<a [^>]+><small>22<\/small><b>3<\/b><span class="hidden"> 22 November 2026: 3 end<\/span><\/a>/,
    );
    const withheld = monthTable(november, 3, () => null);
    assert.equal(drawn(withheld, 'a').length, 0);
    assert.match(toHtml(withheld), /<b>3<\/b>/);
  });

  test('has its numbers by month in a table', () => {
    const html = toHtml(yearFigure({ ...model.expiry, days }, () => null));
    assert.match(html, /On no day do more than 3 end; the first such day is 2026-11-22\./);
    assert.match(html, /<th scope="row">November 2026<\/th><td class="n">3<\/td>/);
    assert.match(toHtml(yearFigure({ ...model.expiry, days: [] }, () => null)), /Nothing ends within a year/);
  });

  test('months and days have names', () => {
    assert.equal(monthWords('2027-01'), 'January 2027');
    assert.equal(shortDay('2026-11-03T00:00:00Z'), '3 Nov');
    assert.equal(shortDay('2026-13-03'), '2026-13-03');
  });
});

describe('bars beside a number', () => {
  const width = (markup: Markup): string | undefined => drawn(markup, 'rect', 'fill')[0]?.get('width');

  test('are their share of the whole, and nothing where there is nothing', () => {
    assert.equal(width(shareBar(1, 4)), '25%');
    assert.equal(width(shareBar(9, 4)), '100%');
    assert.equal(width(shareBar(0, 4)), undefined);
    assert.equal(width(shareBar(1, 0)), undefined);
  });

  test('months are on a scale to 36, and what ends later is open at its end', () => {
    assert.equal(width(monthsBar(18)), '50%');
    assert.equal(drawn(monthsBar(36), 'rect', 'faint').length, 0);
    assert.equal(drawn(monthsBar(37), 'rect', 'faint').length, 1);
    assert.equal(width(monthsBar(-3)), '0%');
    assert.equal(monthsUntil('2026-11-21T00:00:00Z', '2027-11-21T12:00:00Z'), 12);
    assert.equal(monthsUntil('2026-11-21T00:00:00Z', '2026-11-20T00:00:00Z'), -1);
  });
});

describe('sentences', () => {
  test('of the load say the last scenario, and that nothing changes when nothing does', () => {
    const load = (now: number, last: number): readonly LoadScenario[] =>
      [
        [null, now],
        [47, last],
      ].map(([lifetimeMaxDays = null, perYear]) => ({
        lifetimeMaxDays,
        renewalsPerYear: perYear ?? 0,
        renewalsPerDay: Math.round(((perYear ?? 0) / 365.25) * 10) / 10,
      }));
    assert.equal(
      loadSentence(load(97, 730)),
      'From 2029 on 2 renewals a day, where there are 97 renewals a year now.',
    );
    assert.equal(
      loadSentence(load(730, 730)),
      'From 2029 on it stays at 2 renewals a day: lifetimes are short enough already.',
    );
    assert.equal(loadSentence(load(0, 0)), 'Nothing is renewed yet, so shorter lifetimes add nothing.');
  });

  test('of quantum readiness name every state that occurs', () => {
    const none = { vulnerable: 0, transition: 0, ready: 0, unknown: 0 };
    assert.equal(
      quantumSentence({ vulnerable: 3, transition: 1, ready: 2, unknown: 0 }),
      'Of 6 installed keys, 3 are vulnerable to a quantum computer, 1 is in transition and 2 are ready.',
    );
    assert.equal(quantumSentence({ ...none, unknown: 2 }), 'Of 2 installed keys, 2 are of an unknown kind.');
    assert.equal(
      quantumSentence({ ...none, ready: 2 }),
      'Every installed key holds against a quantum computer.',
    );
    assert.match(quantumSentence(none), /no key to judge/);
  });

  test('of expiry say what has ended and what ends in 30 days', () => {
    assert.equal(
      expirySentence(model.expiry),
      '1 installed certificate has ended; 2 end in the next 30 days.',
    );
    assert.equal(
      expirySentence({ ...model.expiry, before: 0, days: [] }),
      'Of 17 installed certificates, none ends in the next 30 days.',
    );
  });

  test('of teams and their renewals', () => {
    assert.equal(teamsSentence([{ open: 1 }, { open: 0 }]), '1 of 2 teams has open work.');
    assert.equal(teamsSentence([{ open: 0 }, { open: 0 }]), 'No team has open work.');
    assert.match(
      toHtml(renewalFacts({ renewed: 5, inTime: 4 })),
      /4 of 5<\/strong> renewals came in time, 1 with less than 10 %/,
    );
    assert.match(
      toHtml(renewalFacts({ renewed: 0, inTime: 0 })),
      /No renewal is in the history that is known/,
    );
  });
});

describe('the way on from the front page', () => {
  test('has a link for each reader, and the auditor’s leads to the newest quarter', () => {
    const ways = waysOn(frame, model);
    assert.deepEqual(
      ways.map((each) => each.reader),
      ['For executives', 'For team leads', 'For PKI', 'For auditors'],
    );
    assert.equal(ways[3]?.links[0]?.words, `Evidence of ${model.audit.periods[0]?.label ?? ''}`);
  });

  test('leads the public to no page that was withheld', () => {
    const sources = sampleSources();
    const open = modelOf({ ...sources, settings: { ...sources.settings, redaction: 'public' } });
    for (const way of waysOn(frameOf(open, '/'), open))
      for (const { href } of way.links) assert.ok(!/audit|request|certificates|endpoints/.test(href), href);
  });
});

describe('the list by end', () => {
  test('is in one group a week, soonest first, with an anchor for the week', () => {
    const html = toHtml(byEndTable(frame, model));
    const anchors = [...html.matchAll(/<tbody id="week-([\d-]+)">/g)].map((match) => match[1]);
    assert.deepEqual(
      anchors,
      [...anchors].sort((a = '', b = '') => (a < b ? -1 : 1)),
    );
    assert.equal(new Set(anchors).size, anchors.length);
    assert.equal(anchors[0], weekOf('2026-11-19T04:00:00Z'));
    assert.equal(html.split('<tr>').length - 2, model.expiry.rows.length);
  });

  test('weeks begin on Monday', () => {
    assert.equal(weekOf('2026-11-22T23:59:59Z'), '2026-11-16');
    assert.equal(weekOf('2026-11-23T00:00:00Z'), '2026-11-23');
    assert.equal(weekOf('soon'), 'unknown');
  });
});

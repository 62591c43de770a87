/** The site in a real browser: every page at three widths, light and dark, with and without scripts, by keyboard, on paper, and as a screen reader would hear it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { serveDirectory, type StaticServer } from '../../daemon/http/static.ts';
import type { SiteSources } from '../../site/facts/sources.ts';
import { listenedPage, noBrowser, startBrowser } from './browser.ts';
import { built } from './built.ts';
import { emptySources, sampleSources } from './sample-model.ts';

const axe = noBrowser === false ? readFileSync('node_modules/axe-core/axe.min.js', 'utf8') : '';
/** The colours that stand for "in order", light and dark. */
const okColours = [...readFileSync('site/styles/base.css', 'utf8').matchAll(/--ok: (#[0-9a-f]{6});/g)].map(
  ([, colour]) => colour,
);
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** The sample, fresh by the browser's own clock: otherwise every page would say that it is stale. */
function freshSources(): SiteSources {
  const sources = sampleSources();
  const now = Date.now();
  const stamp = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
  const { heartbeat } = sources.records;
  assert.ok(heartbeat !== null);
  return {
    ...sources,
    at: stamp(now),
    records: { ...sources.records, heartbeat: { ...heartbeat, at: stamp(now - 240_000) } },
  };
}

describe('in a browser', { skip: noBrowser }, () => {
  let browser: Browser;
  let server: StaticServer;
  let paths: readonly string[] = [];
  let some: readonly string[] = [];

  before(async () => {
    const { directory, pages } = await built('browser', freshSources());
    server = await serveDirectory({ directory, host: '127.0.0.1', port: 0 });
    browser = await startBrowser();
    paths = [...pages.keys()].map((path) => path.replace(/index\.html$/, ''));
    // Pages of one kind are alike: two of each, those that need a person among them.
    const seen = new Map<string, number>();
    some = paths.filter((path) => {
      const kind = path.split('/').length > 2 ? (path.split('/')[0] ?? '') : path;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      return (seen.get(kind) ?? 0) <= 2 || path === 'certificates/web/shop/';
    });
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  /** Opens each page in a context of its own kind, two at a time, and asks `look` what is wrong with it. */
  const walk = async (
    which: readonly string[],
    options: BrowserContextOptions,
    look: (page: Page, path: string) => Promise<readonly string[]>,
    url = server.url,
  ): Promise<void> => {
    const context = await browser.newContext(options);
    const wrong: string[] = [];
    await Promise.all(
      [0, 1].map(async (half) => {
        const { page, complaints } = await listenedPage(context, url);
        for (const path of which.filter((_, index) => index % 2 === half)) {
          await page.goto(`${url}/${path}`);
          for (const each of await look(page, path)) wrong.push(`${path}: ${each}`);
        }
        wrong.push(...complaints);
      }),
    );
    await context.close();
    assert.deepEqual(wrong, []);
  };
  const wider = async (page: Page): Promise<readonly string[]> => {
    const [scroll = 0, client = 0] = await page.evaluate<number[]>(
      '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
    );
    return scroll <= client ? [] : [`${String(scroll)} px wide on ${String(client)}`];
  };

  /** What axe finds. Evaluated, not added as a script: the policy of the page forbids that, and stays as it is. */
  const violations = async (page: Page): Promise<readonly string[]> => {
    await page.evaluate(axe);
    return page.evaluate<string[]>(
      `axe.run({ runOnly: ${JSON.stringify(tags)} }).then(({ violations }) => violations.map((each) => each.id + ': ' + each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + ' ' + node.failureSummary).join(' | ')))`,
    );
  };

  for (const [width, colorScheme, javaScriptEnabled] of [
    [1280, 'light', true],
    [1280, 'dark', false],
    [768, 'dark', true],
    [390, 'light', true],
    [390, 'light', false],
    [320, 'dark', true],
  ] as const) {
    const words = `${String(width)} px, ${colorScheme}, ${javaScriptEnabled ? 'with' : 'without'} scripts`;
    test(`every page is whole at ${words}: no complaint, nothing wider than the window`, () =>
      walk(some, { viewport: { width, height: 900 }, colorScheme, javaScriptEnabled }, wider));
  }

  for (const [width, colorScheme] of [
    [1280, 'light'],
    [390, 'dark'],
  ] as const)
    test(`axe finds nothing against WCAG 2.2 AA at ${String(width)} px, ${colorScheme}`, () =>
      walk(some, { viewport: { width, height: 900 }, colorScheme }, violations));

  for (const [name, sources] of [
    ['an empty estate', emptySources()],
    ['the public', { ...freshSources(), settings: { ...sampleSources().settings, redaction: 'public' } }],
  ] as const)
    test(`the pages of ${name} are whole on a phone, and axe finds nothing`, async () => {
      const { directory, pages } = await built(`browser-${name}`, sources);
      const other = await serveDirectory({ directory, host: '127.0.0.1', port: 0 });
      try {
        await walk(
          [...pages.keys()].map((path) => path.replace(/index\.html$/, '')),
          { viewport: { width: 390, height: 900 } },
          async (page) => [...(await wider(page)), ...(await violations(page))],
          other.url,
        );
      } finally {
        await other.close();
      }
    });

  test('with the keyboard alone: the skip link first, every stop can be seen, everything is a stop, and the end is reached', () =>
    walk(['', 'certificates/', 'request/', 'certificates/web/shop/', 'expiry/'], {}, async (page, path) => {
      if (path === 'certificates/')
        await page.locator('html[data-inventory="ready"]').waitFor({ state: 'attached' });
      await page.evaluate(`{
        const able = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
        // Of a group of radio buttons one is a stop.
        window.waiting = new Set([...document.querySelectorAll(able)].filter((node) =>
          node.checkVisibility({ visibilityProperty: true }) && !node.disabled && node.type !== 'radio' && node.tabIndex >= 0));
      }`);
      const wrong: string[] = [];
      const stops: string[] = [];
      for (let count = 0; count < 400; count++) {
        await page.keyboard.press('Tab');
        const stop = await page.evaluate<{ name: string; seen: boolean; hidden: boolean } | null>(`(() => {
          const node = document.activeElement;
          if (node === null || node === document.body) return null;
          window.waiting.delete(node);
          const style = getComputedStyle(node);
          const box = node.getBoundingClientRect();
          const [x, y] = [box.left + Math.min(box.width, innerWidth) / 2, box.top + box.height / 2];
          const top = document.elementFromPoint(x, y);
          return {
            name: node.outerHTML.slice(0, 90),
            // Of a field of dates only parts are focused; the field itself shows it.
            seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
            hidden: y < 0 || y > innerHeight || (top !== null && !node.contains(top) && !top.contains(node)),
          };
        })()`);
        if (stop === null) break;
        stops.push(stop.name);
        if (!stop.seen) wrong.push(`no focus ring on ${stop.name}`);
        if (stop.hidden) wrong.push(`out of sight or covered: ${stop.name}`);
      }
      if (!(stops[0] ?? '').includes('#main')) wrong.push('the skip link does not come first');
      if (stops.length < 10 || stops.length >= 400) wrong.push(`${String(stops.length)} stops`);
      const missed = await page.evaluate<string[]>(
        '[...window.waiting].map((node) => "no stop: " + node.outerHTML.slice(0, 90))',
      );
      return [...wrong, ...missed];
    }));

  // What is left of the width of A4 between the margins of the style sheet: 182 mm, and 269 mm where a page is printed across.
  test('on paper: no navigation, black on white, heads of tables on every sheet, nothing wider than the sheet', () =>
    walk(some, { viewport: { width: 688, height: 970 }, colorScheme: 'dark' }, async (page) => {
      await page.emulateMedia({ media: 'print' });
      const wrong = await page.evaluate<string[]>(`(() => {
        const wrong = [];
        const of = (node) => getComputedStyle(node);
        for (const node of document.querySelectorAll('nav, .skip, #theme'))
          if (of(node).display !== 'none') wrong.push(node.outerHTML.slice(0, 80));
        if (of(document.documentElement).backgroundColor !== 'rgb(255, 255, 255)') wrong.push('background');
        for (const head of document.querySelectorAll('thead'))
          if (of(head).display !== 'table-header-group') wrong.push('thead ' + of(head).display);
        return wrong;
      })()`);
      const across = await page.evaluate<boolean>("getComputedStyle(document.body).page === 'wide'");
      await page.setViewportSize({ width: across ? 1016 : 688, height: 970 });
      return [...wrong, ...(await wider(page))];
    }));

  test('with colours of the reader (forced colors): statuses still have words that can be seen', () =>
    walk(some, { viewport: { width: 1280, height: 900 }, forcedColors: 'active' }, async (page) => {
      const wrong = await page.evaluate<string[]>(`(() => {
        if (!matchMedia('(forced-colors: active)').matches) return ['colours are not forced'];
        document.body.style.color = 'Canvas';
        const ground = getComputedStyle(document.body).color;
        return [...document.querySelectorAll('.status, .number')].filter((node) => node.checkVisibility()).flatMap((node) => {
          const { color } = getComputedStyle(node);
          return /\\w/.test(node.textContent) && color !== ground && color !== 'rgba(0, 0, 0, 0)' ? [] : [node.outerHTML.slice(0, 120)];
        });
      })()`);
      return [...wrong, ...(await wider(page))];
    }));

  test('no page of fresh facts says that they are stale', () =>
    walk(some, {}, async (page) => ((await page.locator('.stale').isVisible()) ? ['called stale'] : [])));

  test('fresh facts are not called stale; the theme follows the system and the button', async () => {
    const page = await browser.newPage();
    await page.goto(`${server.url}/`);
    assert.equal(await page.locator('.stale').isVisible(), false);
    assert.match((await page.locator('.age').textContent()) ?? '', /\d minutes ago/);
    const background = 'getComputedStyle(document.documentElement).backgroundColor';
    assert.equal(await page.evaluate(background), 'rgb(255, 255, 255)');
    await page.locator('#theme').click();
    assert.equal(await page.evaluate(background), 'rgb(20, 23, 26)', 'dark by choice');
    await page.goto(`${server.url}/about/`);
    assert.equal(await page.evaluate(background), 'rgb(20, 23, 26)', 'and it stays so');
    await page.close();
  });

  /** How many elements show a colour that stands for "in order". */
  const inOrder = (page: Page): Promise<number> =>
    page.evaluate(`(() => {
      const probe = document.createElement('i');
      document.body.append(probe);
      const colours = new Set(${JSON.stringify(okColours)}.map((colour) => {
        probe.style.color = colour;
        return getComputedStyle(probe).color;
      }));
      return [...document.querySelectorAll('*')].filter((node) => {
        const style = getComputedStyle(node);
        return node !== probe && ['color', 'fill', 'stroke', 'backgroundColor', 'borderTopColor', 'borderLeftColor'].some((name) => colours.has(style[name]));
      }).length;
    })()`);

  test('facts go stale by the clock of the reader, in words on every page, and then nothing is shown as in order', async () => {
    const { directory } = await built('browser-stale', sampleSources());
    const old = await serveDirectory({ directory, host: '127.0.0.1', port: 0 });
    try {
      for (const colorScheme of ['light', 'dark'] as const)
        await walk(
          some,
          { colorScheme },
          async (page) => {
            const banner = page.locator('.stale');
            const words = (await banner.isVisible()) ? ((await banner.textContent()) ?? '') : '';
            const coloured = await inOrder(page);
            return [
              ...(words.includes('These facts are stale') ? [] : ['not called stale']),
              ...(coloured === 0 ? [] : [`${String(coloured)} elements in the colour of what is in order`]),
            ];
          },
          old.url,
        );
    } finally {
      await old.close();
    }
    // The same eyes see the colour where facts are fresh.
    const page = await browser.newPage();
    await page.goto(`${server.url}/`);
    assert.ok((await inOrder(page)) > 0);
    await page.close();
  });
});

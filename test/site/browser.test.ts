/** The site in a real browser: every page at three widths, light and dark, with and without scripts, by keyboard, on paper, and as a screen reader would hear it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { serveDirectory, type StaticServer } from '../../daemon/http/static.ts';
import type { SiteSources } from '../../site/facts/sources.ts';
import { listenedPage, noBrowser, startBrowser } from './browser.ts';
import { built } from './built.ts';
import { sampleSources } from './sample-model.ts';

const axe = noBrowser === false ? readFileSync('node_modules/axe-core/axe.min.js', 'utf8') : '';
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
    // Pages of one kind are alike: three of each, those that need a person among them.
    const seen = new Map<string, number>();
    some = paths.filter((path) => {
      const kind = path.split('/').length > 2 ? (path.split('/')[0] ?? '') : path;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      return (seen.get(kind) ?? 0) <= 3 || path === 'certificates/web/shop/';
    });
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  /** Opens each page in a context of its own kind and asks `look` what is wrong with it. */
  const walk = async (
    which: readonly string[],
    options: BrowserContextOptions,
    look: (
      page: Awaited<ReturnType<typeof listenedPage>>['page'],
      path: string,
    ) => Promise<readonly string[]>,
  ): Promise<void> => {
    const context = await browser.newContext(options);
    const { page, complaints } = await listenedPage(context, server.url);
    const wrong: string[] = [];
    for (const path of which) {
      await page.goto(`${server.url}/${path}`);
      wrong.push(...(await look(page, path)));
    }
    await context.close();
    assert.deepEqual([...complaints, ...wrong], []);
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
      walk(some, { viewport: { width, height: 900 }, colorScheme, javaScriptEnabled }, async (page, path) => {
        const box = await page.evaluate<number[]>(
          '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
        );
        const [scroll = 0, client = 0] = box;
        return scroll <= client ? [] : [`${path} is ${String(scroll)} px wide on ${String(client)}`];
      }));
  }

  for (const [width, colorScheme] of [
    [1280, 'light'],
    [1280, 'dark'],
    [390, 'light'],
  ] as const)
    test(`axe finds nothing against WCAG 2.2 AA at ${String(width)} px, ${colorScheme}`, () =>
      walk(some, { viewport: { width, height: 900 }, colorScheme }, async (page, path) => {
        await page.evaluate(axe);
        const found = await page.evaluate<string[]>(
          `axe.run({ runOnly: ${JSON.stringify(tags)} }).then(({ violations }) => violations.map((each) => each.id + ': ' + each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + ' ' + node.failureSummary).join(' | ')))`,
        );
        return found.map((each) => `${path} ${each}`);
      }));

  test('with the keyboard alone: the skip link first, every stop can be seen, and the end is reached', () =>
    walk(['', 'certificates/', 'request/', 'certificates/web/shop/'], {}, async (page, path) => {
      const wrong: string[] = [];
      const stops: string[] = [];
      for (let count = 0; count < 400; count++) {
        await page.keyboard.press('Tab');
        const stop = await page.evaluate<{ name: string; seen: boolean } | null>(`(() => {
          const node = document.activeElement;
          if (node === null || node === document.body) return null;
          const style = getComputedStyle(node);
          return { name: node.outerHTML.slice(0, 90), seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 };
        })()`);
        if (stop === null) break;
        stops.push(stop.name);
        if (!stop.seen) wrong.push(`${path}: no focus ring on ${stop.name}`);
      }
      if (!(stops[0] ?? '').includes('#main')) wrong.push(`${path}: the skip link does not come first`);
      if (stops.length < 10 || stops.length >= 400) wrong.push(`${path}: ${String(stops.length)} stops`);
      return wrong;
    }));

  test('on paper: no navigation, black on white, heads of tables on every sheet', () =>
    walk(some, { viewport: { width: 800, height: 1100 }, colorScheme: 'dark' }, async (page, path) => {
      await page.emulateMedia({ media: 'print' });
      return page.evaluate<string[]>(`(() => {
        const wrong = [];
        const of = (node) => getComputedStyle(node);
        if (of(document.querySelector('nav')).display !== 'none') wrong.push('navigation');
        if (of(document.documentElement).backgroundColor !== 'rgb(255, 255, 255)') wrong.push('background');
        for (const head of document.querySelectorAll('thead'))
          if (of(head).display !== 'table-header-group') wrong.push('thead ' + of(head).display);
        return wrong.map((each) => ${JSON.stringify(path)} + ': ' + each);
      })()`);
    }));

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

  test('facts go stale by the clock of the reader, in words, and then nothing is shown as in order', async () => {
    const { directory } = await built('browser-stale', sampleSources());
    const old = await serveDirectory({ directory, host: '127.0.0.1', port: 0 });
    const page = await browser.newPage();
    await page.goto(`${old.url}/certificates/web/www/`);
    assert.equal(await page.locator('.stale').isVisible(), true);
    assert.match((await page.locator('.stale').textContent()) ?? '', /These facts are stale/);
    const [ok, unknown] = await page.evaluate<string[]>(
      "['--ok', '--unknown'].map((name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim())",
    );
    assert.equal(ok, unknown);
    await page.close();
    await old.close();
  });
});

/** The site in a real browser: the policy refuses nothing of ours, nothing overflows, filter and order work. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveDirectory } from '../../daemon/http/static.ts';
import { type Browser, findBrowser, startBrowser } from './browser.ts';
import { built } from './built.ts';
import { sampleModel } from './sample-model.ts';

const program = findBrowser();
const skip = program === null ? 'no Chromium is installed' : false;

/** Rows that can be seen, by the text of their header cell. */
const shownRows =
  "[...document.querySelectorAll('#rows tbody tr')].filter((row) => !row.hidden).map((row) => row.querySelector('th').textContent.trim()).join()";

async function withBrowser(work: (browser: Browser, url: string, paths: readonly string[]) => Promise<void>) {
  const now = Date.now();
  const timestamp = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
  // Fresh by the browser's own clock, or every page would say that it is stale.
  const model = sampleModel();
  const { directory, pages } = await built('browser', {
    ...model,
    generatedFrom: { ...model.generatedFrom, at: timestamp(now) },
    dataAge: { ...model.dataAge, at: timestamp(now - 240_000) },
  });
  const server = await serveDirectory({ directory, host: '127.0.0.1', port: 0 });
  const browser = await startBrowser(program ?? '');
  try {
    await work(
      browser,
      server.url,
      [...pages.keys()].map((path) => path.replace(/index\.html$/, '')),
    );
  } finally {
    await browser.close();
    await server.close();
  }
}

test(
  'a browser shows every page without a complaint, and a narrow one without scrolling sideways',
  { skip },
  () =>
    withBrowser(async (browser, url, paths) => {
      for (const path of paths) {
        for (const widthPx of [390, 320]) {
          await browser.open(`${url}/${path}`, widthPx);
          const width = await browser.evaluate('document.documentElement.scrollWidth');
          assert.ok(Number(width) <= widthPx, `${path} is ${String(width)} px wide on ${widthPx}`);
        }
      }
      assert.deepEqual(browser.complaints, []);

      await browser.open(`${url}/`, 1280);
      const background = 'getComputedStyle(document.documentElement).backgroundColor';
      assert.equal(await browser.evaluate(background), 'rgb(255, 255, 255)', 'the style sheet is in force');
      assert.match(
        String(await browser.evaluate("document.querySelector('.age').textContent")),
        /4 minutes ago/,
      );
      assert.equal(
        await browser.evaluate("getComputedStyle(document.querySelector('.stale')).display"),
        'none',
      );
      await browser.evaluate("document.querySelector('#theme').click()");
      assert.equal(await browser.evaluate(background), 'rgb(20, 23, 26)', 'dark by choice');
      await browser.evaluate('localStorage.clear()');

      await browser.open(`${url}/`, 1280, { dark: true });
      assert.equal(await browser.evaluate(background), 'rgb(20, 23, 26)', 'dark by the system');

      await browser.open(`${url}/certificates/?status=expired,drift`, 1280);
      assert.equal(await browser.evaluate(shownRows), 'customs-gateway,shop');
      assert.equal(await browser.evaluate("document.querySelector('#shown').textContent"), '2 of 19 shown');
      await browser.open(`${url}/certificates/?q=kestrel+payroll`, 1280);
      assert.equal(await browser.evaluate(shownRows), 'payroll');

      await browser.open(`${url}/certificates/?team=web`, 1280);
      const before = await browser.evaluate(shownRows);
      assert.equal(before, 'shop,press,api,www');
      const press = "document.querySelectorAll('#rows thead button')[1].click()";
      const order = "document.querySelectorAll('#rows thead th')[1].getAttribute('aria-sort')";
      await browser.evaluate(press);
      assert.equal(await browser.evaluate(shownRows), 'api,press,shop,www');
      assert.equal(await browser.evaluate(order), 'ascending');
      await browser.evaluate(press);
      assert.equal(await browser.evaluate(shownRows), 'www,shop,press,api');
      assert.equal(await browser.evaluate(order), 'descending');
      await browser.evaluate(press);
      assert.equal(await browser.evaluate(shownRows), before);
      assert.equal(await browser.evaluate(order), null);

      await browser.open(`${url}/certificates/`, 1280, { script: false });
      assert.equal(
        await browser.evaluate(shownRows.replace('.join()', '.length')),
        19,
        'complete without scripts',
      );
      assert.equal(
        await browser.evaluate("document.querySelector('#filter').hidden"),
        true,
        'no dead controls',
      );
      assert.deepEqual(browser.complaints, []);
    }),
);

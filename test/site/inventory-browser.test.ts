/** The search over all certificates in a real browser, as people use it; the certificate shown from its shard; and what is left when a script or the data is missing. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { serveDirectory, type StaticServer } from '../../daemon/http/static.ts';
import type { SiteSources } from '../../site/facts/sources.ts';
import { savedViews } from '../../site/src/lib/inventory-query.ts';
import { siteRecord } from '../bench/site-estate.ts';
import { listenedPage, noBrowser, startBrowser } from './browser.ts';
import { built } from './built.ts';
import { sampleSources } from './sample-model.ts';

const generated = 230;
const ready = 'html[data-inventory="ready"]';

/** The sample and many more, only those that need a person with a page of their own. */
function manySources(): SiteSources {
  const sources = sampleSources();
  const many = Array.from({ length: generated }, (_, index) => siteRecord(index, generated));
  return {
    ...sources,
    settings: { ...sources.settings, staticDetailMax: 3 },
    records: { ...sources.records, certificates: [...sources.records.certificates, ...many] },
  };
}

describe('in a browser', { skip: noBrowser }, () => {
  let browser: Browser;
  let server: StaticServer;
  /** What servers show where nothing is. */
  let notFound = '';

  before(async () => {
    const { directory } = await built('inventory/some/where', manySources(), '/some/where/');
    server = await serveDirectory({ directory: join(directory, '../..'), host: '127.0.0.1', port: 0 });
    notFound = readFileSync(join(directory, '404.html'), 'utf8');
    browser = await startBrowser();
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  const at = (path: string): string => `${server.url}/some/where/${path}`;

  /** Does something on a page, and then nothing may have been complained of. */
  const on = async (
    path: string,
    act: (page: Page) => Promise<void>,
    options: BrowserContextOptions = {},
  ): Promise<void> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const { page, complaints } = await listenedPage(context, server.url);
    await page.goto(at(path));
    if (path.startsWith('certificates/') && options.javaScriptEnabled !== false)
      await page
        .locator('html:is([data-inventory="ready"], [data-view="ready"])')
        .waitFor({ state: 'attached' });
    await act(page);
    await context.close();
    assert.deepEqual(complaints, []);
  };
  const rows = async (page: Page): Promise<readonly string[]> =>
    (await page.locator('#rows tbody th').allTextContents()).map((each) => each.trim());
  const shown = async (page: Page): Promise<string> => (await page.locator('#shown').textContent()) ?? '';
  // Not by the page's own url, which comes a moment later than the address.
  const search = (page: Page): Promise<string> => page.evaluate('location.search');

  test('a link of another page brings its filter along: facets, day, word', async () => {
    await on('certificates/?status=expired,drift&team=web,freight#expired', async (page) => {
      assert.deepEqual(await rows(page), ['customs-gateway', 'shop']);
      assert.equal(await shown(page), '2 of 249 certificates');
      assert.match(
        (await page.locator('[data-facet="status"] summary').textContent()) ?? '',
        /Expired, Drift/,
      );
      assert.equal(
        await page.evaluate('location.hash'),
        '',
        'the group of the table without a script is not here',
      );
      assert.equal(await page.evaluate('scrollY'), 0);
    });
    await on('certificates/?expires=2026-12-11&q=press', async (page) => {
      assert.deepEqual(await rows(page), ['press']);
      assert.equal(await page.locator('[name="expires"]').inputValue(), '2026-12-11');
    });
    await on('about/', async (page) => {
      await page.locator('.jump input').fill('www.kestrel.example');
      await page.keyboard.press('Enter');
      await page.locator(ready).waitFor({ state: 'attached' });
      assert.deepEqual(await rows(page), ['www']);
      assert.equal(await page.locator('.jump').isVisible(), false, 'one search is enough');
    });
  });

  test('typing filters at once and stands in the address; several values of a facet are ticked, and back takes a tick away', () =>
    on('certificates/', async (page) => {
      await page.locator('#filter [name="q"]').pressSequentially('kestrel');
      assert.equal(await search(page), '?q=kestrel');
      const team = page.locator('[data-facet="team"]');
      await team.locator('summary').click();
      await team.getByPlaceholder('Find').fill('EB');
      assert.deepEqual(await team.locator('label span:first-of-type').allTextContents(), ['web']);
      assert.equal(await search(page), '?q=kestrel', 'the field in the facet searches the facet');
      await team.getByPlaceholder('Find').fill('');
      await team.getByLabel(/^web/).check();
      const web = ['shop', 'press', 'api', 'www'];
      assert.deepEqual(
        (await rows(page)).filter((each) => !/-\d+$/.test(each)),
        web,
      );
      await team.getByLabel(/^freight/).check();
      assert.equal(await search(page), '?q=kestrel&team=web,freight');
      assert.equal((await rows(page)).length > web.length, true);
      await page.goBack();
      assert.equal(await search(page), '?q=kestrel&team=web');
      assert.equal(await team.getByLabel(/^freight/).isChecked(), false);
      assert.equal(await page.locator('#filter [name="q"]').inputValue(), 'kestrel');
      await page.reload();
      await page.locator(ready).waitFor({ state: 'attached' });
      assert.deepEqual(
        (await rows(page)).filter((each) => !/-\d+$/.test(each)),
        web,
      );
      await page.getByRole('link', { name: 'Clear all' }).click();
      assert.equal(await shown(page), '249 certificates; 1 to 100 are shown');
      assert.equal(await search(page), '');
    }));

  test('the number beside a choice is what the choice shows, and follows the filter', () =>
    on('certificates/?team=web,freight', async (page) => {
      const status = page.locator('[data-facet="status"]');
      await status.locator('summary').click();
      const label = status.locator('label', { hasText: 'Drift' });
      const number = Number(await label.locator('.count').textContent());
      await label.click();
      assert.equal((await rows(page)).length, number);
      await page.locator('#filter [name="q"]').fill('shop.kestrel');
      await status.locator('summary').click();
      assert.equal(await label.locator('.count').textContent(), '1');
      assert.equal(await status.locator('label').count(), 1, 'no choice that would show nothing');
    }));

  test('pages are links that go back and forth, and the focus goes to the result', () =>
    on('certificates/', async (page) => {
      assert.equal((await rows(page)).length, 100);
      await page.getByRole('link', { name: 'Next' }).click();
      assert.equal(await shown(page), '249 certificates; 101 to 200 are shown');
      assert.equal(await search(page), '?page=2');
      assert.equal(await page.evaluate('document.activeElement.id'), 'shown');
      await page.getByRole('link', { name: 'Last' }).click();
      assert.equal((await rows(page)).length, 49);
      await page.goBack();
      await page.goBack();
      assert.equal(await shown(page), '249 certificates; 1 to 100 are shown');
      await page.goForward();
      await page.locator('#rows tbody th a').first().click();
      await page.goBack();
      await page.locator(ready).waitFor({ state: 'attached' });
      assert.equal(await shown(page), '249 certificates; 101 to 200 are shown', 'also from a certificate');
      await page.goto(at('certificates/?page=999'));
      await page.locator(ready).waitFor({ state: 'attached' });
      assert.equal(await shown(page), '249 certificates; 201 to 249 are shown');
    }));

  test('every head orders: ascending, descending, and then by need again', () =>
    on('certificates/?q=kestrel&team=web&origin=issued+by+renewd,not+issued', async (page) => {
      const need = await rows(page);
      for (const name of [
        'Status',
        'Certificate',
        'Team',
        'Names',
        'Issuer',
        'Expires',
        'Endpoints',
        'Served',
      ]) {
        const head = page.getByRole('columnheader', { name });
        await head.getByRole('button').click();
        assert.equal(await head.getAttribute('aria-sort'), 'ascending', name);
        const up = await rows(page);
        await head.getByRole('button').click();
        assert.equal(await head.getAttribute('aria-sort'), 'descending', name);
        if (name === 'Certificate') {
          assert.deepEqual(up, [...need].sort());
          assert.deepEqual(await rows(page), [...need].sort().reverse());
          assert.match((await page.locator('#rows caption').textContent()) ?? '', /Z to A/);
        }
        await head.getByRole('button').click();
        assert.equal(await head.getAttribute('aria-sort'), null, name);
        assert.deepEqual(await rows(page), need, name);
      }
    }));

  test('saved views are links that show where one is', () =>
    on('certificates/', async (page) => {
      for (const { words, query } of savedViews) {
        await page.locator('.views').getByRole('link', { name: words }).click();
        assert.equal(await search(page), query);
        assert.equal(await page.locator('.views [aria-current]').textContent(), words);
      }
    }));

  test('the CSV has all rows of the view, not only of the page, and the link is copied', async () => {
    const context: BrowserContextOptions = { permissions: ['clipboard-read', 'clipboard-write'] };
    await on(
      'certificates/?sort=certificate',
      async (page) => {
        const [download] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('button', { name: 'CSV' }).click(),
        ]);
        assert.equal(download.suggestedFilename(), 'certificates.csv');
        const chunks: Buffer[] = [];
        for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
        const lines = Buffer.concat(chunks).toString('utf8').trimEnd().split('\r\n');
        assert.equal(lines.length, 250);
        assert.match(lines[1] ?? '', new RegExp(`/${(await rows(page))[0] ?? '?'},`));
        assert.match((await page.locator('#done').textContent()) ?? '', /249 rows/);
        await page.getByRole('button', { name: 'Copy link' }).click();
        await page.getByText('Copied.').waitFor();
        assert.equal(
          await page.evaluate('navigator.clipboard.readText()'),
          await page.evaluate('location.href'),
        );
      },
      context,
    );
  });

  test('with the keyboard alone: facets open, are ticked and close on Escape; the order changes; nothing loses the focus', () =>
    on('certificates/', async (page) => {
      const active = (): Promise<string> => page.evaluate('document.activeElement.textContent');
      await page.locator('[data-facet="status"] summary').focus();
      await page.keyboard.press('Enter');
      await page.locator('[data-facet="status"] label').first().waitFor();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Space');
      assert.match(await search(page), /^\?status=/);
      assert.equal(await page.evaluate('document.activeElement.checked'), true, 'still on the tick');
      await page.keyboard.press('Escape');
      assert.equal(await page.locator('[data-facet="status"]').getAttribute('open'), null);
      assert.match(await active(), /^Status/);
      await page.keyboard.press('Enter');
      for (let stop = 0; stop < 40 && !(await active()).startsWith('Team'); stop++)
        await page.keyboard.press('Tab');
      assert.equal(await page.locator('[data-facet="status"]').getAttribute('open'), null, 'left, so closed');
      await page.locator('#rows thead button').nth(5).focus();
      await page.keyboard.press('Space');
      assert.match(await search(page), /sort=expires$/);
      assert.match(await active(), /^Expires/);
      await page.locator('.more-sections summary').focus();
      await page.keyboard.press('Enter');
      await page.keyboard.press('Escape');
      assert.equal(await page.locator('.more-sections').getAttribute('open'), null);
    }));

  test('on a phone nothing is wider than the window, a list orders the cards, and heads out of sight are no stops', () =>
    on(
      'certificates/?status=ok,expired',
      async (page) => {
        for (const facet of ['status', 'ends', 'team']) {
          await page.locator(`[data-facet="${facet}"] summary`).click();
          assert.ok(
            await page.evaluate(
              'document.documentElement.scrollWidth <= document.documentElement.clientWidth',
            ),
            facet,
          );
        }
        await page.locator('h1').click();
        await page.getByLabel('Order', { exact: false }).and(page.locator('select')).selectOption('expires');
        assert.match(await search(page), /sort=expires$/);
        assert.equal(await page.locator('#rows thead button').first().isVisible(), false);
      },
      { viewport: { width: 320, height: 700 } },
    ));

  test('an address that means harm is data: it filters, is shown as text, and does nothing', () =>
    on(
      `certificates/?team=${encodeURIComponent('<img src=x onerror=alert(1)>')}&q=${encodeURIComponent('"><script>alert(2)</script>')}&sort=constructor&page=1e9`,
      async (page) => {
        assert.match(await shown(page), /^None of 249/);
        assert.match((await page.locator('[data-facet="team"] summary').textContent()) ?? '', /<img src=x/);
        await page.locator('[data-facet="team"] summary').click();
        await page.locator('[data-facet="team"] label').first().click();
        await page.locator('#filter [name="q"]').fill('');
        assert.match(await shown(page), /^249 certificates/);
        assert.equal(await page.locator('img').count(), 0);
      },
    ));

  test('without a script the table stands in groups, with ways on and without a control that does nothing', () =>
    on(
      'certificates/?status=expired#drift',
      async (page) => {
        assert.equal((await page.locator('#rows tbody tr').count()) >= 19, true);
        assert.equal(await page.locator('tbody#drift tr').first().isVisible(), true);
        assert.equal(await page.locator('main :is(input, select, button, summary):visible').count(), 0);
        assert.equal(await page.locator('.jump').isVisible(), false);
        const ways = await page.evaluate(
          "[...document.querySelectorAll('#ways a')].map((each) => each.pathname)",
        );
        for (const path of ['teams/', 'policies/', 'crypto/', 'certificates.csv'])
          assert.ok((ways as string[]).includes(`/some/where/${path}`), path);
      },
      { javaScriptEnabled: false },
    ));

  test('when the data does not come the table that was there stays, and the page says why and what to do', async () => {
    for (const [status, words] of [
      [503, /status 503/],
      [404, /newer version/],
      [200, /not whole/],
    ] as const) {
      const page = await browser.newPage();
      await page.route('**/data/**', (route) => route.fulfill({ status, body: '{' }));
      await page.goto(at('certificates/?status=expired'));
      await page.locator('html[data-inventory="failed"]').waitFor({ state: 'attached' });
      assert.match(await shown(page), words);
      assert.match(await shown(page), /the filter in the address is not applied\. Load this page again/);
      assert.equal((await rows(page)).length >= 19, true);
      assert.equal(await page.locator('#filter').isVisible(), false, 'no dead controls');
      assert.equal(await page.locator('#ways').isVisible(), true);
      await page.close();
    }
  });

  test('a certificate without a page is shown from its shard, by link, by another name behind the #, and by its old address', async () => {
    await on('certificates/?q=web/www', async (page) => {
      await page.locator('#rows tbody th a').click();
      await page.locator('html[data-view="ready"]').waitFor({ state: 'attached' });
      assert.match(page.url(), /\/certificates\/view\/#web%2Fwww$/);
      assert.equal(await page.locator('h1').textContent(), 'www');
      assert.equal(await page.title(), 'web/www · renewd');
      assert.match(
        (await page.locator('main').textContent()) ?? '',
        /The only declared address serves what was issued/,
      );
      await page.evaluate("location.hash = 'web/api'");
      await page.getByRole('heading', { level: 1, name: 'api' }).waitFor();
      assert.equal(await page.title(), 'web/api · renewd');
    });
    const page = await browser.newPage();
    await page.route('**/certificates/web/www/', (route) =>
      route.fulfill({ status: 404, contentType: 'text/html', body: notFound }),
    );
    await page.goto(at('certificates/web/www/'));
    await page.waitForURL(/view\/#web\/www$/);
    await page.getByRole('heading', { level: 1, name: 'www' }).waitFor();
    await page.close();
  });

  test('a link to a certificate that got a page since leads to it', async () => {
    const page = await browser.newPage();
    await page.goto(at('certificates/view/#freight%2Fcustoms-gateway'));
    await page.getByRole('heading', { level: 1, name: 'customs-gateway' }).waitFor();
    assert.equal(
      await page.evaluate('location.pathname'),
      '/some/where/certificates/freight/customs-gateway/',
    );
    await page.close();
  });

  test('a name that is nowhere is said to be nowhere, with the commit, whatever it is', async () => {
    for (const [hash, name] of [
      ['web/nosuch', 'web/nosuch'],
      ['web/<img src=x onerror=alert(1)>', 'web/<img src=x onerror=alert(1)>'],
      ['__proto__/%E0%A4%A', '__proto__/%E0%A4%A'],
    ] as const)
      await on(`certificates/view/#${hash}`, async (page) => {
        assert.equal(await page.locator('h1').textContent(), 'There is no such certificate');
        assert.equal(await page.locator('.lead .name').textContent(), name);
        const commit = (await page.locator('html').getAttribute('data-commit')) ?? '?';
        assert.ok((await page.locator('.lead').textContent())?.includes(commit.slice(0, 10)));
        await page.getByRole('link', { name: 'Search for it' }).click();
        await page.locator(ready).waitFor({ state: 'attached' });
      });
  });

  test('a shard that does not come is said to be missing', async () => {
    const page = await browser.newPage();
    await page.route('**/data/certificates/**', (route) => route.abort());
    await page.goto(at('certificates/view/#web/www'));
    await page
      .getByText('The record could not be loaded: the server cannot be reached. Load this page again.')
      .waitFor();
    assert.equal(await page.locator('h1').textContent(), 'web/www');
    await page.close();
  });

  test('on paper: the rows of the view, and no controls', () =>
    on('certificates/?team=web', async (page) => {
      await page.emulateMedia({ media: 'print' });
      assert.equal(await page.locator('#rows tbody tr').first().isVisible(), true);
      assert.equal(await page.locator('#shown').isVisible(), true);
      for (const part of ['#filter', '#take', '#pager', '.jump', 'nav'])
        assert.equal(await page.locator(part).first().isVisible(), false, part);
    }));
});

/** The search over all certificates: its questions as values, and as a person asks them in a browser. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { serveDirectory } from '../../daemon/http/static.ts';
import { estateOf, noDataFiles, siteModel } from '../../site/facts/index.ts';
import type { SiteSources } from '../../site/facts/sources.ts';
import { inventoryColumns } from '../../site/feeds/inventory.ts';
import {
  everything,
  facetNames,
  readQuery,
  sortNames,
  writeQuery,
  type InventoryQuery,
} from '../../site/src/lib/inventory-query.ts';
import {
  askInventory,
  csvOfView,
  openInventory,
  rowAt,
  type InventoryView,
} from '../../site/src/lib/inventory-view.ts';
import { siteRecord } from '../bench/site-estate.ts';
import { listenedPage, noBrowser, startBrowser } from './browser.ts';
import { built } from './built.ts';
import { sampleSources } from './sample-model.ts';
import { certificate } from './sample-records.ts';

function viewOf(sources: SiteSources): InventoryView {
  const estate = estateOf(sources);
  const model = siteModel(sources, estate, noDataFiles);
  return openInventory(inventoryColumns({ sources, estate, model, base: '/' }, new Set()));
}

const view = viewOf(sampleSources());
const today = Math.floor(Date.parse('2026-11-21T09:00:00Z') / 86_400_000);
const ids = (query: string): readonly string[] =>
  askInventory(view, readQuery(query), today).rows.map((row) => rowAt(view, row, 3).id);

describe('a question', () => {
  test('of nothing is everything, those that need a person first', () => {
    const all = ids('');
    assert.equal(all.length, 19);
    assert.deepEqual(all.slice(0, 3), ['freight/customs-gateway', 'signalling/interlocking-api', 'web/shop']);
  });

  test('of several words finds what has all of them, in name, team, DNS name, server or issuer', () => {
    assert.deepEqual(ids('?q=kestrel+PAYROLL'), ['intranet/payroll']);
    assert.deepEqual(ids('?q=web-ams-02+press'), ['web/press']);
    assert.deepEqual(ids('?q=lets-encrypt'), ['web/press']);
    assert.deepEqual(ids('?q=nothing-like-it'), []);
  });

  test('of facets takes any value of one and all of several', () => {
    assert.deepEqual(ids('?status=expired,drift'), ['freight/customs-gateway', 'web/shop']);
    assert.deepEqual(ids('?status=expired,drift&team=web'), ['web/shop']);
    assert.deepEqual(ids('?policy=baseline'), ['passenger/kiosk', 'intranet/payroll']);
    assert.deepEqual(ids('?origin=found in place'), ['intranet/payroll']);
    assert.deepEqual(ids('?status=constructor'), []);
  });

  test('of dates finds what has ended, ends within days, or on one day', () => {
    assert.deepEqual(ids('?within=0'), ['freight/customs-gateway']);
    assert.deepEqual(ids('?within=14&sort=expires'), [
      'freight/customs-gateway',
      'signalling/interlocking-api',
    ]);
    assert.deepEqual(ids('?expires=2026-12-11'), ['web/press']);
  });

  test('the numbers of a facet say what each choice there would show', () => {
    const { counts } = askInventory(view, readQuery('?status=expired&team=freight'), today);
    const { team, status } = view.columns.dictionaries;
    assert.equal(counts.team[team.indexOf('freight')], 1);
    assert.equal(counts.team[team.indexOf('web')], 0);
    assert.equal(counts.status[status.indexOf('unknown')], 1, 'the other one of freight');
  });

  test('is the same after the way through an address, whatever it is', () => {
    const word = fc.stringMatching(/^[a-z0-9 =&?#%äñ-]{0,12}$/);
    const facets = fc
      .array(
        fc.array(
          word.filter((each) => each !== ''),
          { maxLength: 3 },
        ),
        {
          minLength: facetNames.length,
          maxLength: facetNames.length,
        },
      )
      .map((lists) => ({
        ...everything.facets,
        ...Object.fromEntries(facetNames.map((name, index) => [name, lists[index] ?? []])),
      }));
    fc.assert(
      fc.property(
        word,
        facets,
        fc.option(fc.nat(36_500)),
        fc.option(fc.constantFrom(...sortNames)),
        fc.boolean(),
        fc.integer({ min: 1, max: 500 }),
        (text, chosen, within, sort, descending, page) => {
          const query: InventoryQuery = {
            ...everything,
            text,
            facets: chosen,
            within,
            sort,
            descending: sort !== null && descending,
            page,
          };
          assert.deepEqual(readQuery(writeQuery(query)), query);
        },
      ),
    );
    assert.equal(writeQuery(everything), '');
  });

  test('that nobody can mean is read as far as it goes, and never throws', () => {
    for (const search of [
      '?page=-1',
      '?page=9999999',
      '?sort=__proto__',
      '?within=x',
      '?expires=2026-13-99x',
      '?q=%E0%A4%A',
      '?status=,,,',
    ])
      assert.deepEqual(readQuery(search).facets, everything.facets, search);
    assert.equal(readQuery('?page=-1').page, 1);
  });
});

test('sorting keeps the order of need among equals, both ways, on every column', () => {
  const all = askInventory(view, everything, today).rows;
  for (const sort of sortNames)
    for (const descending of [false, true]) {
      const { rows } = askInventory(view, { ...everything, sort, descending }, today);
      assert.deepEqual(
        [...rows].sort((a, b) => a - b),
        all,
        sort,
      );
    }
  assert.deepEqual(ids('?team=web&sort=certificate'), ['web/api', 'web/press', 'web/shop', 'web/www']);
  assert.deepEqual(ids('?team=web&sort=certificate.down'), ['web/www', 'web/shop', 'web/press', 'web/api']);
  const teams = ids('?sort=team').map((id) => id.split('/')[0]);
  assert.deepEqual(
    teams,
    [...teams].sort((a, b) => ((a ?? '') < (b ?? '') ? -1 : 1)),
  );
});

test('the table of a view is no formula, whatever a name is', () => {
  const sources = sampleSources();
  const record = certificate('web/x', 'ok', '2026-11-20T00:00:00Z', ['=cmd()', '"a",b'], [], [], {
    issuer: '+1',
  });
  const own = viewOf({ ...sources, records: { ...sources.records, certificates: [record] } });
  const csv = csvOfView(own, [0]);
  assert.match(csv, /^certificate,team,/);
  assert.match(csv, /,"'=cmd\(\) ""a"",b",'\+1,/);
});

test('a hundred thousand rows are asked without making their texts twice', () => {
  const certificates = Array.from({ length: 2000 }, (_, index) => siteRecord(index, 2000));
  const sources = sampleSources();
  const large = viewOf({ ...sources, records: { ...sources.records, certificates } });
  assert.ok(large.haystack(7) === large.haystack(7));
  assert.equal(
    askInventory(large, readQuery('?status=ok'), today).rows.length,
    certificates.filter((each) => each.status === 'ok').length,
  );
});

describe('in a browser', { skip: noBrowser }, () => {
  const rowsShown =
    "[...document.querySelectorAll('#rows tbody tr')].map((row) => row.querySelector('th').textContent.trim()).join()";

  test('filters, facets, order, pages, address, back, CSV: as a person uses them', async () => {
    const sources = sampleSources();
    const many = Array.from({ length: 230 }, (_, index) => siteRecord(index, 230));
    const { directory } = await built('inventory', {
      ...sources,
      settings: { ...sources.settings, staticDetailMax: 3 },
      records: { ...sources.records, certificates: [...sources.records.certificates, ...many] },
    });
    const server = await serveDirectory({ directory, host: '127.0.0.1', port: 0 });
    const browser = await startBrowser();
    const { page, complaints } = await listenedPage(
      await browser.newContext({ viewport: { width: 1280, height: 900 } }),
      server.url,
    );
    // Not by waiting for an expression: the policy of the pages forbids the eval behind that.
    const ready = 'html[data-inventory="ready"]';
    const shown = async (): Promise<string> => (await page.locator('#shown').textContent()) ?? '';
    try {
      await page.goto(`${server.url}/certificates/?status=expired,drift&team=web,freight#expired`);
      await page.locator(ready).waitFor({ state: 'attached' });
      assert.equal(await page.evaluate(rowsShown), 'customs-gateway,shop');
      assert.equal(await shown(), '2 of 249 certificates');

      await page.goto(`${server.url}/certificates/`);
      await page.locator(ready).waitFor({ state: 'attached' });
      assert.match(await shown(), /^1 to 100 of 249 that match/);
      await page.getByRole('button', { name: 'Next page' }).click();
      assert.match(await shown(), /^101 to 200/);
      assert.match(page.url(), /\?page=2$/);
      await page.goBack();
      assert.match(await shown(), /^1 to 100/);

      await page.locator('#filter input[name="q"]').fill('kestrel web');
      assert.match(page.url(), /\?q=kestrel\+web$/);
      await page.locator('#filter select[name="team"]').selectOption('web');
      assert.equal(await page.evaluate(rowsShown), 'shop,press,api,www');
      const head = page.locator('#rows thead th').nth(1);
      await head.getByRole('button').click();
      assert.equal(await page.evaluate(rowsShown), 'api,press,shop,www');
      assert.equal(await head.getAttribute('aria-sort'), 'ascending');
      await head.getByRole('button').click();
      assert.equal(await page.evaluate(rowsShown), 'www,shop,press,api');
      await head.getByRole('button').click();
      assert.equal(await head.getAttribute('aria-sort'), null);
      assert.match(page.url(), /\?q=kestrel\+web&team=web$/);

      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'CSV of this view' }).click(),
      ]);
      const chunks: Buffer[] = [];
      for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
      assert.equal(Buffer.concat(chunks).toString('utf8').trimEnd().split('\r\n').length, 5);

      // A name from the header of another page leads here, and from here to a certificate that only a shard has.
      await page.goto(`${server.url}/about/`);
      await page.locator('.jump input').fill('www.kestrel.example');
      await page.keyboard.press('Enter');
      await page.locator(ready).waitFor({ state: 'attached' });
      assert.equal(await page.evaluate(rowsShown), 'www');
      await page.locator('#rows tbody th a').click();
      await page.locator('html[data-view="ready"]').waitFor({ state: 'attached' });
      assert.match(page.url(), /\/certificates\/view\/#web%2Fwww$/);
      assert.equal(await page.locator('h1').textContent(), 'www');
      assert.match((await page.locator('main').textContent()) ?? '', /served as issued|serves exactly/);
      await page.goto(`${server.url}/certificates/view/#web/<img src=x onerror=alert(1)>`);
      await page.waitForTimeout(200);
      assert.match((await page.locator('.lead').textContent()) ?? '', /There is no certificate web\/<img/);
      assert.deepEqual(complaints, []);
    } finally {
      await browser.close();
      await server.close();
    }
  });

  test('without the data the table that was there stays, and the page says what happened', async () => {
    const { directory } = await built('inventory-broken', sampleSources());
    const server = await serveDirectory({ directory, host: '127.0.0.1', port: 0 });
    const browser = await startBrowser();
    const page = await browser.newPage();
    await page.route('**/data/**', (route) => route.fulfill({ status: 503, body: '' }));
    await page.goto(`${server.url}/certificates/`);
    await page.locator('html[data-inventory="failed"]').waitFor({ state: 'attached' });
    assert.match((await page.locator('#shown').textContent()) ?? '', /could not be loaded \(status 503\)/);
    assert.equal(await page.locator('#rows tbody tr').count(), 19);
    assert.equal(await page.locator('#filter').isVisible(), false, 'no dead controls');
    await browser.close();
    await server.close();
  });
});

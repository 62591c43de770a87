/** The search over all certificates as values: questions and their addresses, answers, orders, rows and CSV. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { limits } from '../../daemon/limits.ts';
import { estateOf, noDataFiles, siteModel } from '../../site/facts/index.ts';
import type { SiteSources } from '../../site/facts/sources.ts';
import { inventoryColumns } from '../../site/feeds/inventory.ts';
import { shardFiles } from '../../site/feeds/shards.ts';
import type { InventoryColumns } from '../../site/src/lib/columns.ts';
import {
  everything,
  facetNames,
  readQuery,
  savedViews,
  sortNames,
  writeQuery,
  type FacetName,
  type InventoryQuery,
} from '../../site/src/lib/inventory-query.ts';
import { csvOfView, rowAt } from '../../site/src/lib/inventory-rows.ts';
import { askInventory, openInventory, type InventoryView } from '../../site/src/lib/inventory-view.ts';
import {
  captionWords,
  chosenWords,
  endWords,
  pageCount,
  resultWords,
  valueWords,
} from '../../site/src/lib/inventory-words.ts';
import { certificateId } from '../../site/src/lib/model.ts';
import { shardOf, shardWidth } from '../../site/src/lib/shards.ts';
import { sampleSources } from './sample-model.ts';
import { certificate } from './sample-records.ts';

function columnsOf(sources: SiteSources): InventoryColumns {
  const estate = estateOf(sources);
  const model = siteModel(sources, estate, noDataFiles);
  return inventoryColumns({ sources, estate, model, base: '/' }, new Set());
}

const columns = columnsOf(sampleSources());
const view = openInventory(columns);
const dayMs = 86_400_000;
const today = Math.floor(Date.parse('2026-11-21T09:00:00Z') / dayMs);
const ids = (query: string, of: InventoryView = view): readonly string[] =>
  Array.from(askInventory(of, readQuery(query), today).rows, (row) => rowAt(of, row).id);

describe('a question', () => {
  test('of nothing is everything, those that need a person first', () => {
    const all = ids('');
    assert.equal(all.length, 19);
    assert.deepEqual(all.slice(0, 3), ['freight/customs-gateway', 'signalling/interlocking-api', 'web/shop']);
  });

  test('of several words finds what has all of them, in name, team, DNS name, endpoint or issuer', () => {
    assert.deepEqual(ids('?q=kestrel+PAYROLL'), ['intranet/payroll']);
    assert.deepEqual(ids('?q=web-ams-02+press'), ['web/press']);
    assert.deepEqual(ids('?q=lets-encrypt'), ['web/press']);
    assert.deepEqual(ids('?q=web/press'), ['web/press']);
    assert.deepEqual(ids('?q=nothing-like-it'), []);
  });

  test('that grows letter by letter gives what it gives at once, also when letters are taken away again', () => {
    const own = openInventory(columns);
    for (const text of ['k', 'ke', 'kestrel', 'kestrel w', 'kestrel web', 'web', 'webx', 'we', '', 'w k'])
      assert.deepEqual(ids(`?q=${text}`, own), ids(`?q=${text}`, openInventory(columns)), text);
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

  test('of a saved view has an answer, and each view says what it is', () => {
    const found = Object.fromEntries(savedViews.map(({ words, query }) => [words, ids(query)]));
    assert.equal(found['Everything']?.length, 19);
    assert.equal(found['Needs a person']?.length, 7);
    assert.deepEqual(found['Unknown'], ['freight/yard-scanner']);
    assert.deepEqual(found['Found in place'], ['intranet/payroll']);
    assert.deepEqual(found['Against policy'], ['passenger/kiosk', 'intranet/payroll']);
    for (const { query } of savedViews)
      assert.equal(writeQuery(readQuery(query)), query, 'as the page itself would write it');
  });
});

describe('the numbers of a facet', () => {
  test('say how many a choice there would show, whatever else is asked', () => {
    const words = fc.subarray([...columns.dictionaries.team], { maxLength: 3 });
    const statuses = fc.subarray([...columns.dictionaries.status], { maxLength: 3 });
    fc.assert(
      fc.property(words, statuses, fc.constantFrom('', 'kestrel', 'web'), (team, status, text) => {
        const query = { ...everything, text, facets: { ...everything.facets, team, status } };
        const { counts, rows } = askInventory(view, query, today);
        for (const name of facetNames)
          for (const [number, word] of view.facets[name].words.entries()) {
            const chosen = { ...query, facets: { ...query.facets, [name]: [word] } };
            const alone = askInventory(view, chosen, today).rows.length;
            assert.equal(counts[name][number], alone, `${name} ${word}`);
          }
        assert.ok(rows.length <= columns.total);
      }),
      { numRuns: 60 },
    );
  });

  test('count a status that this site does not know as unknown, as the front page does', () => {
    const own = openInventory({
      ...columns,
      dictionaries: {
        ...columns.dictionaries,
        status: columns.dictionaries.status.map((word) => (word === 'drift' ? 'quantum' : word)),
      },
    });
    assert.deepEqual(ids('?status=unknown', own), ['web/shop', 'freight/yard-scanner']);
    assert.deepEqual(ids('?status=quantum', own), []);
    assert.ok(ids('?sort=status', own).includes('web/shop'));
  });

  test('know those without an environment', () => {
    const own = openInventory({
      ...columns,
      dictionaries: {
        ...columns.dictionaries,
        environment: ['', ...columns.dictionaries.environment.slice(1)],
      },
    });
    assert.equal(ids('?env=-', own).length, askInventory(own, everything, today).counts.env[0]);
    assert.equal(valueWords('env', ''), 'none');
  });
});

describe('an address', () => {
  const value = fc.oneof(
    fc.string({ maxLength: 12, unit: 'binary' }),
    fc.constantFrom('', '-', ',', '%2C', '%'),
  );
  const facets = fc
    .tuple(
      ...facetNames.map(() =>
        fc.uniqueArray(
          value.map((each) => each.toWellFormed()),
          { maxLength: 4 },
        ),
      ),
    )
    .map((lists) => Object.fromEntries(facetNames.map((name, index) => [name, lists[index] ?? []])));
  const query = fc
    .record({
      text: fc.string({ maxLength: 40, unit: 'binary' }).map((each) => each.toWellFormed()),
      facets: facets as fc.Arbitrary<Record<FacetName, string[]>>,
      within: fc.option(fc.nat(999_999)),
      expires: fc.option(fc.nat(40_000).map((day) => new Date(day * dayMs).toISOString().slice(0, 10))),
      sort: fc.option(fc.constantFrom(...sortNames)),
      descending: fc.boolean(),
      page: fc.integer({ min: 1, max: 999_999 }),
    })
    .map((each): InventoryQuery => ({ ...each, descending: each.sort !== null && each.descending }));

  test('keeps the whole question, whatever stands in it', () => {
    fc.assert(
      fc.property(query, (each) => {
        assert.deepEqual(readQuery(writeQuery(each)), each);
      }),
    );
    assert.equal(writeQuery(everything), '');
    assert.equal(
      writeQuery({ ...everything, facets: { ...everything.facets, status: ['expired', 'failing'] } }),
      '?status=expired,failing',
    );
  });

  test('that anybody wrote is read as far as it can be meant, is asked without harm, and is written the same for ever', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80, unit: 'binary' }), (text) => {
        const read = readQuery(text);
        assert.equal(writeQuery(readQuery(writeQuery(read))), writeQuery(read));
        assert.ok(askInventory(view, read, today).rows.length <= 19);
      }),
    );
    for (const search of [
      '?page=-1',
      '?page=99999999',
      '?sort=__proto__',
      '?within=x',
      '?expires=2026-13-01',
      '?expires=2026-02-30',
      '?status=,,,',
    ])
      assert.deepEqual(readQuery(search), everything, search);
    assert.doesNotThrow(() => readQuery('?q=%E0%A4%A&team=%'));
    const many = `?team=${Array.from({ length: 900 }, (_, index) => `t${String(index)}`).join(',')}&q=${'x'.repeat(9000)}`;
    assert.equal(readQuery(many).facets.team.length, limits.site.searchValuesMax);
    assert.equal(readQuery(many).text.length, limits.site.searchTextMaxChars);
  });
});

describe('an order', () => {
  test('has every row once and keeps the order of need among equals, both ways, on every column', () => {
    const all = Array.from(askInventory(view, everything, today).rows);
    for (const sort of sortNames)
      for (const descending of [false, true]) {
        const rows = Array.from(askInventory(view, { ...everything, sort, descending }, today).rows);
        assert.deepEqual(
          [...rows].sort((a, b) => a - b),
          all,
          sort,
        );
      }
    const issuers = ids('?sort=issuer');
    assert.deepEqual(issuers.at(-1), 'web/press');
    assert.deepEqual(
      issuers.slice(0, -1),
      ids('').filter((id) => id !== 'web/press'),
    );
    assert.deepEqual(ids('?sort=issuer.down').slice(1), issuers.slice(0, -1));
  });

  test('is by what the column shows', () => {
    assert.deepEqual(ids('?team=web&sort=certificate'), ['web/api', 'web/press', 'web/shop', 'web/www']);
    assert.deepEqual(ids('?team=web&sort=certificate.down'), ['web/www', 'web/shop', 'web/press', 'web/api']);
    const teams = ids('?sort=team').map((id) => id.split('/')[0] ?? '');
    assert.deepEqual(
      teams,
      [...teams].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
    );
    assert.equal(ids('?sort=status.down').at(-1), 'freight/customs-gateway');
    assert.equal(ids('?sort=endpoints')[0], 'intranet/payroll');
  });

  test('puts what has no end last, whichever way it goes', () => {
    const none = ['passenger/kiosk', 'passenger/wifi-portal'];
    assert.deepEqual(ids('?sort=expires').slice(-2), none);
    assert.deepEqual(ids('?sort=expires.down').slice(-2), none);
    assert.equal(ids('?sort=expires')[0], 'freight/customs-gateway');
    assert.equal(ids('?sort=expires.down')[0], 'intranet/payroll');
  });
});

describe('a row', () => {
  test('says the same as the table without a script', () => {
    const sources = sampleSources();
    const { inventory } = siteModel(sources, estateOf(sources), noDataFiles);
    const day = (at: string | null): string | null => at?.slice(0, 10) ?? null;
    assert.deepEqual(
      inventory.rows.map((row) => ({
        ...row,
        since: day(row.since),
        expires: day(row.expires),
        renews: day(row.renews),
      })),
      inventory.rows.map((_, number) => {
        const row = rowAt(view, number);
        return { ...row, since: day(row.since), expires: day(row.expires), renews: day(row.renews) };
      }),
    );
  });

  test('counts names and endpoints that it does not list', () => {
    const names = Array.from({ length: 30 }, (_, index) => `n${String(index)}.example`);
    const record = certificate('web/x', 'ok', '2026-11-20T00:00:00Z', names, [], [], {});
    const sources = sampleSources();
    const own = openInventory(
      columnsOf({ ...sources, records: { ...sources.records, certificates: [record] } }),
    );
    const row = rowAt(own, 0);
    assert.equal(row.names.length, limits.site.rowNamesMax);
    assert.equal(row.nameCount, 30);
  });
});

test('the CSV of a view has its rows in its order, and no cell is a formula, whatever a name is', () => {
  const { rows } = askInventory(view, readQuery('?team=web&sort=certificate.down'), today);
  const lines = csvOfView(view, rows).trimEnd().split('\r\n');
  assert.match(lines[0] ?? '', /^certificate,team,status,since,names,/);
  assert.deepEqual(
    lines.slice(1).map((line) => line.split(',')[0]),
    ['web/www', 'web/shop', 'web/press', 'web/api'],
  );
  const sources = sampleSources();
  const record = certificate('web/x', 'ok', '2026-11-20T00:00:00Z', ['=cmd()', '"a",b'], [], [], {
    issuer: '+1',
  });
  const own = openInventory(
    columnsOf({ ...sources, records: { ...sources.records, certificates: [record] } }),
  );
  const csv = csvOfView(own, Uint32Array.of(0));
  assert.match(csv, /,"'=cmd\(\) ""a"",b",2,'\+1,/);
});

describe('words', () => {
  test('say how many are found and which of them are shown', () => {
    assert.equal(resultWords(19, 19, 1), '19 certificates');
    assert.equal(resultWords(1, 1, 1), '1 certificate');
    assert.equal(resultWords(2, 100_000, 1), '2 of 100,000 certificates');
    assert.equal(resultWords(250, 100_000, 3), '250 of 100,000 certificates; 201 to 250 are shown');
    assert.match(resultWords(0, 19, 1), /^None of 19 certificates fits/);
    assert.deepEqual([0, 100, 101].map(pageCount), [1, 1, 2]);
  });

  test('say what is chosen, harmless to look at', () => {
    assert.equal(chosenWords('status', ['expired', 'non-compliant']), 'Expired, Against policy');
    assert.equal(chosenWords('team', ['a', 'b', 'c']), '3 chosen');
    assert.equal(chosenWords('team', ['a\u202Eb']), 'a⟨U+202E⟩b');
    assert.equal(valueWords('status', 'quantum'), 'Unknown (quantum)');
    assert.equal(endWords(readQuery('?within=30')), 'within 30 days');
    assert.equal(endWords(readQuery('?within=0&expires=2026-12-03')), 'by today, on 2026-12-03');
    assert.equal(captionWords(readQuery('?sort=expires.down')), 'By end, the latest first.');
  });
});

test('each certificate is in the shard that the browser looks into: its record, or null when it has a page', () => {
  const sources = sampleSources();
  const own = { ...sources, settings: { ...sources.settings, staticDetailMax: 3 } };
  const estate = estateOf(own);
  const model = siteModel(own, estate, noDataFiles);
  const all = estate.certificates.map(certificateId);
  const pages = new Set(all.slice(0, 5));
  const files = new Map(
    [...shardFiles({ sources: own, estate, model, base: '/' }, pages, (id) => JSON.stringify({ id }))].map(
      ({ path, text }) => [path, JSON.parse(text) as Record<string, { readonly id: string } | null>],
    ),
  );
  const width = shardWidth(all.length - pages.size);
  for (const id of all) {
    const shard = files.get(`data/certificates/${shardOf(id, width)}.json`) ?? {};
    assert.deepEqual(shard[id], pages.has(id) ? null : { id }, id);
  }
});

/** The pages of policies, drift, discovered, audit, maturity and about: complete, traceable, on paper, and silent about what a level withholds. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { serveDirectory, type StaticServer } from '../../daemon/http/static.ts';
import type { SiteSources } from '../../site/facts/sources.ts';
import { ruleAnchor, slug } from '../../site/src/lib/links.ts';
import { noBrowser, startBrowser } from './browser.ts';
import { built, type BuiltPages } from './built.ts';
import { tagsOf } from './html-reader.ts';
import { emptySources, modelOf, sampleSources } from './sample-model.ts';

const sources = sampleSources();
const at = (redaction: 'internal' | 'public'): SiteSources => ({
  ...sources,
  settings: { ...sources.settings, redaction },
});
const model = modelOf(sources);
const mine = /^(policies|drift|discovered|audit|maturity|about)\//;

const full = await built('governance-full', sources);
const internal = await built('governance-internal', at('internal'));
const open = await built('governance-public', at('public'));
const empty = await built('governance-empty', emptySources());
const all: readonly (readonly [string, BuiltPages])[] = [
  ['full', full],
  ['internal', internal],
  ['public', open],
  ['empty', empty],
];

const page = (site: BuiltPages, path: string): string =>
  site.pages.get(`${path}index.html`) ?? assert.fail(`there is no ${path}`);
/** What a reader sees: no tags, references resolved. */
const text = (html: string): string =>
  html
    .replace(/^[\s\S]*<main[^>]*>|<\/main>[\s\S]*$/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/&#39;|&#x27;/g, "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ');
const tagsIn = (html: string) => tagsOf(html);

for (const [name, site] of all) {
  describe(`at level ${name}`, () => {
    const pages = [...site.pages].filter(([path]) => mine.test(path));

    test('every link and anchor of these pages leads somewhere', () => {
      for (const [path, html] of pages) {
        for (const { attributes } of tagsIn(html)) {
          const href = attributes.get('href');
          if (href === undefined || /^(https|mailto):/.test(href)) continue;
          const [address = '', anchor] = href.split('#');
          const file = address.replace(/\?.*$/, '');
          const wanted = file === '' ? path : `${file.slice(1)}${file.endsWith('/') ? 'index.html' : ''}`;
          assert.ok(existsSync(join(site.directory, wanted)), `${path}: ${href}`);
          if (anchor === undefined || !wanted.endsWith('.html')) continue;
          const ids = tagsIn(site.pages.get(wanted) ?? '').flatMap((each) => each.attributes.get('id') ?? []);
          assert.ok(ids.includes(anchor), `${path}: ${href}`);
        }
      }
    });

    test('ids are unique, headings go down one at a time, tables have captions and heads', () => {
      for (const [path, html] of pages) {
        const tags = tagsIn(html);
        const ids = tags.flatMap((each) => each.attributes.get('id') ?? []);
        assert.equal(new Set(ids).size, ids.length, path);
        let level = 0;
        for (const { name: tag } of tags.filter((each) => /^h[1-6]$/.test(each.name))) {
          assert.ok(Number(tag[1]) <= level + 1, `${path}: ${tag} after h${String(level)}`);
          level = Number(tag[1]);
        }
        for (const table of html.match(/<table[\s\S]*?<\/table>/g) ?? []) {
          assert.match(table, /^<table[^>]*>\s*<caption[^>]*>[^<]*\S/, path);
          assert.match(table, /<tbody[^>]*>\s*<tr/, `${path}: an empty table`);
        }
      }
    });

    test('no page links to the log, which is part of the audit now', () => {
      for (const [path, html] of site.pages) assert.doesNotMatch(html, /href="\/log\//, path);
    });
  });
}

describe('policies', () => {
  test('every rule of every policy has its place, where findings link to', () => {
    for (const policy of model.policies) {
      const ids = new Set(
        tagsIn(page(full, `policies/${slug(policy.name)}/`)).flatMap(
          (each) => each.attributes.get('id') ?? [],
        ),
      );
      for (const rule of policy.rules)
        assert.ok(ids.has(ruleAnchor(rule.policy, rule.id)), `${rule.policy} ${rule.id}`);
    }
  });

  test('a rule says why, by which standard, what it does, what is set, where, and who breaks it', () => {
    const shown = text(page(full, 'policies/baseline/'));
    for (const words of [
      'algorithms: [ecdsa-p256, ecdsa-p384, rsa-3072, rsa-4096]',
      'CA/Browser Forum BR 6.1.5',
      'locked',
      'Nothing that breaks it is issued.',
      'policies/baseline.yaml:10',
      'passenger/kiosk',
      'RSA with 2048 bits is not allowed',
      'What to do.',
      'Rules of pack nist-sp-1800-16',
    ])
      assert.ok(shown.includes(words), words);
    assert.match(page(full, 'policies/baseline/'), /href="\/certificates\/passenger\/kiosk\/"/);
  });

  test('a bar says in words what it draws', () => {
    assert.match(
      page(full, 'policies/baseline/'),
      /<svg class="bullet"[^>]*role="img" aria-label="Counts for 19 certificates: 1 breaks it, of 18 no breach is recorded\."/,
    );
  });

  test('what renewd brings itself says so', () => {
    assert.match(
      text(page(full, 'policies/ownership/')),
      /brought by renewd; a policy of yours that sets the same rule counts before it/,
    );
  });

  test('exceptions name owner, reason, what is done instead and their end; those that ended are folded', () => {
    const html = page(full, 'policies/');
    const shown = text(html);
    for (const words of [
      'payroll-key',
      'Anneke Bakker',
      'cannot make elliptic keys',
      'Reached only from the office network',
      '2027-01-31',
    ])
      assert.ok(shown.includes(words), words);
    assert.ok(
      html.indexOf('old-wiki') > html.indexOf('<details', html.indexOf('<main')),
      'the one that ended is in the fold',
    );
    assert.match(html, /href="https:\/\/tickets\.kestrel\.example\/SEC-1412"/);
  });

  test('a ticket that is no harmless link is text', async () => {
    const waivers = sources.declared.waivers.map((each) => ({ ...each, ticket: 'javascript:alert(1)' }));
    const site = await built('governance-ticket', { ...sources, declared: { ...sources.declared, waivers } });
    assert.doesNotMatch(page(site, 'policies/'), /href="javascript/);
    assert.match(text(page(site, 'policies/')), /javascript:alert\(1\)/);
  });
});

describe('drift and what was discovered', () => {
  test('a drift that stands is traced to what was expected, what is there, since when and whose it is', () => {
    const shown = text(page(full, 'drift/'));
    const [item] = model.drift.open;
    assert.ok(item?.expected != null && item.observed !== null);
    for (const words of [
      item.expected,
      item.observed,
      '192.0.2.10:443',
      'since 2026-11-20 22:41 UTC',
      'Whose web',
    ])
      assert.ok(shown.includes(words), words);
  });

  test('a drift that healed says how long it took and has both commits', () => {
    const html = page(full, 'drift/');
    const [item] = model.drift.healed;
    assert.ok(item?.openedBy != null && item.healedBy !== null);
    for (const commit of [item.openedBy, item.healedBy])
      assert.ok(html.includes(`/commit/${commit}"`), commit);
    assert.match(text(html), /2026-10-11 06:42 UTC 42m/);
  });

  test('what was discovered says how to adopt it, and does not pretend to search networks', async () => {
    const certificates = sources.records.certificates.map((each) =>
      each.metadata.name === 'payroll'
        ? { ...each, declaration: { ...each.declaration, drift: 'observe' as const } }
        : each,
    );
    const site = await built('governance-observe', {
      ...sources,
      records: { ...sources.records, certificates },
    });
    const html = page(site, 'discovered/');
    assert.match(text(html), /spec: drift: enforce/);
    assert.match(
      html,
      /href="https:\/\/git\.kestrel\.example\/pki\/estate\/_edit\/main\/inventory\/certificates\/intranet\/payroll\.yaml"/,
    );
    assert.match(text(html), /searches no network/);
  });

  test('where nothing was discovered there is no such page and no link to one', async () => {
    const certificates = sources.records.certificates.filter((each) => each.metadata.name !== 'payroll');
    const site = await built('governance-known', {
      ...sources,
      records: { ...sources.records, certificates },
    });
    assert.equal(existsSync(join(site.directory, 'discovered')), false);
    for (const [path, html] of site.pages) assert.doesNotMatch(html, /href="\/discovered\//, path);
  });
});

describe('the audit', () => {
  test('says first how much is signed, by whose key that was judged, and how to check it', () => {
    const shown = text(page(full, 'audit/'));
    assert.ok(shown.indexOf('Of 10 commits of records, 9 (90') < shown.indexOf('Latest changes'));
    for (const words of ['renewd audit', 'git log --show-signature', 'policies/allowed_signers', '1 commit'])
      assert.ok(shown.includes(words), words);
  });

  test('a change says who asked, signed and agreed, what became of it and why, and where its record is', () => {
    const html = page(full, 'audit/2026-11/');
    const shown = text(html);
    for (const words of [
      'Selin Yilmaz',
      'selin.yilmaz@kestrel.example',
      'Refused',
      'path-not-allowed',
      'Ask the signers of policies',
      '2 changes',
    ])
      assert.ok(shown.includes(words), words);
    const change = model.audit.months[0]?.changes[0] ?? assert.fail();
    assert.ok(html.includes(`/commit/${change.commit}"`));
    assert.ok(html.includes(`/src/commit/${model.generatedFrom.state}/${change.record}"`));
    assert.match(text(page(full, 'audit/2026-10/')), /pki@kestrel\.example/);
  });

  test('there is a page for every month and quarter, and a way to each', () => {
    const index = page(full, 'audit/');
    for (const { month } of model.audit.months)
      assert.ok(index.includes(`href="/audit/${month}/"`) && page(full, `audit/${month}/`).length > 0);
    for (const { label } of model.audit.periods)
      assert.ok(
        index.includes(`href="/audit/period/${label.toLowerCase()}/"`) &&
          page(full, `audit/period/${label.toLowerCase()}/`).length > 0,
      );
  });

  test('a quarter has the whole commits, the figures, each control, the exceptions, the sample and every table', () => {
    const shown = text(page(full, 'audit/period/2026-q4/'));
    const [period] = model.audit.periods;
    assert.ok(period !== undefined);
    const { declarations, recordsBefore, recordsAfter } = period.commits;
    for (const commit of [declarations, recordsBefore, recordsAfter])
      assert.ok(commit !== null && shown.includes(commit), String(commit));
    for (const { figure, meaning } of period.figures)
      assert.ok(shown.includes(`${figure} ${meaning}`), meaning);
    for (const { rule, policy } of period.controls)
      assert.ok(shown.includes(`${rule} of policy ${policy}`), rule);
    for (const { fingerprint } of period.sample) assert.ok(shown.includes(`sha256 ${fingerprint}`));
    for (const { title, name, rows } of period.tables) {
      if (name === 'rules') continue;
      assert.ok(shown.includes(title), title);
      for (const row of rows)
        for (const cell of row)
          if (!/\d\d:\d\d/.test(cell)) assert.ok(shown.includes(cell.replaceAll(/\s+/g, ' ').trim()), cell);
    }
    for (const words of [
      'this is what is known so far',
      'renewd report --period 2026-Q4',
      'OSCAL',
      'Anneke Bakker',
    ])
      assert.ok(shown.includes(words), words);
  });
});

describe('maturity and about', () => {
  test('levels, steps and figures are named with their period and their targets', () => {
    const shown = text(page(full, 'maturity/'));
    for (const words of [
      'fourth quarter of 2026',
      '1, ad hoc',
      'Declare under serves',
      'Outage safety net',
      'Service desk trained, 2026-09-22',
      'at least 4, integrated',
      'Missed',
      'path-not-allowed',
      'Chief operating officer',
    ])
      assert.ok(shown.includes(words), words);
  });

  test('without a Program the page says what to declare', () => {
    assert.match(text(page(empty, 'maturity/')), /kind: Program/);
  });

  test('the page about the site names the commit and how to build the same bytes again', () => {
    const shown = text(page(full, 'about/'));
    const seconds = String(Date.parse(sources.at) / 1000);
    assert.ok(
      shown.includes(
        `SOURCE_DATE_EPOCH=${seconds} renewd site --repo <clone> --at ${sources.state.slice(0, 12)} --redact full`,
      ),
    );
    for (const words of [
      'In order of precedence',
      'What each number counts',
      'Colours and shapes',
      'This site has everything the repository says',
    ])
      assert.ok(shown.includes(words), words);
    assert.match(text(page(open, 'about/')), /no name of a certificate, endpoint, host or person/);
  });
});

describe('what a level withholds', () => {
  const people =
    /Anneke|Bakker|Selin|Yilmaz|Okafor|Marchetti|Virtanen|selin\.yilmaz|pki@|Chief operating|Platform team/;

  test('the level internal names no person, and says that they are withheld', () => {
    for (const [path, html] of internal.pages) if (mine.test(path)) assert.doesNotMatch(html, people, path);
    assert.match(text(page(internal, 'audit/')), /path-not-allowed why is withheld here/);
    assert.match(
      text(page(internal, 'policies/')),
      /Reached only from the office network, logs are read each day withheld/,
    );
  });

  test('the public sees rules and counts, and nobody, no host, no exception and no link to what is gone', () => {
    for (const [path, html] of open.pages) {
      if (!mine.test(path)) continue;
      assert.doesNotMatch(html, people, path);
      assert.doesNotMatch(text(html), /kestrel\.example|payroll|kiosk|ecdsa-p384|Exceptions/, path);
      assert.doesNotMatch(html, /href="\/(audit|drift|discovered|certificates|endpoints|findings)\//, path);
    }
    for (const path of ['audit', 'drift', 'discovered'])
      assert.equal(existsSync(join(open.directory, path)), false, path);
    assert.match(text(page(open, 'policies/baseline/')), /1 breaks it/);
  });
});

describe('an estate in which nothing happened yet', () => {
  test('each page says what is missing and how it comes about, without tables', () => {
    for (const [path, words] of [
      ['policies/', /No policy was read yet.*kind: Policy/],
      ['drift/', /No certificate is declared yet.*This page fills as soon as/],
      ['audit/', /The daemon has committed no record yet.*From its first turn on/],
      ['maturity/', /No team has a certificate yet.*No team is declared yet/],
    ] as const) {
      assert.match(text(page(empty, path)), words);
      assert.doesNotMatch(page(empty, path), /<table/, path);
    }
    assert.equal(existsSync(join(empty.directory, 'discovered')), false);
    assert.doesNotMatch(text(page(empty, 'about/')), /SOURCE_DATE_EPOCH/);
  });
});

describe('on paper', { skip: noBrowser }, () => {
  let browser: Browser;
  let server: StaticServer;
  before(async () => {
    server = await serveDirectory({ directory: full.directory, host: '127.0.0.1', port: 0 });
    browser = await startBrowser();
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  test('a quarter is A4: upright, and across where a table is broad', async () => {
    const tab = await browser.newPage();
    await tab.goto(`${server.url}/audit/period/2026-q4/`);
    const pdf = (await tab.pdf({ preferCSSPageSize: true })).toString('latin1');
    const sheets = [...pdf.matchAll(/\/MediaBox \[0 0 (\d+)[.\d]* (\d+)[.\d]*\]/g)].map(
      ([, width, height]) => `${String(width)}x${String(height)}`,
    );
    assert.deepEqual(new Set(sheets), new Set(['594x841', '841x594']));
    assert.ok(sheets.length >= 6);
    await tab.close();
  });

  test('nothing of a quarter is wider than its sheet, the picture of the screen is gone, folds are open', async () => {
    const tab = await browser.newPage({ viewport: { width: 794, height: 1000 } });
    await tab.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await tab.goto(`${server.url}/audit/period/2026-q4/`);
    const upright = await tab.evaluate<number>(
      `[...document.querySelectorAll('section:not(.wide) table')].filter((each) => each.scrollWidth > innerWidth).length`,
    );
    assert.equal(upright, 0);
    for (const gone of ['nav', '.jump', '.contents'])
      assert.equal(await tab.locator(gone).first().isVisible(), false, gone);
    const commit = await tab.evaluate<string>(
      `getComputedStyle(document.documentElement).getPropertyValue('--commit')`,
    );
    assert.equal(commit.replaceAll('"', ''), sources.state);
    await tab.goto(`${server.url}/maturity/`);
    assert.equal(await tab.locator('.answers li').first().isVisible(), true);
    await tab.close();
  });
});

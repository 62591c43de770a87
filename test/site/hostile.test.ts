/** Everything in a record was written by a stranger: whatever it says, the pages stay pages. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { SiteSources } from '../../site/facts/sources.ts';
import { serveDirectory, type StaticServer } from '../../daemon/http/static.ts';
import { listenedPage, noBrowser, startBrowser } from './browser.ts';
import { built, type BuiltPages } from './built.ts';
import { eventsOf, readAtom, readCsv, readXml } from './feed-readers.ts';
import { flooded, harmlessTwin, markupPayload, poisoned, prefixing, seam } from './hostile-sources.ts';
import { tagsOf } from './html-reader.ts';
import { emptySources, sampleSources } from './sample-model.ts';

const sources = sampleSources();
const hostile = poisoned(sources, (text) => text + markupPayload);
const prefixed = poisoned(flooded(sources), prefixing());
const forge = {
  kind: 'gitea' as const,
  url: 'https://git.kestrel.example/x',
  branch: `main${markupPayload}`,
};

/** Every way in which a site of strangers' words is built. */
const sites: Readonly<Record<string, SiteSources>> = {
  'markup in every text': { ...hostile, settings: { ...hostile.settings, forge } },
  // Half of the certificates have no page of their own: a script shows them.
  'schemes, formulas and ways out in every text': {
    ...prefixed,
    settings: { ...prefixed.settings, staticDetailMax: 9 },
  },
  'markup for the public': { ...hostile, settings: { ...hostile.settings, redaction: 'public' } },
  'markup in an empty estate': {
    ...emptySources(),
    repository: markupPayload,
    state: markupPayload,
    intent: markupPayload,
    settings: {
      ...sources.settings,
      forge,
      thresholds: [{ label: markupPayload, value: markupPayload, meaning: markupPayload }],
    },
  },
};
const builds = new Map<string, BuiltPages>();
for (const [name, each] of Object.entries(sites))
  builds.set(name, await built(`hostile-${String(builds.size)}`, each));
const buildOf = (name: string): BuiltPages => builds.get(name) ?? assert.fail(name);

for (const [name, { pages, directory }] of builds) {
  describe(name, () => {
    test('is inert: no element, attribute or link of theirs, no character that deceives', () => {
      for (const [path, html] of pages) {
        const tags = tagsOf(html);
        for (const { name: tag, attributes } of tags) {
          assert.ok(!['style', 'iframe', 'base', 'object', 'embed'].includes(tag), `${path} <${tag}>`);
          if (tag === 'script')
            assert.match(attributes.get('src') ?? 'inline', /^\/(site\.js\?|assets\/)/, path);
          if (tag === 'img')
            assert.match(attributes.get('src') ?? '', /^\/(?:teams\/[^/]+\/)?badge\.svg$/, path);
          for (const attribute of attributes.keys())
            assert.doesNotMatch(attribute, /^on|^style$|^srcdoc$|pwned/, path);
          const href = attributes.get('href');
          if (href !== undefined) assert.match(href, /^(\/(?!\/)|#|https:|mailto:)/, path);
        }
        assert.doesNotMatch(html, /[\u202A-\u202E\u2066-\u2069\u200B]/, path);
        // oxlint-disable-next-line no-control-regex -- these are what must not be there
        assert.doesNotMatch(html, /[\u0000-\u0008\u000B\u000C\u000E-\u001F]/, path);
        assert.doesNotMatch(html, /\bNaN\b|\[object|>undefined</, path);
      }
    });

    test('stays in its directory, under plain names', () => {
      const files = globSync('**/*', { cwd: directory });
      for (const path of files) assert.match(path, /^[A-Za-z0-9~][A-Za-z0-9._~/-]*$/);
      for (const segment of files.flatMap((path) => path.split('/')))
        assert.ok(segment.length < 80 && !segment.startsWith('.') && !segment.startsWith('__'), segment);
    });

    test('has files of data that are what their names say', () => {
      for (const path of globSync('**/*.{json,ics,xml,csv,svg}', { cwd: directory })) {
        const text = readFileSync(join(directory, path), 'utf8');
        if (path.endsWith('.json')) assert.equal(typeof JSON.parse(text), 'object', path);
        else if (path.endsWith('.ics')) eventsOf(text);
        else if (path.endsWith('.xml')) readAtom(text);
        else if (path.endsWith('badge.svg')) assert.equal(readXml(text).children.length, 5, path);
        else if (path.endsWith('.csv'))
          for (const row of readCsv(text)) {
            assert.equal(row.length, 14, path);
            for (const cell of row) assert.doesNotMatch(cell, /^[=+\-@\t\r]/, path);
          }
        else assert.equal(path, 'favicon.svg');
      }
    });
  });
}

test('an override of the direction is shown as what it is', () => {
  assert.ok([...buildOf('markup in every text').pages.values()].some((html) => html.includes('⟨U+202E⟩')));
});

/** Which page it is, whatever strangers put behind the names in its title. */
function pageKey(path: string, html: string): string {
  if (!path.includes('~')) return path;
  const title = /<title>(.*?)<\/title>/s.exec(html)?.[1] ?? '';
  const names = [...title.matchAll(new RegExp(`([\\w-]+) ${seam}`, 'g'))].map(([, name]) => name);
  return `${path.split('/')[0] ?? ''} ${names.join('/')}`;
}

describe('in a browser', { skip: noBrowser }, () => {
  let browser: Browser;
  const servers: StaticServer[] = [];
  const serve = async (directory: string): Promise<string> => {
    const server = await serveDirectory({ directory, host: '127.0.0.1', port: 0 });
    servers.push(server);
    return server.url;
  };
  before(async () => {
    browser = await startBrowser();
  });
  after(async () => {
    await browser.close();
    await Promise.all(servers.map((each) => each.close()));
  });

  /** What is in a page that no page of ours has. */
  const strange = (page: Page): Promise<readonly string[]> =>
    page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('script:not([src]), iframe, object, embed, base, style, img:not([src$="badge.svg"])')].map((node) => node.outerHTML.slice(0, 80))
        .concat([...document.querySelectorAll('*')].flatMap((node) => [...node.attributes].filter(({ name }) => /^on|^style$|^srcdoc$/.test(name)).map(({ name }) => node.tagName + ' ' + name)))
        .concat('__pwned' in window ? ['it ran'] : [])`,
    );

  for (const [name, { directory, pages }] of builds)
    test(`${name}: every page runs nothing of theirs and asks nobody else`, async () => {
      const url = await serve(directory);
      const context = await browser.newContext();
      const wrong: string[] = [];
      const paths = [...pages.keys()].map((path) => path.replace(/index\.html$/, ''));
      // Two at a time: a page waits more than it works.
      await Promise.all(
        [0, 1].map(async (half) => {
          const { page, complaints } = await listenedPage(context, url);
          for (const path of paths.filter((_, index) => index % 2 === half)) {
            await page.goto(`${url}/${path.split('/').map(encodeURIComponent).join('/')}`);
            for (const each of await strange(page)) wrong.push(`${path}: ${each}`);
          }
          wrong.push(...complaints);
        }),
      );
      await context.close();
      assert.deepEqual(wrong, []);
    });

  test('a certificate without a page of its own is shown by a script, and its words stay words', async () => {
    const many = { ...sites['markup in every text'], settings: { ...sources.settings, staticDetailMax: 9 } };
    const { directory } = await built('hostile-shards', many as SiteSources);
    const url = await serve(directory);
    const { page, complaints } = await listenedPage(await browser.newContext(), url);
    await page.goto(`${url}/certificates/`);
    await page.locator('html[data-inventory="ready"]').waitFor({ state: 'attached' });
    assert.deepEqual(await strange(page), []);
    await page.locator('#rows tbody th a[href*="/view/#"]').first().click();
    await page.locator('h1.name').waitFor();
    assert.ok((await page.locator('h1.name').textContent())?.includes('<script>window.__pwned=1'));
    assert.deepEqual(await strange(page), []);
    assert.deepEqual(complaints, []);
  });

  test('each page has the same elements and attributes as one of harmless words', async () => {
    const twin = poisoned(sources, (text) => text + harmlessTwin);
    const twins = await built('hostile-twin', {
      ...twin,
      settings: { ...sources.settings, forge: { ...forge, branch: `main${harmlessTwin}` } },
    });
    const byKey = ({ pages }: BuiltPages): ReadonlyMap<string, string> =>
      new Map([...pages].map(([path, html]) => [pageKey(path, html), html]));
    const [theirs, ours] = [byKey(buildOf('markup in every text')), byKey(twins)];
    assert.equal(theirs.size, buildOf('markup in every text').pages.size, 'pages are told apart');
    assert.deepEqual([...theirs.keys()].sort(), [...ours.keys()].sort());
    const page = await browser.newPage();
    // The parser of the browser itself, without running anything: what it makes of the bytes is what counts.
    const skeleton = (html: string): Promise<readonly string[]> =>
      page.evaluate<readonly string[], string>(
        `(html) => [...new DOMParser().parseFromString(html, 'text/html').querySelectorAll('*')].map((node) => {
          let depth = 0;
          for (let up = node; up; up = up.parentElement) depth++;
          return depth + ' ' + node.localName + ' ' + [...node.attributes].map(({ name }) => name).sort().join(' ');
        })`,
        html,
      );
    for (const [key, html] of ours)
      assert.deepEqual(await skeleton(theirs.get(key) ?? ''), await skeleton(html), key);
    await page.close();
  });
});

test('an address of a contact that is no plain link is shown as text', async () => {
  const [team] = sources.declared.teams;
  assert.ok(team !== undefined);
  const contacts = [
    { type: 'url' as const, value: 'javascript:alert(1)' },
    { type: 'url' as const, value: 'https://me:pw@chat.example/' },
    { type: 'email' as const, value: 'a@b.example?bcc=c@d.example' },
  ];
  const teams = [{ ...team, name: 'web', contacts }];
  const { pages } = await built('contacts', { ...sources, declared: { ...sources.declared, teams } });
  const html = pages.get('teams/web/index.html') ?? '';
  assert.match(html, /javascript:alert/);
  for (const { attributes } of tagsOf(html))
    assert.doesNotMatch(attributes.get('href') ?? '', /javascript|chat\.example|bcc/);
});

test('floods are cut and counted, and a private key that strayed in is not shown', async () => {
  const [first, ...rest] = sources.records.certificates;
  assert.ok(first !== undefined);
  const id = `${first.metadata.team}/${first.metadata.name}`;
  const names = Array.from({ length: 10_000 }, (_, index) => `n${String(index)}.kestrel.example`);
  const flood = {
    ...first,
    declaration: { ...first.declaration, dnsNames: [...names, 'x'.repeat(4096)] },
    findings: first.findings.map((each) => ({ ...each, observed: 'A'.repeat(2_000_000) })),
  };
  const key = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIFh\n-----END PRIVATE KEY-----\n';
  const chains = Object.fromEntries(first.installations.map(({ endpoint }) => [`${id}@${endpoint}`, key]));
  const { pages } = await built('flood', {
    ...sources,
    records: { ...sources.records, certificates: [flood, ...rest] },
    chains,
    texts: { ...sources.texts, [id]: `spec:\n  # ${key}` },
  });
  const html = pages.get(`certificates/${id}/index.html`) ?? '';
  assert.match(html, /and 9901 more/);
  assert.match(html, /\(65536 characters\)|characters\)/);
  assert.ok(html.length < 100_000, `${String(html.length)} bytes`);
  for (const each of pages.values()) assert.doesNotMatch(each, /PRIVATE KEY|MC4CAQAw/);
});

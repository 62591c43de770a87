/** Everything in a record was written by a stranger: whatever it says, the pages stay pages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SiteSources } from '../../site/facts/sources.ts';
import { serveDirectory } from '../../daemon/http/static.ts';
import { listenedPage, noBrowser, startBrowser } from './browser.ts';
import { built } from './built.ts';
import { tagsOf } from './html-reader.ts';
import { sampleSources } from './sample-model.ts';

const payload =
  `'"></title></script><script>alert(1)</script><img src=x onerror=alert(1)><style>*{display:none}</style>` +
  `{{7*7}}\${7*7}\u202Egnp.exe\u0000\u001B[2J\u200B\uD800<!--`;

/** What the program itself writes: words of closed sets, instants, and what is compared with them. */
const ours = new Set([
  ...[
    'apiVersion',
    'kind',
    'status',
    'severity',
    'result',
    'state',
    'drift',
    'action',
    'outcome',
    'verdict',
    'type',
    'mode',
  ],
  ...['before', 'after', 'rule', 'recordSigner', 'period', 'at', 'signatures', 'keyAlgorithm'],
]);
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function poison(value: unknown, key: string): unknown {
  if (typeof value === 'string') return ours.has(key) || instant.test(value) ? value : value + payload;
  if (Array.isArray(value)) return value.map((each) => poison(each, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      key === 'labels' ? name + payload : name,
      poison(each, name),
    ]),
  );
}

test('scripts, markup, direction overrides and controls in any text of the records are inert', async () => {
  const sources = sampleSources();
  const poisoned = { ...(poison(sources, '') as SiteSources), settings: sources.settings };
  const { pages } = await built('hostile', poisoned);
  assert.ok(pages.size > 30);
  for (const [path, html] of pages) {
    const tags = tagsOf(html);
    for (const { attributes } of tags.filter(({ name }) => name === 'script'))
      assert.match(attributes.get('src') ?? 'inline', /^\/(site\.js\?|assets\/)/, path);
    for (const { name, attributes } of tags) {
      assert.ok(!['style', 'iframe', 'base'].includes(name), `${path} <${name}>`);
      if (name === 'img')
        assert.match(attributes.get('src') ?? '', /^\/(?:teams\/[^/]+\/)?badge\.svg$/, path);
      for (const attribute of attributes.keys()) assert.doesNotMatch(attribute, /^on|^style$/, path);
      const href = attributes.get('href');
      if (href !== undefined) assert.match(href, /^(\/|#|https:|mailto:)/, path);
    }
    assert.doesNotMatch(html, /[\u202A-\u202E\u2066-\u2069\u200B]/, path);
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    assert.doesNotMatch(html, /[\u0000-\u0008\u000B\u000C\u000E-\u001F]/, path);
    assert.doesNotMatch(html, /\bNaN\b|\[object|>undefined</, path);
  }
  assert.ok(
    [...pages.values()].some((html) => html.includes('⟨U+202E⟩')),
    'the override is shown as what it is',
  );
});

test(
  'a browser that opens every page of it runs nothing of theirs and asks nobody else',
  { skip: noBrowser },
  async () => {
    const sources = sampleSources();
    const [first, ...rest] = sources.records.certificates;
    assert.ok(first !== undefined);
    const names = Array.from({ length: 10_000 }, (_, index) => `n${String(index)}.kestrel.example`);
    const records = {
      ...sources.records,
      certificates: [
        { ...first, declaration: { ...first.declaration, dnsNames: [...names, 'x'.repeat(4096)] } },
        ...rest,
      ],
    };
    const poisoned = {
      ...(poison({ ...sources, records }, '') as SiteSources),
      // Half of the certificates have no page of their own: a script shows them.
      settings: { ...sources.settings, staticDetailMax: 9 },
    };
    const { directory, pages } = await built('hostile-browser', poisoned);
    const server = await serveDirectory({ directory, host: '127.0.0.1', port: 0 });
    const browser = await startBrowser();
    try {
      const { page, complaints } = await listenedPage(await browser.newContext(), server.url);
      const paths = [...pages.keys()].map((path) => path.replace(/index\.html$/, ''));
      for (const path of paths) {
        await page.goto(`${server.url}/${path.split('/').map(encodeURIComponent).join('/')}`);
        const strange = await page.evaluate<readonly string[]>(
          `[...document.querySelectorAll('script:not([src]), iframe, object, embed, base, style, img:not([src$="badge.svg"])')].map((node) => node.outerHTML.slice(0, 80))
            .concat([...document.querySelectorAll('*')].flatMap((node) => [...node.attributes].filter(({ name }) => /^on|^style$|^srcdoc$/.test(name)).map(({ name }) => node.tagName + ' ' + name)))`,
        );
        assert.deepEqual(strange, [], path);
      }
      await page.goto(`${server.url}/certificates/`);
      await page.locator('html[data-inventory="ready"]').waitFor({ state: 'attached' });
      const hidden = page.locator('#rows tbody th a[href*="/view/#"]').first();
      await hidden.click();
      await page.locator('h1.name').waitFor();
      assert.ok((await page.locator('h1.name').textContent())?.includes('<script>alert(1)</script>'));
      assert.deepEqual(complaints, []);
    } finally {
      await browser.close();
      await server.close();
    }
  },
);

test('an address of a contact that is no plain link is shown as text', async () => {
  const sources = sampleSources();
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
  const sources = sampleSources();
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

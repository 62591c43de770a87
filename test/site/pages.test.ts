/** Every page of the sample estate as a browser, a screen reader and a link checker would read it. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { SiteSources } from '../../site/facts/sources.ts';
import { built, type BuiltPages } from './built.ts';
import { tagsOf } from './html-reader.ts';
import { emptySources, sampleFingerprint, sampleSources } from './sample-model.ts';

const sources = sampleSources();
function withSettings(settings: Partial<SiteSources['settings']>): SiteSources {
  return { ...sources, settings: { ...sources.settings, ...settings } };
}
const sites: readonly (readonly [string, string, BuiltPages])[] = [
  ['the sample', '/', await built('sample', sources)],
  ['the sample under a path', '/a/b/', await built('under-a-path', sources, '/a/b/')],
  ['an empty estate', '/', await built('empty', emptySources())],
  ['the sample for the public', '/', await built('public', withSettings({ redaction: 'public' }))],
  ['the sample without people', '/', await built('internal', withSettings({ redaction: 'internal' }))],
  ['an estate of few pages', '/a/b/', await built('few', withSettings({ staticDetailMax: 3 }), '/a/b/')],
];
const sample = sites[0]?.[2].pages ?? new Map<string, string>();
const page = (path: string): string => sample.get(path) ?? assert.fail(`there is no ${path}`);

/** Fields without a name for a screen reader: no label around, none that names its id, no aria-label. */
function unlabelled(html: string): readonly string[] {
  const named = new Set([...html.matchAll(/<label[^>]*\sfor="([^"]+)"/g)].map(([, id]) => id));
  const outside = html.replace(/<label\b[^>]*>[\s\S]*?<\/label>/g, '');
  return [...outside.matchAll(/<(?:input|select|textarea)\b[^>]*>/g)]
    .map(([field]) => field)
    .filter(
      (field) =>
        !/type="hidden"|aria-label(?:ledby)?=/.test(field) &&
        !named.has(/\sid="([^"]+)"/.exec(field)?.[1] ?? ''),
    );
}

for (const [name, base, site] of sites) {
  describe(name, () => {
    const tags = new Map([...site.pages].map(([path, html]) => [path, tagsOf(html)]));

    test('every page has one h1, a title of its own, a language and the landmarks', () => {
      const titles = new Set<string>();
      for (const [path, each] of tags) {
        const count = (tag: string): number => each.filter((one) => one.name === tag).length;
        for (const tag of ['h1', 'main', 'nav', 'footer']) assert.equal(count(tag), 1, `${path} ${tag}`);
        assert.equal(each.find((one) => one.name === 'html')?.attributes.get('lang'), 'en', path);
        assert.equal(
          (/<head>[\s\S]*<\/head>/.exec(site.pages.get(path) ?? '')?.[0].match(/<title>/g) ?? []).length,
          1,
        );
        titles.add(/<title>(.*?)<\/title>/.exec(site.pages.get(path) ?? '')?.[1] ?? '');
        const firstLink = each.find((one) => one.name === 'a');
        assert.equal(firstLink?.attributes.get('href'), '#main', `${path}: the skip link comes first`);
      }
      assert.equal(titles.size, tags.size);
    });

    test('headings go down one level at a time', () => {
      for (const [path, each] of tags) {
        let level = 1;
        for (const { name } of each.filter((one) => /^h[1-6]$/.test(one.name))) {
          const next = Number(name[1]);
          assert.ok(next <= level + 1, `${path}: ${name} after h${level}`);
          level = next;
        }
      }
    });

    test('ids are unique, and what is labelled by an id has it', () => {
      for (const [path, each] of tags) {
        const ids = each.flatMap((one) => one.attributes.get('id') ?? []);
        assert.equal(new Set(ids).size, ids.length, path);
        for (const { attributes } of each) {
          const label = attributes.get('aria-labelledby');
          if (label !== undefined) assert.ok(ids.includes(label), `${path} ${label}`);
        }
      }
    });

    test('every table has a caption, and every header cell says what it heads', () => {
      for (const [path, html] of site.pages) {
        for (const table of html.match(/<table[\s\S]*?<\/table>/g) ?? []) {
          assert.match(table, /^<table[^>]*>\s*<caption[^>]*>[^<]*\S/, path);
          for (const { name, attributes } of tagsOf(table))
            if (name === 'th') assert.match(attributes.get('scope') ?? '', /^(col|row)$/, path);
        }
      }
    });

    test('pictures have words or are hidden, and fields have labels', () => {
      for (const [path, html] of site.pages) {
        // A drawing inside a drawing is a part of it: the outer one has the words.
        let depth = 0;
        for (const [tag] of html.matchAll(/<\/?svg\b[^>]*>/g)) {
          if (tag.startsWith('</')) depth--;
          else if (depth++ === 0) assert.match(tag, /aria-hidden="true"|aria-label="[^"]/, `${path} ${tag}`);
        }
        for (const [tag] of html.matchAll(/<img\b[^>]*>/g)) assert.match(tag, /alt="[^"]/, `${path} ${tag}`);
        for (const label of unlabelled(html)) assert.fail(`${path}: ${label}`);
      }
    });

    test('nothing is inline, nothing comes from elsewhere, and the policy says so', () => {
      for (const [path, each] of tags) {
        for (const { name, attributes } of each) {
          assert.notEqual(name, 'style', path);
          for (const attribute of attributes.keys())
            assert.doesNotMatch(attribute, /^(on|style$|srcdoc$)/, `${path} <${name}>`);
          if (name === 'script')
            assert.match(
              attributes.get('src')?.slice(base.length) ?? 'inline',
              /^(site\.js\?|assets\/)/,
              path,
            );
          if (['iframe', 'object', 'embed', 'base'].includes(name)) assert.fail(`${path} <${name}>`);
          if (name === 'img')
            assert.match(
              attributes.get('src')?.slice(base.length) ?? '',
              /^(?:teams\/[^/]+\/)?badge\.svg$/,
              path,
            );
          if (name === 'link') assert.ok(attributes.get('href')?.startsWith(base), path);
        }
        const policy = each.find(
          (one) => one.attributes.get('http-equiv')?.toLowerCase() === 'content-security-policy',
        );
        const text = policy?.attributes.get('content') ?? '';
        for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'"])
          assert.ok(text.includes(part), `${path}: ${part}`);
        assert.doesNotMatch(text, /unsafe|https?:|\*/, path);
      }
    });

    test('every link leads to a page and an anchor that exist', () => {
      for (const [path, each] of tags) {
        for (const { name, attributes } of each) {
          const href = name === 'a' || name === 'link' ? attributes.get('href') : attributes.get('src');
          if (href === undefined) continue;
          if (/^(https|mailto):/.test(href)) continue;
          const [address = '', anchor] = href.split('#');
          const file = address.replace(/\?.*$/, '');
          assert.ok(file === '' || file.startsWith(base), `${path}: ${href}`);
          const wanted =
            file === '' ? path : `${file.slice(base.length)}${file.endsWith('/') ? 'index.html' : ''}`;
          assert.ok(existsSync(join(site.directory, wanted)), `${path}: ${href}`);
          // Behind this one's # stands the name of the certificate that its script shows.
          if (anchor === undefined || !wanted.endsWith('.html') || wanted === 'certificates/view/index.html')
            continue;
          const ids = tags.get(wanted)?.flatMap((one) => one.attributes.get('id') ?? []);
          assert.ok(ids?.includes(anchor), `${path}: ${href}`);
        }
      }
    });
  });
}

test('there is a page for every certificate, endpoint and team', () => {
  for (const { metadata } of sources.records.certificates)
    page(`certificates/${metadata.team}/${metadata.name}/index.html`);
  for (const { metadata } of sources.records.endpoints) page(`endpoints/${metadata.name}/index.html`);
  for (const team of sources.declared.teams) page(`teams/${team.name}/index.html`);
});

test('the posture says first how many need a person, and shows each of them with what to do', () => {
  const html = page('index.html');
  assert.match(
    html,
    /<h1[^>]*>.*7 of 19 certificates need a person, 5 more than a week ago: 1 has expired\./s,
  );
  assert.match(html, /freight\/customs-gateway/);
  assert.match(html, /Make gw-utrecht-02 accept SSH/);
  assert.match(html, /git\.kestrel\.example\/pki\/estate/);
});

test('the page of a certificate has the declaration, the addresses, the finding, the history and the chain', () => {
  const html = page('certificates/web/shop/index.html');
  for (const text of [
    'inventory/certificates/web/shop.yaml',
    'Serves the one before',
    '192.0.2.10:443',
    'What to do.',
    'Expected',
    'Observed',
    sampleFingerprint,
    '192.0.2.10:443 served-previous',
    'renewal is planned for 2027-01-15 16:20 UTC',
    'BEGIN CERTIFICATE',
  ])
    assert.ok(html.includes(text), text);
  assert.doesNotMatch(html, /declared, blocked|passenger\/kiosk/, 'the history of another certificate');
});

test('a status is a word beside its drawing, never a colour alone', () => {
  for (const [path, html] of sample)
    for (const [, word] of html.matchAll(/<span class="status[^>]*>\s*<svg[\s\S]*?<\/svg>([^<]*)/g))
      assert.match(word ?? '', /\w/, path);
});

test('an empty estate says how to begin, and does not call nothing stale', () => {
  const html = sites[2]?.[2].pages.get('index.html') ?? '';
  assert.match(html, /No certificate is declared yet\./);
  assert.match(html, /renewd init/);
  assert.doesNotMatch(html, /<html[^>]*data-stale/);
  assert.doesNotMatch(html, /branch at/);
});

test('facts that are too old are called stale on every page', async () => {
  const old = { ...sources, at: '2026-11-21T11:55:13Z' };
  const { pages } = await built('stale', old);
  for (const [path, html] of pages) assert.match(html, /<html[^>]*data-stale="true"/, path);
  assert.doesNotMatch(page('index.html'), /data-stale="true"/);
});

test('the same model gives the same bytes', async () => {
  const again = await built('again', sources);
  const bytes = (directory: string): ReadonlyMap<string, string> =>
    new Map(
      globSync('**/*.*', { cwd: directory })
        .sort()
        .map((path) => [path, readFileSync(join(directory, path), 'base64')]),
    );
  const before = bytes(sites[0]?.[2].directory ?? '');
  assert.ok(before.has('calendar.ics') && before.has('index.html') && before.has('site.css'));
  assert.deepEqual(bytes(again.directory), before);
});

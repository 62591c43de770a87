/** Pieces of pages as values: everything is escaped, nothing that could act can be made, and shells are filled exactly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { commitUrl, editUrl, fileUrl, forgeKind, newFileUrl } from '../../site/src/lib/forge.ts';
import { el, toHtml } from '../../site/src/lib/markup.ts';
import type { Forge } from '../../site/src/lib/model.ts';
import { shardOf, shardWidth } from '../../site/src/lib/shards.ts';
import { shellMain, shellTitle, takeApart } from '../../site/stamp.ts';
import { tagsOf } from './html-reader.ts';

test('whatever a text is, it makes no element and no attribute', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (text, value) => {
      const html = toHtml(el('p', { title: value }, text, el('span', {}, text)));
      const tags = tagsOf(html);
      assert.deepEqual(
        tags.map((each) => each.name),
        ['p', 'span'],
      );
      assert.deepEqual([...(tags[0]?.attributes.keys() ?? [])], ['title']);
    }),
  );
});

test('elements, attributes and links that could act are mistakes of the program', () => {
  for (const tag of ['script', 'style', 'iframe', 'img', 'object', 'form', 'base'])
    assert.throws(() => el(tag), tag);
  for (const name of ['onclick', 'style', 'srcdoc', 'formaction', 'is', 'x"y', 'xlink:href'])
    assert.throws(() => el('a', { [name]: 'x' }), name);
  for (const href of [
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,x',
    '//evil.example',
    'http://a.example',
    '',
  ])
    assert.throws(() => el('a', { href }), href);
  for (const href of ['/a/', '#b', 'https://a.example/', 'mailto:a@b.example']) el('a', { href });
});

test('what is not there is not written', () => {
  const none = el(
    'p',
    { class: null, id: undefined, hidden: false, open: true },
    null,
    undefined,
    false,
    0,
    '',
  );
  assert.equal(toHtml(none), '<p open>0</p>');
  assert.equal(toHtml(el('br')), '<br>');
});

test('a shell is filled in its two places and nowhere else', () => {
  const fill = takeApart(`<title>${shellTitle} · renewd</title><main>${shellMain}</main>`);
  assert.equal(fill('a<b', '<h1>$& x</h1>'), '<title>a&lt;b · renewd</title><main><h1>$& x</h1></main>');
  assert.throws(() => takeApart(`<main>${shellMain}</main>`), /no place/);
  assert.throws(() => takeApart(`${shellTitle}${shellMain}${shellMain}`), /twice/);
});

test('shards hold about 25 records, and both sides find the same one', () => {
  for (const [records, width] of [
    [1, 1],
    [400, 1],
    [401, 2],
    [6400, 2],
    [90_000, 3],
    [10_000_000, 4],
  ] as const)
    assert.equal(shardWidth(records), width, String(records));
  fc.assert(fc.property(fc.string(), (id) => new RegExp('^[0-9a-f]{3}$').test(shardOf(id, 3))));
});

test('addresses of forges are of their form, and a path cannot leave its place', () => {
  const forge = (kind: Forge['kind']): Forge => ({
    kind,
    url: 'https://git.example/pki/estate',
    branch: 'main',
  });
  const oid = 'a'.repeat(40);
  assert.equal(commitUrl(forge('gitlab'), oid), `https://git.example/pki/estate/-/commit/${oid}`);
  assert.equal(
    fileUrl(forge('github'), oid, 'a b/c.yaml', 3),
    `https://git.example/pki/estate/blob/${oid}/a%20b/c.yaml#L3`,
  );
  assert.equal(
    fileUrl(forge('forgejo'), oid, 'c.yaml'),
    `https://git.example/pki/estate/src/commit/${oid}/c.yaml`,
  );
  assert.equal(editUrl(forge('gitea'), 'x/c.yaml'), 'https://git.example/pki/estate/_edit/main/x/c.yaml');
  assert.equal(
    fileUrl(forge('github'), oid, 'a"onclick=b'),
    `https://git.example/pki/estate/blob/${oid}/a%22onclick%3Db`,
  );
  const text = 'apiVersion: renewd/v1\n';
  assert.deepEqual(newFileUrl(forge('github'), 'inventory/certificates/web/shop.yaml', text), {
    url: 'https://git.example/pki/estate/new/main?filename=inventory%2Fcertificates%2Fweb%2Fshop.yaml&value=apiVersion%3A%20renewd%2Fv1%0A',
    prefilled: true,
  });
  assert.match(
    newFileUrl(forge('forgejo'), 'inventory/certificates/web/shop.yaml', text).url,
    /\/_new\/main\/inventory\/certificates\/web\?filename=shop\.yaml&value=/,
  );
  assert.equal(newFileUrl(forge('gitlab'), 'a/b.yaml', text).prefilled, false);
  const long = newFileUrl(forge('github'), 'a/b.yaml', 'x'.repeat(8200));
  assert.equal(long.prefilled, false);
  assert.ok(long.url.length < 200, 'too long is not sent at all');
});

test('a forge is known by its host, or not at all', () => {
  for (const [url, kind] of [
    ['https://github.com/a/b', 'github'],
    ['https://gitlab.example.com/a/b', 'gitlab'],
    ['https://codeberg.org/a/b', 'forgejo'],
    ['https://gitea.example/a/b', 'gitea'],
    ['https://git.example/a/b', null],
    ['nonsense', null],
  ] as const)
    assert.equal(forgeKind(url), kind, url);
});

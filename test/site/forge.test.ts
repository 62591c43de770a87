/** Addresses of forges: each kind has its own form, and what is put into them cannot become anything but text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressMaxChars,
  commitUrl,
  editUrl,
  fileUrl,
  forgeKind,
  historyUrl,
  newFileUrl,
} from '../../site/src/lib/forge.ts';
import type { Forge } from '../../site/src/lib/model.ts';

const forge = (kind: Forge['kind'], branch = 'main'): Forge => ({
  kind,
  url: 'https://forge.example/pki/estate',
  branch,
});
const path = 'inventory/certificates/web/shop.yaml';
const text = '# a & b\nspec: { dnsNames: ["*.example.com"] }\n';

test('GitHub takes the whole path and the text in the address', () => {
  const { url, prefilled } = newFileUrl(forge('github'), path, text);
  assert.equal(prefilled, true);
  const { origin, pathname, searchParams } = new URL(url);
  assert.equal(origin + pathname, 'https://forge.example/pki/estate/new/main');
  assert.deepEqual(
    [...searchParams],
    [
      ['filename', path],
      ['value', text],
    ],
  );
});

test('Gitea and Forgejo take the folder in the path, the file name and the text', () => {
  for (const kind of ['gitea', 'forgejo'] as const) {
    const { url, prefilled } = newFileUrl(forge(kind), path, text);
    assert.equal(prefilled, true);
    const { pathname, searchParams } = new URL(url);
    assert.equal(pathname, '/pki/estate/_new/main/inventory/certificates/web');
    assert.deepEqual(
      [...searchParams],
      [
        ['filename', 'shop.yaml'],
        ['value', text],
      ],
    );
  }
});

test('GitLab takes no text, so it has to be pasted', () => {
  const { url, prefilled } = newFileUrl(forge('gitlab'), path, text);
  assert.equal(prefilled, false);
  assert.equal(new URL(url).pathname, '/pki/estate/-/new/main');
  assert.doesNotMatch(url, /value=/);
});

test('an address is never longer than a forge takes: the text is left out whole, at exactly the limit', () => {
  for (const kind of ['github', 'gitea', 'forgejo'] as const) {
    const bare = newFileUrl(forge(kind), path, '').url.length;
    const fits = newFileUrl(forge(kind), path, 'a'.repeat(addressMaxChars - bare));
    assert.deepEqual([fits.prefilled, fits.url.length], [true, addressMaxChars]);
    const over = newFileUrl(forge(kind), path, 'a'.repeat(addressMaxChars - bare + 1));
    assert.equal(over.prefilled, false);
    assert.doesNotMatch(over.url, /value=/);
    // What counts is the length as it is sent: these are nine characters each.
    assert.equal(newFileUrl(forge(kind), path, '漢'.repeat(900)).prefilled, false);
  }
});

test('a branch or a path of strangers stays one part of the address', () => {
  const odd = 'feature/a b?c#d';
  for (const kind of ['github', 'gitea', 'forgejo', 'gitlab'] as const) {
    const { hash, pathname, searchParams } = new URL(
      newFileUrl(forge(kind, odd), 'inventory/x&value=evil#y/a?b.yaml', 'good').url,
    );
    assert.equal(hash, '');
    assert.ok(pathname.includes('feature/a%20b%3Fc%23d'), pathname);
    assert.deepEqual(searchParams.getAll('value'), kind === 'gitlab' ? [] : ['good']);
  }
});

test('commits, files with their line, histories and editors, for each kind', () => {
  const [oid, at] = ['0123abcd', 'https://forge.example/pki/estate'];
  const of = (kind: Forge['kind']): readonly string[] => [
    commitUrl(forge(kind), oid),
    fileUrl(forge(kind), oid, path, 9),
    historyUrl(forge(kind), 'main', path),
    editUrl(forge(kind), path),
  ];
  assert.deepEqual(of('github'), [
    `${at}/commit/${oid}`,
    `${at}/blob/${oid}/${path}#L9`,
    `${at}/commits/main/${path}`,
    `${at}/edit/main/${path}`,
  ]);
  assert.deepEqual(of('gitlab'), [
    `${at}/-/commit/${oid}`,
    `${at}/-/blob/${oid}/${path}#L9`,
    `${at}/-/commits/main/${path}`,
    `${at}/-/edit/main/${path}`,
  ]);
  assert.deepEqual(of('forgejo'), of('gitea'));
  assert.deepEqual(of('gitea'), [
    `${at}/commit/${oid}`,
    `${at}/src/commit/${oid}/${path}#L9`,
    `${at}/commits/branch/main/${path}`,
    `${at}/_edit/main/${path}`,
  ]);
});

test('the kind is known by the host or not at all', () => {
  assert.equal(forgeKind('https://github.com/o/r'), 'github');
  assert.equal(forgeKind('https://github.example.com/o/r'), 'github');
  assert.equal(forgeKind('https://gitlab.example.com/o/r'), 'gitlab');
  assert.equal(forgeKind('https://codeberg.org/o/r'), 'forgejo');
  assert.equal(forgeKind('https://gitea.example.com/o/r'), 'gitea');
  assert.equal(forgeKind('https://git.example.com/o/r'), null);
  assert.equal(forgeKind('git@github.com:o/r'), null);
});

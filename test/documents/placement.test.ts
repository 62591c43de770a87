/** Where a document must stand: one thing a file, in the folder of its kind, in the file of its name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ParsedFile } from '../../daemon/core/parsed-document.ts';
import { documentReader } from '../../daemon/reader.ts';

const reader = documentReader();
const head = 'apiVersion: renewd/v1\n';
const team = (name: string): string => `${head}kind: Team\nmetadata: { name: ${name} }\nspec: {}\n`;
const certificate = (team: string): string =>
  `${head}kind: Certificate\nmetadata: { name: shop, team: ${team} }\nspec:\n  dnsNames: [shop.example.com]\n  issuer: ca\n  installations: [{ endpoint: web-01, profile: nginx }]\n`;
const control = (name: string): string =>
  `${head}kind: ChangeControl\nmetadata: { name: ${name} }\nspec: { signatures: optional }\n`;
const profile = `${head}kind: Profile\nmetadata: { name: nginx }\nspec: { description: D, files: [{ name: key.pem, content: key }] }\n`;
const read = (path: string, text: string): ParsedFile =>
  reader.parseFile({ path, oid: 'oid', bytes: Buffer.from(text) });
const said = (file: ParsedFile): string[] =>
  file.problems.map(
    ({ code, message, source }) =>
      `${source.file}:${String(source.line)}:${String(source.column)} ${code}: ${message.split('. ')[0] ?? ''}`,
  );

test('a document in the file of its name has nothing said of it', () => {
  for (const [path, text] of [
    ['inventory/teams/web.yaml', team('web')],
    ['inventory/teams/web.yml', team('web')],
    ['inventory/teams/here/web.yaml', team('web')],
    ['inventory/certificates/web/shop.yaml', certificate('web')],
    ['policies/change-control.yaml', control('main')],
    ['policies/main.yaml', control('main')],
  ] as const) {
    assert.deepEqual(said(read(path, text)), [], path);
  }
});

test('one in a file of another name is told which, and is left to who knows what was in force', () => {
  const file = read('inventory/teams/all.yaml', team('web'));
  assert.deepEqual(said(file), [
    'inventory/teams/all.yaml:1:1 document-place: Team web stands in inventory/teams/all.yaml; rename the file: git mv inventory/teams/all.yaml inventory/teams/web.yaml',
  ]);
  assert.equal(file.documents.length, 1);
});

test('of several in one file each that has not its name is told where to go, with its line', () => {
  const file = read('inventory/teams/web.yaml', `${team('web')}---\n${team('payments')}---\n${team('pki')}`);
  assert.deepEqual(said(file), [
    'inventory/teams/web.yaml:6:1 document-place: Team payments stands in inventory/teams/web.yaml together with others; move this document to a file of its own, inventory/teams/payments.yaml',
    'inventory/teams/web.yaml:11:1 document-place: Team pki stands in inventory/teams/web.yaml together with others; move this document to a file of its own, inventory/teams/pki.yaml',
  ]);
});

test('a document in the folder of another kind, or of another team, is not believed', () => {
  for (const [path, text, expected] of [
    ['inventory/certificates/web/web.yaml', team('web'), /Team web is not used.*below inventory\/teams\//],
    ['inventory/certificates/web/nginx.yaml', profile, /Profile nginx is not used.*below policies\//],
    [
      'inventory/certificates/payments/shop.yaml',
      certificate('web'),
      /web\/shop belongs to team web but stands in the folder of payments; move it to inventory\/certificates\/web\/shop\.yaml/,
    ],
    ['inventory/certificates/shop.yaml', certificate('web'), /folder of no team/],
    ['inventory/endpoints/shop.yaml', certificate('web'), /below inventory\/certificates\//],
    ['policies/shop.yaml', certificate('web'), /below inventory\/certificates\//],
  ] as const) {
    const file = read(path, text);
    assert.deepEqual(file.documents, [], path);
    assert.match(said(file).join(' '), expected, path);
  }
});

test('a name is lower case and plain ASCII: what only looks like another cannot be one', () => {
  for (const name of ['Web', 'WEB', 'wеb', 'ｗeb', 'we\u0301b', 'web.', 'a..b', '../web', 'web\\n']) {
    const file = read('inventory/teams/web.yaml', team(JSON.stringify(name)));
    assert.deepEqual(file.documents, [], name);
    assert.ok(file.problems.length > 0, name);
  }
});

test('a key is never declared readable beyond a group that its owner names, and nothing is executable', () => {
  const withFile = (file: string): string =>
    `${head}kind: Profile\nmetadata: { name: nginx }\nspec: { description: D, files: [{ name: key.pem, ${file} }] }\n`;
  for (const [file, expected] of [
    ["content: key, mode: '0644'", /cannot have mode 0644: write 0600/],
    ["content: combined, mode: '0444'", /cannot have mode 0444/],
    ["content: key, mode: '0640'", /name it with owner/],
    ["content: key, mode: '0640', owner: root", /name it with owner/],
    ["content: chain, mode: '4755'", /mode/],
    ["content: chain, mode: '0755'", /mode/],
    ["content: chain, mode: '0666'", /mode/],
  ] as const) {
    assert.match(said(read('policies/nginx.yaml', withFile(file))).join(' '), expected, file);
  }
  for (const file of [
    "content: key, mode: '0640', owner: 'root:ssl'",
    "content: key, mode: '0400'",
    "content: chain, mode: '0640'",
  ])
    assert.deepEqual(said(read('policies/nginx.yaml', withFile(file))), [], file);
});

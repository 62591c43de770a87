/** One field is set in a text that a person wrote: everything else stays to the byte. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { withSpecField } from '../../daemon/documents/edit-certificate.ts';

const wish = { before: '2026-11-28T11:05:00Z', because: 'the key: was "copied" # to a laptop' };
const line = `reissue: {before: 2026-11-28T11:05:00Z, because: 'the key: was "copied" # to a laptop'}`;
const of = { team: 'web', name: 'shop' };
const head = 'apiVersion: renewd/v1\nkind: Certificate\nmetadata: { name: shop, team: web }\n';

test('it stands before installations, with the indentation of its neighbours, and is replaced where it stands', () => {
  const text = `# ours\n${head}spec:\n    # the names\n    dnsNames: [shop.example.com]   # one\n    issuer: x\n    installations:\n        - { endpoint: a, profile: b }\n# end\n`;
  const once = withSpecField(text, of, 'reissue', wish);
  assert.equal(once, text.replace('    installations:', `    ${line}\n    installations:`));
  const again = withSpecField(once ?? '', of, 'reissue', { ...wish, before: '2027-01-01T00:00:00Z' });
  assert.equal(again, once?.replace('2026-11-28T11:05:00Z', '2027-01-01T00:00:00Z'));
});

test('a wish in block form is replaced whole, wherever it stands', () => {
  const block = '  reissue:\n    before: 2026-01-01T00:00:00Z\n    because: old\n';
  for (const text of [
    `${head}spec:\n  issuer: x\n${block}  installations: []\n`,
    `${head}spec:\n  issuer: x\n  installations: []\n${block}`,
    `${head}spec:\n  issuer: x\n  installations: []\n${block.trimEnd()}`,
  ]) {
    const next = withSpecField(text, of, 'reissue', wish) ?? '';
    assert.ok(next.includes(`  ${line}`), next);
    assert.ok(!next.includes('because: old'), next);
    assert.ok(next.includes('  installations: []'), next);
    assert.ok(next.includes('  issuer: x\n'), next);
  }
});

test('of several documents only the one that is meant is changed', () => {
  const other = head.replace('name: shop', 'name: blog') + 'spec:\n  issuer: x\n  installations: []\n';
  const own = `${head}spec:\n  issuer: x\n  installations: []\n`;
  const next = withSpecField(`${other}---\n${own}`, of, 'reissue', wish);
  assert.equal(next, `${other}---\n${own.replace('  installations', `  ${line}\n  installations`)}`);
});

test('what cannot be changed alone is left to a person', () => {
  for (const text of [
    `${head}spec: { issuer: x, installations: [] }\n`,
    `${head}spec: &a\n  issuer: [\n`,
    head,
    `${head.replace('web', 'other')}spec:\n  issuer: x\n  installations: []\n`,
    '',
  ])
    assert.equal(withSpecField(text, of, 'reissue', wish), null, text);
});

test('every certificate of the example can be asked for anew', () => {
  const paths = globSync('inventory/certificates/*/*.yaml');
  assert.ok(paths.length > 5);
  for (const path of paths) {
    const text = readFileSync(path, 'utf8');
    const [, team = '', name = ''] = /certificates\/(.*)\/(.*)\.yaml$/.exec(path) ?? [];
    const next = withSpecField(text, { team, name }, 'reissue', wish) ?? '';
    assert.equal(next.replace(/^ *reissue: .*\n/m, ''), text, path);
    assert.notEqual(next, text);
  }
});

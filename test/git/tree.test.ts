/** Trees: git's own order, names as bytes, names no commit may hold, and trees that only an attacker makes. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { assert as holds, asyncProperty, stringMatching, uniqueArray } from 'fast-check';
import { applyDelta } from '../../daemon/git/delta.ts';
import { parseTrailers } from '../../daemon/git/commit.ts';
import { openRepository } from '../../daemon/git/repository.ts';
import { parseAddress } from '../../daemon/git/transport.ts';
import { parseTree, renderTree } from '../../daemon/git/tree.ts';
import { checkPathComponent } from '../../daemon/git/tree-edit.ts';
import { publishing, workshop } from './git-server.ts';

const signal = new AbortController().signal;

test('whatever files are published, git mktree makes the same tree', async (context) => {
  const shop = workshop(context);
  shop.git('init', '-q', '--bare', 'r.git');
  const repository = await openRepository({
    url: join(shop.directory, 'r.git'),
    directory: '',
    now: Date.now,
  });
  const name = stringMatching(/^[a-c.0é-]{1,4}$/).filter((text) => !/^\.{1,2}$/.test(text));
  let branch = 0;
  await holds(
    asyncProperty(uniqueArray(name, { minLength: 1, maxLength: 8 }), async (names) => {
      const ref = `refs/heads/b${branch++}`;
      const files = Object.fromEntries(
        names.map((each, index) => [index % 2 === 0 ? each : `${each}/x`, each]),
      );
      await repository.publish(publishing(files, { ref }), signal);
      const tree = shop.git('-C', 'r.git', 'rev-parse', `${ref}^{tree}`).trim();
      const listed = shop.git('-C', 'r.git', 'ls-tree', '-z', tree);
      assert.equal(shop.gitWith(listed, '-C', 'r.git', 'mktree', '-z').trim(), tree);
    }),
    { numRuns: 25 },
  );
  assert.equal(shop.git('-C', 'r.git', 'fsck', '--strict', '--no-progress'), '');
  await repository.close();
});

test('names that are no UTF-8 and the legacy mode 100664 survive an edit beside them, byte for byte', async (context) => {
  const shop = workshop(context);
  shop.git('init', '-q', '--bare', 'r.git');
  const blob = shop.gitWith('x', '-C', 'r.git', 'hash-object', '-w', '--stdin').trim();
  const raw = Buffer.concat([
    Buffer.from('100664 legacy\0'),
    Buffer.from(blob, 'hex'),
    Buffer.from([...Buffer.from('100644 z'), 0xe4, 0]),
    Buffer.from(blob, 'hex'),
  ]);
  const tree = shop.gitWith(raw, '-C', 'r.git', 'hash-object', '-t', 'tree', '-w', '--stdin').trim();
  const tip = shop.gitWith('m', '-C', 'r.git', 'commit-tree', tree).trim();
  shop.git('-C', 'r.git', 'update-ref', 'refs/heads/renewd/state', tip);
  const repository = await openRepository({
    url: join(shop.directory, 'r.git'),
    directory: '',
    now: Date.now,
  });
  await repository.publish(publishing({ new: '1' }), signal);
  await repository.publish(publishing({ new: null }), signal);
  assert.equal(shop.git('-C', 'r.git', 'rev-parse', 'renewd/state^{tree}').trim(), tree);
  assert.deepEqual(renderTree(parseTree(raw)), raw);
  await repository.close();
});

test('a name with a slash inside does not pass for a file in another folder', async (context) => {
  const shop = workshop(context);
  shop.git('init', '-q', '--bare', 'r.git');
  const blob = shop.gitWith('x', '-C', 'r.git', 'hash-object', '-w', '--stdin').trim();
  for (const name of ['policies/evil.yaml', '..', '']) {
    const raw = Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(blob, 'hex')]);
    const tree = shop
      .gitWith(raw, '-C', 'r.git', 'hash-object', '--literally', '-t', 'tree', '-w', '--stdin')
      .trim();
    const tip = shop.gitWith('m', '-C', 'r.git', 'commit-tree', tree).trim();
    const repository = await openRepository({
      url: join(shop.directory, 'r.git'),
      directory: '',
      now: Date.now,
    });
    await assert.rejects(repository.changes(null, tip, []), {
      code: 'git-malformed',
      message: /a name twice, out of order or with a slash/,
    });
    await repository.close();
  }
});

test('names that some file system reads as .git or as a way out are never written', () => {
  const refused = [
    '',
    '.',
    '..',
    '.git',
    '.GIT',
    '.git.',
    '.git ',
    'git~1',
    '.git::$INDEX_ALLOCATION',
    '.g\u200cit',
    'a\\b',
    'a\0b',
    '.gitmodules',
    'x'.repeat(256),
  ];
  for (const name of refused)
    assert.throws(() => checkPathComponent(name, name), `${JSON.stringify(name)} was allowed`);
  for (const name of ['.gitignore', 'git', 'a.git', '...', 'shop@web-01.pem']) checkPathComponent(name, name);
});

test('a delta that reaches outside its base or its result is refused', () => {
  const base = Buffer.from('0123456789');
  assert.equal(applyDelta(base, Buffer.from([10, 4, 0x91, 2, 4])).toString(), '2345');
  for (const delta of [
    [10, 4, 0x91, 8, 4],
    [10, 2, 0x91, 2, 4],
    [9, 4, 0x91, 2, 4],
    [10, 4, 0],
    [10, 4, 0x91],
    [10, 4, 3, 65],
    [10, 4],
  ]) {
    assert.throws(() => applyDelta(base, Buffer.from(delta)), { code: 'git-corrupt' });
  }
});

test('trailers are read as git reads them', () => {
  assert.deepEqual(parseTrailers('subject\n\nbody\n\nA: 1\nB-c: two\n  more\n'), [
    ['A', '1'],
    ['B-c', 'two more'],
  ]);
  assert.deepEqual(parseTrailers('subject: this is no trailer\n'), []);
  assert.deepEqual(parseTrailers('subject\n\nA: 1\nprose\n'), []);
});

test('addresses are read as git reads them', () => {
  assert.deepEqual(parseAddress('git@forge.test:team/x.git'), {
    kind: 'ssh',
    location: { user: 'git', host: 'forge.test', port: null, path: 'team/x.git' },
  });
  assert.deepEqual(parseAddress('ssh://forge.test:2222/~me/x.git'), {
    kind: 'ssh',
    location: { user: null, host: 'forge.test', port: 2222, path: '~me/x.git' },
  });
  assert.deepEqual(parseAddress('file:///srv/a%20b.git'), { kind: 'local', path: '/srv/a b.git' });
  assert.deepEqual(parseAddress('./x:y'), { kind: 'local', path: './x:y' });
  for (const wrong of ['ssh://-oProxyCommand=x/y', '-h:x', 'ext::sh -c x', 'https://u:p@h/x', 'git://h/x']) {
    assert.throws(() => parseAddress(wrong), { code: 'unsupported' }, wrong);
  }
});

test('an address that is none is refused in words, whatever is wrong with it', () => {
  for (const address of [
    'file://%',
    'file:///a%zz',
    'ssh://u%@h/p',
    'ssh://h/%',
    'https://',
    'http://[',
    'ssh://h:99999/x',
    'https://a b/',
  ])
    assert.throws(() => parseAddress(address), { name: 'OperationError', code: 'unsupported' }, address);
});

test('a paragraph of more lines than anybody approves is no list of trailers, and costs little', () => {
  const lines = (count: number): string => `subject\n\n${'A: b\n'.repeat(count)}`;
  assert.equal(parseTrailers(lines(1000)).length, 1000);
  assert.deepEqual(parseTrailers(lines(1001)), []);
  assert.deepEqual(parseTrailers(lines(200_000)), []);
  assert.deepEqual(parseTrailers(`subject\n\n${'A: b\n'.repeat(2000)}\nC: d\n`), [['C', 'd']]);
  for (const message of ['A: b\n', '\n'.repeat(100_000)])
    assert.deepEqual(parseTrailers(message), [], JSON.stringify(message.slice(0, 20)));
  // As git interpret-trailers has it: an empty paragraph is one.
  assert.deepEqual(parseTrailers('\n\nA: b\n'), [['A', 'b']]);
});

/** What stands in a working tree and is read by nobody is named: `check` never says "valid" of what it did not see. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { readWorkingTree } from '../../daemon/commands/working-tree.ts';
import { openRepository } from '../../daemon/git/repository.ts';
import { documentReader } from '../../daemon/reader.ts';
import { declaredChanges } from '../../daemon/shell/declared-changes.ts';
import { applyFirst } from '../../daemon/shell/first-start.ts';
import { applyChange, declaredPrefixes } from '../../daemon/shell/in-force.ts';

const example = join(import.meta.dirname, '../..');
const web = 'inventory/certificates/web';
let root = '';
let tree = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'renewd-tree-'));
  tree = join(root, 'estate');
  for (const folder of declaredPrefixes)
    cpSync(join(example, folder), join(tree, folder), { recursive: true });
  git('init', '-q', '-b', 'main');
  commit();
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function git(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync('git', ['-C', tree, ...words], {
    encoding: 'utf8',
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
  });
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

function commit(): string {
  git('add', '-A');
  git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '-q', '--allow-empty', '-m', 'Change');
  return git('rev-parse', 'HEAD');
}

function check(): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(join(example, 'bin/renewd'), ['check', tree], {
    encoding: 'utf8',
  });
  return { status, said: stdout + stderr };
}

/** Problems of a whole commit, as the daemon sees it on its first day. */
async function problemsAt(oid: string): Promise<string[]> {
  const repository = await openRepository({ url: tree, directory: '', now: Date.now });
  const entries = await repository.changes(null, oid, declaredPrefixes);
  const { files } = await applyFirst(repository, documentReader(), oid, entries);
  await repository.close();
  return [...files.values()].flatMap((file) =>
    file.problems.map((each) => `${each.severity} ${each.code} ${each.source.file}`),
  );
}

test('the example is valid', () => {
  assert.equal(check().status, 0);
});

test('a folder that is a symbolic link', async () => {
  renameSync(join(tree, web), join(root, 'elsewhere'));
  symlinkSync(join(root, 'elsewhere'), join(tree, web));
  const { status, said } = check();
  assert.equal(status, 1, said);
  assert.match(said, /inventory\/certificates\/web is a symbolic link: nothing behind it is read/);
  // In Git the files that were there before are known, and stay.
  assert.ok((await problemsAt(commit())).includes(`error document-not-a-file ${web}/shop.yaml`));
});

test('a link where no declaration was known stops nothing and is named', async () => {
  symlinkSync('../../elsewhere', join(tree, 'inventory/certificates/new'));
  symlinkSync('../elsewhere', join(tree, 'policies/more'));
  assert.equal(check().status, 1);
  assert.deepEqual(await problemsAt(commit()), [
    'warning document-not-a-file inventory/certificates/new',
    'warning document-not-a-file policies/more',
  ]);
});

test('a link that goes away, or becomes something else, is forgotten', async () => {
  const before = git('rev-parse', 'HEAD');
  symlinkSync('../elsewhere', join(tree, 'policies/more'));
  symlinkSync('../elsewhere', join(tree, 'policies/other'));
  const linked = commit();
  rmSync(join(tree, 'policies/more'));
  rmSync(join(tree, 'policies/other'));
  writeFileSync(join(tree, 'policies/other'), 'notes\n');
  const after = commit();
  const repository = await openRepository({ url: tree, directory: '', now: Date.now });
  const reader = documentReader();
  const first = await applyFirst(
    repository,
    reader,
    before,
    await repository.changes(null, before, declaredPrefixes),
  );
  const step = async (state: typeof first, from: string, to: string): Promise<typeof first> =>
    applyChange(
      repository,
      reader,
      state,
      declaredChanges(state, await repository.changes(from, to, declaredPrefixes)),
    );
  const second = await step(first, before, linked);
  assert.ok(second.files.has('policies/more') && second.files.has('policies/other'));
  const third = await step(second, linked, after);
  assert.deepEqual([...third.files.keys()].sort(), [...first.files.keys()].sort());
  assert.deepEqual(third.removed.filter((each) => !each.startsWith('broken:')).sort(), [
    'policies/more',
    'policies/other',
  ]);
  await repository.close();
});

test('a folder that is another repository, fetched or not', async () => {
  const other = join(root, 'other');
  spawnSync('git', ['init', '-q', '-b', 'main', other]);
  spawnSync('git', [
    '-C',
    other,
    '-c',
    'user.name=a',
    '-c',
    'user.email=a@b',
    'commit',
    '-q',
    '--allow-empty',
    '-m',
    'x',
  ]);
  git('rm', '-rq', web);
  git('-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', other, web);
  const oid = commit();
  const fetched = check();
  assert.equal(fetched.status, 1, fetched.said);
  assert.match(fetched.said, /web is a submodule: nothing behind it is read/);
  git('submodule', 'deinit', '-q', '-f', web);
  const empty = check();
  assert.equal(empty.status, 1, empty.said);
  assert.match(empty.said, /web is a submodule/);
  assert.ok((await problemsAt(oid)).includes(`error document-not-a-file ${web}/shop.yaml`));
});

for (const name of ['shop.YAML', 'shop.Yml', 'SHOP.YAML'])
  test(`${name} is not passed over`, async () => {
    renameSync(join(tree, web, 'shop.yaml'), join(tree, web, name));
    const { status, said } = check();
    assert.equal(status, 1, said);
    assert.match(said, new RegExp(`git mv ${web}/${name} ${web}/shop\\.yaml`));
    assert.ok((await problemsAt(commit())).some((each) => each.endsWith(`${web}/${name}`)));
  });

test('a name that is not UTF-8 is named, in a checkout and in Git', async () => {
  const bytes = Buffer.from(`${tree}/${web}/caf\u00e9.yaml`, 'latin1');
  const text = `apiVersion: renewd/v1\nkind: Certificate\nmetadata: { name: cafe, team: web }\nspec:\n  dnsNames: [cafe.web.example.internal]\n  issuer: internal-ca\n  installations:\n    - { endpoint: web-01, profile: nginx, parameters: { certificate: /etc/nginx/tls/web/cafe.crt, key: /etc/nginx/tls/web/cafe.key } }\n`;
  writeFileSync(bytes, text);
  const { status, said } = check();
  assert.equal(status, 1, said);
  assert.match(said, /caf\ufffd\.yaml \(the name of the file is not UTF-8\)/);
  assert.doesNotMatch(said, /mistake in renewd/);
  assert.ok((await problemsAt(commit())).some((each) => each.includes('caf\ufffd.yaml')));
});

test('what is no declaration and no folder is left alone', () => {
  mkdirSync(join(tree, 'inventory/notes'));
  writeFileSync(join(tree, 'inventory/notes/README'), 'x');
  writeFileSync(join(tree, 'inventory/README.md'), 'x');
  symlinkSync('README.md', join(tree, 'inventory/INDEX.md'));
  assert.deepEqual(readWorkingTree(tree).problems, []);
});

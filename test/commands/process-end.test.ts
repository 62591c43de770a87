/** Every command ends, whatever stands in its way: with the right code, a sentence of what to do, and no process left behind. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeDirectory } from '../../daemon/make-directory.ts';

const program = join(import.meta.dirname, '../../bin/renewd');
const root = mkdtempSync(join(tmpdir(), 'renewd-end-'));
const estate = join(root, 'estate');

before(() => {
  mkdirSync(estate);
  for (const words of [
    ['init', '-q', '-b', 'main'],
    ['-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '-q', '--allow-empty', '-m', 'Begin'],
  ])
    assert.equal(spawnSync('git', ['-C', estate, ...words]).status, 0);
});
after(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Ends the process after a minute: a null status is a process that did not end by itself. */
function renewd(...words: string[]): { readonly status: number | null; readonly said: string } {
  const { status, stderr } = spawnSync(program, words, {
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  return { status, said: stderr };
}

const own = ['--repo', estate];
for (const words of [
  ['once', ...own, '--data', '/proc/x'],
  ['daemon', ...own, '--data', '/proc/x/y'],
  ['status', ...own, '--data', '/proc/x'],
  ['schema', '--out', '/proc/x/y'],
  ['init', '/proc/x/y'],
])
  test(`${words.join(' ').replace(estate, 'estate')}: nothing can be made there, and it says so`, () => {
    const { status, said } = renewd(...words);
    assert.equal(status, 73, said);
    assert.match(said, /\/proc\/x/);
    assert.doesNotMatch(said, /mistake in renewd itself/);
  });

test('a data directory that is a file is named', () => {
  const file = join(root, 'file');
  writeFileSync(file, '');
  for (const path of [file, join(file, 'below')]) {
    const { status, said } = renewd('once', ...own, '--data', path);
    assert.equal(status, 73, said);
    assert.match(said, /ENOTDIR/);
  }
});

test('a daemon whose port is in use ends, says which, and has begun nothing', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as AddressInfo;
  const config = join(root, 'renewd.yaml');
  const data = join(root, 'data');
  writeFileSync(
    config,
    `repo: ${estate}\ndata: ${data}\nhttp:\n  listen: 127.0.0.1:${String(port)}\nsite:\n  build: false\n`,
  );
  try {
    const { status, said } = renewd('daemon', '--config', config);
    assert.equal(status, 2, said);
    assert.match(said, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${String(port)} \\(EADDRINUSE\\)`));
    assert.doesNotMatch(said, /"turn"|renewd\/state/);
  } finally {
    taken.close();
  }
});

test('directories are made as asked, again without harm, and never over something else', () => {
  const path = join(root, 'a', 'b', 'c');
  makeDirectory(path, 0o700);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.equal(statSync(join(root, 'a')).mode & 0o777, 0o700);
  makeDirectory(path, 0o755);
  assert.equal(statSync(path).mode & 0o777, 0o700, 'what is there stays as it is');
  makeDirectory('/');
  const file = join(root, 'a', 'file');
  writeFileSync(file, 'mine');
  assert.throws(() => makeDirectory(file), { code: 'ENOTDIR' });
  assert.throws(() => makeDirectory(join(file, 'x')), { code: 'ENOTDIR' });
  assert.throws(() => makeDirectory('/proc/renewd/x/y/z'), { code: 'ENOENT' });
  assert.ok(!existsSync('/proc/renewd'));
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openObjectStore } from '../../daemon/git/object-store.ts';
import { OperationError } from '../../daemon/ports/failure.ts';

/** A repository whose objects are in one small pack, with deltas in it. */
function packedRepository(root: string): { readonly objects: string; readonly oids: readonly string[] } {
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', root, ...words], { encoding: 'utf8' });
  git('init', '-q');
  const line = 'a line that is said again and again, so that deltas are worth it\n';
  for (const version of ['one', 'two', 'three']) {
    writeFileSync(join(root, 'file'), line.repeat(12) + version);
    git('add', 'file');
    git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '-q', '-m', version);
  }
  git('repack', '-q', '-a', '-d', '-f');
  const oids = git('rev-list', '--objects', '--all')
    .trim()
    .split('\n')
    .map((each) => each.slice(0, 40));
  return { objects: join(root, '.git', 'objects'), oids };
}

test('every byte of a pack and its index changed or cut off gives objects that are right, or git-corrupt and git-malformed, and nothing else', () => {
  const root = mkdtempSync(join(tmpdir(), 'renewd-damaged-'));
  try {
    const { objects, oids } = packedRepository(root);
    const directory = join(objects, 'pack');
    let refused = 0;
    for (const name of readdirSync(directory).filter((each) => /\.(pack|idx)$/.test(each))) {
      const path = join(directory, name);
      chmodSync(path, 0o644);
      const whole = readFileSync(path);
      // The fan-out table of an index is 1 KiB of much the same: every byte of the rest, every seventh of it.
      const places = [...whole.keys()].filter(
        (at) => name.endsWith('.pack') || at < 16 || at > 1032 || at % 7 === 0,
      );
      const damaged = places.flatMap((at) => [
        () =>
          Buffer.concat([
            whole.subarray(0, at),
            Buffer.from([(whole[at] ?? 0) ^ 0xff]),
            whole.subarray(at + 1),
          ]),
        ...(at % 3 === 0 ? [() => whole.subarray(0, at)] : []),
      ]);
      for (const make of damaged) {
        writeFileSync(path, make());
        try {
          const store = openObjectStore(objects);
          try {
            for (const oid of oids) store.read(oid);
          } finally {
            store.close();
          }
        } catch (error) {
          assert.ok(error instanceof OperationError, String(error));
          assert.match(error.code, /^git-(corrupt|malformed)$/);
          refused++;
        }
      }
      writeFileSync(path, whole);
    }
    assert.ok(refused > 500, String(refused));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('folders where files should be, and files where folders should be, are a damaged copy', () => {
  const root = mkdtempSync(join(tmpdir(), 'renewd-damaged-'));
  try {
    const { objects } = packedRepository(root);
    const pack = join(objects, 'pack');
    const [idx = ''] = readdirSync(pack).filter((each) => each.endsWith('.idx'));
    execFileSync('mkdir', [join(pack, 'pack-x.idx'), join(pack, 'pack-x.pack')]);
    assert.throws(() => openObjectStore(objects), { name: 'OperationError', code: 'git-corrupt' });
    execFileSync('rmdir', [join(pack, 'pack-x.idx'), join(pack, 'pack-x.pack')]);
    execFileSync('mkdir', ['-p', join(objects, 'info', 'alternates')]);
    assert.throws(() => openObjectStore(objects), { name: 'OperationError', code: 'git-corrupt' });
    rmSync(join(objects, 'info', 'alternates'), { recursive: true });
    execFileSync('mkdir', ['-p', join(objects, 'ab', 'c'.repeat(38))]);
    const store = openObjectStore(objects);
    assert.throws(() => store.read(`ab${'c'.repeat(38)}`), { name: 'OperationError', code: 'git-corrupt' });
    store.close();
    assert.ok(idx !== '');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

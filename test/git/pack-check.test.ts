/** Packs from a server: bounded before anything believes them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { indexPack, type PackWork } from '../../daemon/git/pack-check.ts';
import { createPackWriter } from '../../daemon/git/pack-write.ts';
import { limits } from '../../daemon/limits.ts';

function packOf(...texts: string[]): Buffer {
  const writer = createPackWriter();
  for (const text of texts) writer.add('blob', Buffer.from(text));
  return writer.build()?.pack ?? Buffer.alloc(0);
}

test('a sound pack passes', async () => {
  await indexPack(packOf('a', '', 'b'.repeat(100_000)), 'x');
});

test('an object over the bound of what is read is indexed all the same: what does not concern us stops nothing', async () => {
  const built = await indexPack(packOf('\0'.repeat(limits.git.objectMaxBytes + 1), 'small'), 'x');
  assert.equal(built.count, 2);
});

test('a pack that inflates to much more than it is, is refused when the bound of the whole is reached, and never works long without letting other work in', async () => {
  const bomb = packOf('\0'.repeat(64 * 1024 * 1024));
  const [object] = [bomb.subarray(12, -20)];
  const count = 20;
  const header = Buffer.from(bomb.subarray(0, 12));
  header.writeUInt32BE(count, 8);
  const body = Buffer.concat([header, ...Array.from({ length: count }, () => object)]);
  const pack = Buffer.concat([body, createHash('sha1').update(body).digest()]);
  let work: PackWork | null = null;
  await assert.rejects(
    indexPack(pack, 'x', (told) => (work = told)),
    { code: 'git-malformed', message: /inflates to more than/ },
  );
  const { bytes, yields, sliceMaxBytes } = work ?? { bytes: 0, yields: 0, sliceMaxBytes: Infinity };
  assert.ok(bytes <= limits.git.packInflatedFloorBytes + 65_536, String(bytes));
  assert.ok(sliceMaxBytes <= limits.git.sliceBytes + limits.git.inflateAtOnceBytes, String(sliceMaxBytes));
  assert.ok(yields >= 200, String(yields));
});

test('deltas that make large objects of nothing count against the bound of the whole', async () => {
  // One base of 8 MiB, and deltas of ten bytes that each copy all of it.
  const size = 8 * 1024 * 1024;
  const base = packOf('\0'.repeat(size)).subarray(12, -20);
  const varint = (value: number): Buffer => {
    const bytes: number[] = [];
    for (let rest = value; ; rest = Math.floor(rest / 128)) {
      bytes.push(rest < 128 ? rest : (rest % 128) | 0x80);
      if (rest < 128) return Buffer.from(bytes);
    }
  };
  const whole = Array.from({ length: size / 0x400000 }, (_, index) => {
    const at = index * 0x400000;
    // Copy 4 MiB: offset in four bytes, size in three.
    return Buffer.from([0xff, at & 0xff, (at >> 8) & 0xff, (at >> 16) & 0xff, at >> 24, 0, 0, 0x40]);
  });
  const instructions = Buffer.concat([varint(size), varint(size), ...whole]);
  const oid = createHash('sha1').update(`blob ${size}\0`).update(Buffer.alloc(size)).digest();
  const delta = Buffer.concat([
    Buffer.from([0x70 | (instructions.length & 15) | 0x80, instructions.length >> 4]),
    oid,
    deflateSync(instructions),
  ]);
  const count = 200;
  const header = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1');
  header.writeUInt32BE(count, 8);
  const body = Buffer.concat([header, base, ...Array.from({ length: count - 1 }, () => delta)]);
  const pack = Buffer.concat([body, createHash('sha1').update(body).digest()]);
  await assert.rejects(indexPack(pack, 'x'), { code: 'git-malformed', message: /inflates to more than/ });
});

test('what stock git packs, with deltas of both kinds, gets the index that stock git gives it', async () => {
  const root = mkdtempSync(join(tmpdir(), 'renewd-index-'));
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', root, ...words], { encoding: 'utf8' });
  try {
    git('init', '-q');
    for (let version = 0; version < 20; version++) {
      writeFileSync(
        join(root, 'file'),
        Array.from(
          { length: 300 },
          (_, line) => `${line % 20 === version ? 'changed' : 'line'} ${line}`,
        ).join('\n'),
      );
      git('add', 'file');
      git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '-q', '-m', String(version));
    }
    for (const options of [[], ['--delta-base-offset']]) {
      const oids = git('rev-list', '--objects', '--all').replaceAll(/ .*/g, '');
      const pack = execFileSync('git', ['-C', root, 'pack-objects', '-q', '--stdout', ...options], {
        input: oids,
      });
      const file = join(root, 'p.pack');
      writeFileSync(file, pack);
      git('index-pack', '-o', join(root, 'p.idx'), file);
      const built = await indexPack(pack, 'x');
      assert.deepEqual(built.index, readFileSync(join(root, 'p.idx')));
      rmSync(join(root, 'p.idx'));
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('an object that inflates to more than it says is stopped there', async () => {
  const pack = packOf('\0'.repeat(1_000_000));
  // The first byte holds type and low bits of the size; without its continuation bit the size is below 16.
  const lying = Buffer.concat([pack.subarray(0, 12), Buffer.from([0x35]), pack.subarray(15)]);
  await assert.rejects(indexPack(lying, 'x'), { code: 'git-corrupt' });
});

test('a pack that is cut short, or says another count, is refused', async () => {
  const pack = packOf('one', 'two');
  await assert.rejects(indexPack(pack.subarray(0, -25), 'x'), { code: 'git-corrupt' });
  const fewer = Buffer.from(pack);
  fewer.writeUInt32BE(1, 8);
  await assert.rejects(indexPack(fewer, 'x'), { code: 'git-corrupt' });
});

/** Packs from a server: bounded before anything believes them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPack } from '../../daemon/git/pack-check.ts';
import { createPackWriter } from '../../daemon/git/pack-write.ts';
import { limits } from '../../daemon/limits.ts';

function packOf(...texts: string[]): Buffer {
  const writer = createPackWriter();
  for (const text of texts) writer.add('blob', Buffer.from(text));
  return writer.build()?.pack ?? Buffer.alloc(0);
}

test('a sound pack passes', async () => {
  await checkPack(packOf('a', '', 'b'.repeat(100_000)), 'x');
});

test('an object of exactly the bound passes, one byte more is refused', async () => {
  await checkPack(packOf('\0'.repeat(limits.git.objectMaxBytes)), 'x');
  await assert.rejects(checkPack(packOf('\0'.repeat(limits.git.objectMaxBytes + 1)), 'x'), {
    code: 'git-corrupt',
    message: /over the bound/,
  });
});

test('an object that inflates to more than it says is stopped there', async () => {
  const pack = packOf('\0'.repeat(1_000_000));
  // The first byte holds type and low bits of the size; without its continuation bit the size is below 16.
  const lying = Buffer.concat([pack.subarray(0, 12), Buffer.from([0x35]), pack.subarray(15)]);
  await assert.rejects(checkPack(lying, 'x'), { code: 'git-corrupt' });
});

test('a pack that is cut short, or says another count, is refused', async () => {
  const pack = packOf('one', 'two');
  await assert.rejects(checkPack(pack.subarray(0, -25), 'x'), { code: 'git-corrupt' });
  const fewer = Buffer.from(pack);
  fewer.writeUInt32BE(1, 8);
  await assert.rejects(checkPack(fewer, 'x'), { code: 'git-corrupt' });
});

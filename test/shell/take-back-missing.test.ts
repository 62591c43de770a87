/** What the shell hands to an issuer to take back: texts below the bound, some at a time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../daemon/limits.ts';
import { takeBackMissing } from '../../daemon/shell/taken-back.ts';

const signal = new AbortController().signal;

test('entries are read some at a time; what is over the bound, or no text, is not handed over', async () => {
  const { entriesReadAtOnce, entryMaxBytes } = limits.ca;
  const objects = new Map<string, Buffer>();
  for (let index = 0; index <= 2 * entriesReadAtOnce; index++)
    objects.set(`entry ${String(index)}`, Buffer.from(`{"n":${String(index)}}`));
  objects.set('at the bound', Buffer.alloc(entryMaxBytes, 'x'));
  objects.set('over it', Buffer.alloc(entryMaxBytes + 1, 'x'));
  objects.set('no text', Buffer.from([0x22, 0xff, 0x22]));
  const reads: number[] = [];
  const handed: string[] = [];
  const repository = {
    readBlobs: (oids: readonly string[], visit: (oid: string, bytes: Uint8Array) => void): Promise<void> => {
      reads.push(oids.length);
      for (const oid of oids) visit(oid, objects.get(oid) ?? Buffer.alloc(0));
      return Promise.resolve();
    },
  };
  const issuer = {
    takeBack: (texts: readonly string[]): Promise<number> => {
      handed.push(...texts);
      return Promise.resolve(texts.length);
    },
  };
  const missing = [...objects.keys()];
  assert.equal(await takeBackMissing(repository, issuer, missing, signal), missing.length - 2);
  assert.ok(reads.length === 3 && reads.every((each) => each <= entriesReadAtOnce));
  assert.ok(handed.every((text) => text.length <= entryMaxBytes && !text.includes('\ufffd')));
  assert.equal(await takeBackMissing(repository, {}, missing, signal), 0);
});

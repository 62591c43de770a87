/** Checks a received pack against our bounds before isomorphic-git indexes it: its inflate has none, and one MB can claim to be one GB. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { inflateSync } from 'node:zlib';
import { limits } from '../limits.ts';
import { deltaResultSize } from './delta.ts';
import { corrupt } from './object.ts';
import { entryHeader, ofsDistance } from './pack.ts';

/** Walks every object of a pack. Pure but for giving way to other work. @throws OperationError `git-corrupt` */
export async function checkPack(pack: Buffer, place: string): Promise<void> {
  const name = `the pack from ${place}`;
  if (pack.length < 32 || pack.toString('latin1', 0, 4) !== 'PACK') throw corrupt(`${name} is no pack`);
  const count = pack.readUInt32BE(8);
  if (count > limits.git.packObjectsMax) throw corrupt(`${name} has ${count} objects, over the bound`);
  const end = pack.length - 20;
  let at = 12;
  for (let read = 0; read < count; read++) {
    if (read % limits.git.readsPerSlice === 0) await nextTurn();
    const { kind, size, at: header } = entryHeader(pack.subarray(at, Math.min(at + 16, end)), name);
    if (size > limits.git.objectMaxBytes) throw corrupt(`${name} has an object over the bound`);
    at += header;
    if (kind === 6) [, at] = ofsDistance(pack, at, name);
    else if (kind === 7) at += 20;
    const inflated = inflateCounted(pack.subarray(at, end), size, name);
    if (kind >= 6 && deltaResultSize(inflated.bytes) > limits.git.objectMaxBytes) {
      throw corrupt(`${name} has a delta that makes an object over the bound`);
    }
    at += inflated.consumed;
  }
  if (at !== end) throw corrupt(`${name} has bytes after its last object`);
}

function inflateCounted(raw: Buffer, size: number, name: string): { bytes: Buffer; consumed: number } {
  let result: { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
  try {
    // With `info` the result also tells how many bytes the stream took: packs do not say.
    result = inflateSync(raw, {
      maxOutputLength: Math.max(size, 1),
      chunkSize: Math.min(Math.max(size + 1, 64), 65_536),
      info: true,
    }) as unknown as typeof result;
  } catch (cause) {
    throw corrupt(`${name} has an object that cannot be inflated`, cause);
  }
  if (result.buffer.length !== size) throw corrupt(`${name} has an object of another size than it says`);
  return { bytes: result.buffer, consumed: result.engine.bytesWritten };
}

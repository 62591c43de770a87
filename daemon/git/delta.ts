/** Applies a pack delta (gitformat-pack, "Deltified representation"): copy and insert instructions against a base, every bound checked. */
import { limits } from '../limits.ts';
import { corrupt, malformed } from './object.ts';

function readSize(delta: Buffer, at: number): readonly [size: number, next: number] {
  let size = 0;
  let factor = 1;
  for (let position = at; position < at + 8; position++) {
    const byte = delta[position];
    if (byte === undefined) break;
    size += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte < 0x80) return [size, position + 1];
  }
  throw corrupt('a delta has a size that does not end');
}

/** Size of the object a delta makes, as it says. Pure. @throws OperationError `git-corrupt` */
export function deltaResultSize(delta: Buffer): number {
  return readSize(delta, readSize(delta, 0)[1])[0];
}

/** The object that `delta` makes of `base`. Pure. @throws OperationError `git-corrupt` */
export function applyDelta(base: Buffer, delta: Buffer): Buffer {
  const [baseSize, afterBase] = readSize(delta, 0);
  const [resultSize, afterResult] = readSize(delta, afterBase);
  if (baseSize !== base.length) throw corrupt('a delta does not fit its base');
  if (resultSize > limits.git.objectMaxBytes) throw malformed('a delta makes an object over the bound');
  const result = Buffer.allocUnsafe(resultSize);
  let written = 0;
  let at = afterResult;
  const next = (): number => {
    const byte = delta[at++];
    if (byte === undefined) throw corrupt('a delta is cut short');
    return byte;
  };
  while (at < delta.length) {
    const instruction = next();
    if (instruction >= 0x80) {
      let offset = 0;
      let size = 0;
      for (let bit = 0; bit < 4; bit++) if (instruction & (1 << bit)) offset += next() * 2 ** (8 * bit);
      for (let bit = 0; bit < 3; bit++) if (instruction & (16 << bit)) size += next() * 2 ** (8 * bit);
      if (size === 0) size = 0x10000;
      if (offset + size > base.length || written + size > resultSize) throw corrupt('a delta copies outside');
      base.copy(result, written, offset, offset + size);
      written += size;
    } else {
      if (instruction === 0) throw corrupt('a delta has a reserved instruction');
      if (at + instruction > delta.length || written + instruction > resultSize) {
        throw corrupt('a delta inserts outside');
      }
      delta.copy(result, written, at, at + instruction);
      at += instruction;
      written += instruction;
    }
  }
  if (written !== resultSize) throw corrupt('a delta makes less than it says');
  return result;
}

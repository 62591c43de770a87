/** Lines of the Git wire protocol (gitprotocol-common, "pkt-line Format"), read from a stream with bounds, and written. */
import { OperationError } from '../ports/failure.ts';
import { firstOf, type SaidText } from '../said-text.ts';

export const flushPacket = Buffer.from('0000');
export const delimiterPacket = Buffer.from('0001');

/** One data packet. @throws RangeError over 65,516 bytes: the program made it. */
export function packet(text: string | Uint8Array): Buffer {
  const body = Buffer.from(text as string);
  if (body.length > 65_516) throw new RangeError('a packet holds at most 65516 bytes');
  return Buffer.concat([Buffer.from((body.length + 4).toString(16).padStart(4, '0')), body]);
}

export type Packet =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'flush' | 'delimiter' | 'response-end' };

export interface PacketReader {
  /** null: the stream ended where a packet may begin. @throws OperationError `git-unavailable` on anything that is no pkt-line */
  readonly next: () => Promise<Packet | null>;
  /** What follows the packets read so far, unparsed. */
  readonly rest: () => AsyncGenerator<Uint8Array, void, undefined>;
}

/** Reads packets. `maxBytes` bounds what is read through `next` in all; `place` names the server in messages. */
export function createPacketReader(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
  place: string,
): PacketReader {
  const iterator = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  let total = 0;

  const fill = async (wanted: number): Promise<boolean> => {
    while (held.length < wanted) {
      const step = await iterator.next();
      if (step.done === true) return false;
      held = held.length === 0 ? Buffer.from(step.value) : Buffer.concat([held, step.value]);
    }
    return true;
  };
  const next = async (): Promise<Packet | null> => {
    if (!(await fill(4))) {
      if (held.length === 0) return null;
      throw nonsense(place, 'an answer that is cut short');
    }
    const digits = held.toString('latin1', 0, 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw nonsense(place, 'something that is not the Git protocol');
    const length = Number.parseInt(digits, 16);
    if (length === 3) throw nonsense(place, 'a packet of a forbidden length');
    total += Math.max(length, 4);
    if (total > maxBytes) throw nonsense(place, `more than ${maxBytes} bytes where less is enough`);
    if (length < 3) {
      held = held.subarray(4);
      return { kind: length === 0 ? 'flush' : length === 1 ? 'delimiter' : 'response-end' };
    }
    if (!(await fill(length))) throw nonsense(place, 'an answer that is cut short');
    const bytes = held.subarray(4, length);
    held = held.subarray(length);
    return { kind: 'data', bytes };
  };
  async function* rest(): AsyncGenerator<Uint8Array, void, undefined> {
    if (held.length > 0) yield held;
    held = Buffer.alloc(0);
    for (;;) {
      const step = await iterator.next();
      if (step.done === true) return;
      yield step.value;
    }
  }
  return { next, rest };
}

/** The failure for a server that answers what the protocol does not allow. */
export function nonsense(place: string, what: string, cause?: unknown): OperationError {
  return new OperationError('git-unavailable', `${place} answered ${what}; check the address`, {
    disposition: 'retry',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Words of a server, safe to show: no control characters, one line, bounded. Secrets are withheld while lines are lines. */
export function remoteWords(text: SaidText, maxChars: number): string {
  return firstOf(text.replace(/\p{Cc}+/gu, ' ').trim(), maxChars);
}

/**
 * Reads DER (X.690 section 10) one element at a time, by slices and without copying. Refuses indefinite lengths, lengths
 * that are not minimal, elements that overrun their parent and multi-byte tags: a certificate has none of them.
 */
import { limits } from '../limits.ts';
import { MalformedInput } from './malformed.ts';

/** One element: its tag byte, its content, and the whole of it with its head. */
export interface Der {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

/** Tag bytes that X.509 uses (X.690 section 8.1.2). */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const;

/**
 * Reads the single element that fills `bytes`. Pure.
 * @throws MalformedInput when it is not DER, is followed by other bytes, or its tag is not `tag`
 */
export function readDer(bytes: Uint8Array, tag?: number): Der {
  const element = elementAt(bytes, 0);
  if (element.whole.length !== bytes.length)
    throw new MalformedInput('bytes follow the end of the DER value');
  return tag === undefined ? element : expectTag(element, tag);
}

/**
 * The elements inside a constructed element, in order. Pure.
 * @throws MalformedInput when the content is not a row of whole elements
 */
export function childrenOf(parent: Der): Der[] {
  const children: Der[] = [];
  for (let offset = 0; offset < parent.content.length;) {
    if (children.length >= limits.x509.derChildrenMax)
      throw new MalformedInput('too many DER values in a row');
    const child = elementAt(parent.content, offset);
    children.push(child);
    offset += child.whole.length;
  }
  return children;
}

/**
 * The element itself, when it has this tag. Pure.
 * @throws MalformedInput when it is absent or another
 */
export function expectTag(element: Der | undefined, tag: number): Der {
  if (element?.tag !== tag) throw new MalformedInput(`DER value with tag ${hex(tag)} expected`);
  return element;
}

/** Dotted form of an OBJECT IDENTIFIER (X.690 section 8.19). Pure. @throws MalformedInput */
export function readOid(element: Der | undefined): string {
  const { content } = expectTag(element, tags.oid);
  if (content.length === 0 || content.length > 64)
    throw new MalformedInput('object identifier of impossible length');
  // Section 8.19.2: no arc begins with a padding byte and none stays open, else two texts of bytes were one identifier.
  if ((content.at(-1) ?? 0x80) >= 0x80) throw new MalformedInput('object identifier without an end');
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const [index, byte] of content.entries()) {
    if (byte === 0x80 && (content[index - 1] ?? 0) < 0x80)
      throw new MalformedInput('object identifier with padding');
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if ((byte & 0x80) === 0) {
      arcs.push(arc);
      arc = 0n;
    }
  }
  const [first = 0n, ...rest] = arcs;
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - root * 40n, ...rest].join('.');
}

/** The bytes of a BIT STRING, which must be whole bytes (X.690 section 8.6). Pure. @throws MalformedInput */
export function readBitString(element: Der | undefined): Uint8Array {
  const { content } = expectTag(element, tags.bitString);
  if (content[0] !== 0) throw new MalformedInput('bit string that is not made of whole bytes');
  return content.subarray(1);
}

/** Non-negative small INTEGER. Pure. @throws MalformedInput */
export function readSmallInteger(element: Der | undefined): number {
  const { content } = expectTag(element, tags.integer);
  if (content.length === 0 || content.length > 4 || (content[0] ?? 0) > 0x7f) {
    throw new MalformedInput('integer out of bounds');
  }
  return content.reduce((value, byte) => value * 256 + byte, 0);
}

function elementAt(bytes: Uint8Array, offset: number): Der {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw new MalformedInput('DER value ends in its head');
  if ((tag & 0x1f) === 0x1f) throw new MalformedInput('multi-byte DER tag');
  let start = offset + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    // Four bytes of length are 4 GiB: nothing we read is near it. 0x80 is the indefinite form, not DER.
    if (count === 0 || count > 4) throw new MalformedInput('DER length of an impossible form');
    length = 0;
    for (const byte of bytes.subarray(start, start + count)) length = length * 256 + byte;
    start += count;
    if (length < 0x80 || length < 2 ** (8 * (count - 1)))
      throw new MalformedInput('DER length is not minimal');
  }
  if (start + length > bytes.length) throw new MalformedInput('DER value is longer than what holds it');
  return {
    tag,
    content: bytes.subarray(start, start + length),
    whole: bytes.subarray(offset, start + length),
  };
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`;
}

/**
 * Reads DER (X.690 section 10) one element at a time, by slices and without copying. Refuses indefinite lengths, lengths
 * that are not minimal, elements that overrun their parent, multi-byte tags, and integers, booleans and bit strings that
 * could be written shorter or otherwise: what has one reading here has one reading everywhere.
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
  null: 0x05,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
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
export function childrenOf(parent: Der, atMost: number = limits.x509.derChildrenMax): Der[] {
  const children: Der[] = [];
  for (let offset = 0; offset < parent.content.length;) {
    if (children.length >= atMost) throw new MalformedInput('too many DER values in a row');
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

/**
 * The set bits of a named-bit BIT STRING, the first bit first (X.690 section 11.2.2). Pure.
 * @throws MalformedInput when unused bits are set, or bits without meaning stand at the end
 */
export function readNamedBits(element: Der | undefined): readonly number[] {
  const { content } = expectTag(element, tags.bitString);
  const [unused] = content;
  const bytes = content.subarray(1);
  if (unused === undefined || unused > 7 || (bytes.length === 0 && unused > 0))
    throw new MalformedInput('bit string with an impossible number of unused bits');
  const last = bytes.at(-1);
  // Section 11.2.2: trailing zero bits are left out, so the last used bit is one, and section 11.2.1: unused bits are zero.
  if (last !== undefined && ((last >> unused) & 1) === 0)
    throw new MalformedInput('bit string with zero bits at its end');
  if (last !== undefined && (last & ((1 << unused) - 1)) !== 0)
    throw new MalformedInput('bit string with unused bits that are set');
  return Array.from({ length: bytes.length * 8 }, (_, bit) => bit).filter(
    (bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0,
  );
}

/** A BOOLEAN of one byte, 0x00 or 0xff (X.690 section 11.1). Pure. @throws MalformedInput */
export function readBoolean(element: Der | undefined): boolean {
  const { content } = expectTag(element, tags.boolean);
  const [value] = content;
  if (content.length !== 1 || (value !== 0 && value !== 0xff))
    throw new MalformedInput('boolean that is neither 0x00 nor 0xff');
  return value === 0xff;
}

/** The content of an INTEGER that could not be written shorter (X.690 section 8.3.2). Pure. @throws MalformedInput */
export function readInteger(element: Der | undefined, tag: number = tags.integer): Uint8Array {
  const { content } = expectTag(element, tag);
  const [first, second = 0] = content;
  if (first === undefined) throw new MalformedInput('integer without a value');
  if (content.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)))
    throw new MalformedInput('integer that is not minimal');
  return content;
}

/** Non-negative small INTEGER, also under an implicit tag. Pure. @throws MalformedInput */
export function readSmallInteger(element: Der | undefined, tag: number = tags.integer): number {
  const content = readInteger(element, tag);
  if (content.length > 4 || (content[0] ?? 0) > 0x7f) throw new MalformedInput('integer out of bounds');
  return content.reduce((value, byte) => value * 256 + byte, 0);
}

/** A positive INTEGER as a number of any size. Pure. @throws MalformedInput when it is negative or not minimal */
export function readPositiveInteger(element: Der | undefined): bigint {
  const content = readInteger(element);
  if ((content[0] ?? 0) >= 0x80) throw new MalformedInput('integer out of bounds');
  return BigInt(`0x${Buffer.from(content).toString('hex')}`);
}

/** NULL has no content (X.690 section 8.8). Pure. @throws MalformedInput */
export function expectNull(element: Der | undefined): void {
  if (expectTag(element, tags.null).content.length > 0) throw new MalformedInput('NULL with a content');
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

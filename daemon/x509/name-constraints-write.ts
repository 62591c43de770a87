/** Writes the nameConstraints extension (RFC 5280 section 4.2.1.10) of an embedded CA. Pure. */
import { hostBits, readCidr } from '../core/ip-range.ts';

/** An address range: `10.0.0.0/8`, `fd00::/8`. */
export interface AddressRange {
  readonly address: Uint8Array;
  readonly mask: Uint8Array;
}

/** The range of a CIDR text, or null when it is none (`readCidr`). Pure. */
export function readAddressRange(text: string): AddressRange | null {
  const range = readCidr(text);
  if (range === null) return null;
  const { bits, value } = range;
  const mask = ((1n << BigInt(bits)) - 1n) ^ hostBits(range);
  return { address: octets(value, bits), mask: octets(mask, bits) };
}

function octets(value: bigint, bits: number): Uint8Array {
  return Buffer.from(value.toString(16).padStart(bits / 4, '0'), 'hex');
}

/** Is the address (4 or 16 bytes) in the range? Pure. */
export function inAddressRange(address: Uint8Array, range: AddressRange): boolean {
  return (
    address.length === range.address.length &&
    address.every((byte, index) => (byte & (range.mask[index] ?? 0)) === range.address[index])
  );
}

/**
 * DER of NameConstraints that permit these DNS domains (each with everything below it) and these ranges. A family of addresses without any range is excluded as a whole:
 * names of a kind that is not constrained would otherwise all be allowed. Pure.
 */
export function nameConstraintsDer(dnsNames: readonly string[], ranges: readonly AddressRange[]): Uint8Array {
  const permitted = [
    ...dnsNames.map((name) => subtree(0x82, Buffer.from(name, 'latin1'))),
    ...ranges.map(({ address, mask }) => subtree(0x87, Buffer.concat([address, mask]))),
  ];
  const excluded = [4, 16]
    .filter((length) => !ranges.some((range) => range.address.length === length))
    .map((length) => subtree(0x87, Buffer.alloc(2 * length)));
  return element(0x30, [
    ...(permitted.length > 0 ? [element(0xa0, permitted)] : []),
    ...(excluded.length > 0 ? [element(0xa1, excluded)] : []),
  ]);
}

function subtree(tag: number, content: Uint8Array): Buffer {
  return element(0x30, [element(tag, [content])]);
}

function element(tag: number, parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const header =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

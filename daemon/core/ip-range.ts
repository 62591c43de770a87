/** IP addresses as numbers, to say whether one lies in a range (RFC 4632, RFC 4291). Pure. What is not strictly an address or a range is in none. */

export interface IpNumber {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** A range: the first `prefix` bits of `value` count. */
export interface IpRange extends IpNumber {
  readonly prefix: number;
}

/**
 * The range of a text such as `10.0.0.0/8` or `2001:db8::/32`, or of one address; null when it is none. The only reader of ranges, so that rules, networks and the
 * constraints of a CA never take one text for two ranges: no leading zeros, no dotted tail, no zone. Bits beyond the prefix may be set.
 */
export function readRange(text: string): IpRange | null {
  const [base = '', length, ...rest] = text.split('/');
  const from = readIp(base);
  if (from === null || rest.length > 0) return null;
  const prefix = length === undefined ? from.bits : readDecimal(length, from.bits);
  return prefix === null ? null : { ...from, prefix };
}

/** What a CA is bound to: a range with its prefix written out, and no bit set beyond it, since clients compare the bytes (RFC 5280 section 4.2.1.10). null: no such range. */
export function readCidr(text: string): IpRange | null {
  const range = text.includes('/') ? readRange(text) : null;
  return range === null || (range.value & hostBits(range)) !== 0n ? null : range;
}

/** The bits beyond the prefix, all set. */
export function hostBits({ bits, prefix }: Omit<IpRange, 'value'>): bigint {
  return (1n << BigInt(bits - prefix)) - 1n;
}

/** The end of a sentence about a text that `readCidr` does not read. */
export const cidrFault =
  'is not an IP range such as 10.0.0.0/8 or 2001:db8::/32: an address, and a prefix without a leading zero beyond which no bit is set';

/** True when `address` is one address, and `range` is the same address or a range (`10.0.0.0/8`, `2001:db8::/32`) that holds it. An IPv4 address never lies in an IPv6 range. */
export function isInRange(address: string, range: string): boolean {
  const asked = readIp(address);
  const from = readRange(range);
  if (asked === null || from === null || asked.bits !== from.bits) return false;
  const shift = BigInt(from.bits - from.prefix);
  return asked.value >> shift === from.value >> shift;
}

/** The address as a number; null when the text is none. */
export function readIp(text: string): IpNumber | null {
  return text.includes(':') ? readIpv6(text) : readIpv4(text);
}

function readIpv4(text: string): IpNumber | null {
  const parts = text.split('.').map((part) => readDecimal(part, 255));
  if (parts.length !== 4) return null;
  let value = 0n;
  for (const part of parts) {
    if (part === null) return null;
    value = value * 256n + BigInt(part);
  }
  return { bits: 32, value };
}

/** Groups of hex digits with at most one `::`; the dotted tail of RFC 4291 section 2.2 is not read: declarations never keep it. */
function readIpv6(text: string): IpNumber | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  let value = 0n;
  for (const group of groups) {
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return null;
    value = value * 65_536n + BigInt(Number.parseInt(group, 16));
  }
  return { bits: 128, value };
}

/** A plain number up to `max`. A leading zero is refused: some programs read such a number as octal. */
function readDecimal(text: string, max: number): number | null {
  if (!/^(0|[1-9]\d{0,2})$/.test(text)) return null;
  const value = Number(text);
  return value <= max ? value : null;
}

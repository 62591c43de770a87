/** IP addresses as numbers, to say whether one lies in a range (RFC 4632, RFC 4291). Pure. What is not strictly an address or a range is in none. */

export interface IpNumber {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** True when `address` is one address, and `range` is the same address or a range (`10.0.0.0/8`, `2001:db8::/32`) that holds it. An IPv4 address never lies in an IPv6 range. */
export function isInRange(address: string, range: string): boolean {
  const [base = '', length, ...rest] = range.split('/');
  const asked = readIp(address);
  const from = readIp(base);
  if (asked === null || from === null || asked.bits !== from.bits || rest.length > 0) return false;
  const prefix = length === undefined ? from.bits : readDecimal(length, from.bits);
  if (prefix === null) return false;
  const shift = BigInt(from.bits - prefix);
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

/** IP addresses between bytes (RFC 5280 section 4.2.1.6) and one text form (RFC 5952), so that equal addresses are equal strings. */
import { isIPv4, isIPv6 } from 'node:net';
import { MalformedInput } from './malformed.ts';

/** RFC 5952 text of 4 or 16 bytes. Pure. @throws MalformedInput for any other length */
export function formatIpAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new MalformedInput('an IP address that is neither 4 nor 16 bytes long');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  return canonicalIpAddress(groups.join(':')) ?? groups.join(':');
}

/** The one text form of an IP address (`2001:DB8::0:1` is `2001:db8::1`), or null when the text is none. Pure. */
export function canonicalIpAddress(text: string): string | null {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return null;
  // The WHATWG URL host serialiser writes RFC 5952 section 4, but for the embedded IPv4 form, which stays in hex here.
  return URL.parse(`http://[${text}]`)?.hostname.slice(1, -1) ?? null;
}

/** The 4 or 16 bytes of an IP address, or null when the text is none. Pure. */
export function ipAddressBytes(text: string): Uint8Array | null {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  const canonical = canonicalIpAddress(text);
  if (canonical === null) return null;
  const [head = '', tail] = canonical.split('::');
  const groups = (part: string | undefined): number[] =>
    part === undefined || part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const first = groups(head);
  const last = groups(tail);
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  const all = [...first, ...Array.from({ length: zeros }, () => 0), ...last];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

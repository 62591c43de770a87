/**
 * The one reading of a host: every comparison of hosts and addresses goes through here, so that no spelling makes two of one. Pure. What a name resolves to is not asked:
 * it changes, and whoever holds the zone says it.
 */
import { readIp } from './ip-range.ts';

const namePattern = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/**
 * The one spelling of a host: lower case, no dot at the end, no brackets, addresses in one form (IPv4 inside IPv6 as IPv4).
 * null for what is neither a name nor an address as every program reads it: `127.1` and `0x7f000001` are addresses only to some. International names are read in the
 * form that DNS carries (`xn--...`) only.
 */
export function canonicalHost(written: string): string | null {
  if (written.length > 255) return null;
  const bare = written.startsWith('[') && written.endsWith(']') ? written.slice(1, -1) : written;
  if (bare.includes(':')) return canonicalIpv6(bare);
  if (written !== bare) return null;
  const name = bare.toLowerCase().replace(/\.$/, '');
  // WHATWG URL 3.5, "ends in a number": a resolver may take it for an address in another spelling.
  if (/(^|\.)(\d+|0x[0-9a-f]*)$/.test(name)) return readIp(name) === null || bare.endsWith('.') ? null : name;
  return name.length <= 253 && namePattern.test(name) ? name : null;
}

/**
 * The machine behind a host, for whoever asks whether two are one: as `canonicalHost`, and an IPv6 address that always carries one of IPv4 (`plainAddress`) is that one.
 * Never for whom something may be sent to: who runs a translator is not who has the address. null as `canonicalHost`.
 */
export function machineHost(written: string): string | null {
  const host = canonicalHost(written);
  return host === null ? null : (plainAddress(host) ?? host);
}

/** Names of this machine wherever they are looked up (RFC 6761 section 6.3), and what resolvers commonly call it. `host`: as `machineHost` gives it. */
export function isLocalName(host: string): boolean {
  return (
    /(^|\.)localhost$/.test(host) ||
    /^localhost[46]?\.localdomain[46]?$|^localhost[46]$|^ip6-(localhost|loopback)$/.test(host)
  );
}

/** The end of a sentence about a host that `canonicalHost` does not read. */
export const hostFault =
  'is no host that every program reads alike; write a DNS name (international names as xn--...), an IPv4 address as four plain numbers (192.0.2.7), or an IPv6 address without brackets and zone (2001:db8::7)';

function canonicalIpv6(text: string): string | null {
  const groups = groupsOf(text);
  if (groups === null) return null;
  // RFC 4291 section 2.5.5.2: the same machine as the IPv4 address inside.
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((each) => each === 0);
  return isMapped ? lastAsIpv4(groups) : groups.map((each) => each.toString(16)).join(':');
}

/**
 * Networks of IPv6 that end in an address of IPv4, always: mapped and compatible (RFC 4291), translated (RFC 2765), NAT64 with its well-known prefix
 * (RFC 6052 section 2.1). Where the place depends on somebody's choice, nothing is unwrapped: those are special.
 */
const carriers: readonly (readonly number[])[] = [
  [0, 0, 0, 0, 0, 0xffff],
  [0, 0, 0, 0, 0xffff, 0],
  [0, 0, 0, 0, 0, 0],
  [0x64, 0xff9b, 0, 0, 0, 0],
];

/** One address in the form in which it is judged: an IPv6 address that carries one of IPv4 is that one. null: no address, or one with a zone. */
export function plainAddress(address: string): string | null {
  if (readIp(address)?.bits === 32) return address;
  const groups = groupsOf(address);
  if (groups === null) return null;
  const text = groups.map((each) => each.toString(16)).join(':');
  if (text === '0:0:0:0:0:0:0:0' || text === '0:0:0:0:0:0:0:1') return text;
  return carriers.some((head) => head.every((each, at) => groups[at] === each)) ? lastAsIpv4(groups) : text;
}

function lastAsIpv4(groups: readonly number[]): string {
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight groups, a dotted tail (RFC 4291 section 2.2) read as two of them; null: no address of IPv6. */
function groupsOf(address: string): readonly number[] | null {
  const [, head, dotted] = /^(.*:)([\d.]+\.[\d.]+)$/.exec(address) ?? [];
  const tail = dotted === undefined ? null : readIp(dotted);
  if (dotted !== undefined && tail?.bits !== 32) return null;
  const hex = [tail === null ? 0n : tail.value >> 16n, tail === null ? 0n : tail.value & 0xffffn];
  const text = tail === null ? address : `${head ?? ''}${hex.map((each) => each.toString(16)).join(':')}`;
  const number = readIp(text);
  if (number?.bits !== 128) return null;
  return Array.from({ length: 8 }, (_, at) => Number((number.value >> BigInt(112 - 16 * at)) & 0xffffn));
}

/** Names as people write them, checked one by one with words that say what to write instead: DNS names, IP addresses, host:port. The same in the daemon and in a browser. Pure. */
import { isIpAddress } from './server-name.ts';

/** What a machine knows of international names. */
export interface InternationalNames {
  /** In the form certificates carry (`xn--...`); empty when there is none. */
  readonly toAscii: (name: string) => string;
  /** Whether an A-label (`xn--...`) stands for no name. */
  readonly isEmptyLabel: (label: string) => boolean;
}

/** The name in the form certificates carry, or what is wrong with it. */
export type ReadName = { readonly name: string } | { readonly wrong: string };

export interface NameReader {
  /** RFC 1123 labels; a wildcard only as the whole first label (RFC 9525). */
  readonly readDnsName: (written: string) => ReadName;
  /** What a client asks for (SNI): one name or address, never a wildcard (RFC 6066 section 3 knows names only). */
  readonly readServerName: (written: string) => ReadName;
  /** Where to connect to: as a server name, but names inside a company may have underscores. */
  readonly readHost: (written: string) => ReadName;
}

/** Readers of names for a machine that knows this much of international ones. */
export function nameReader(international: InternationalNames): NameReader {
  const readDnsName = (written: string): ReadName => dnsNameOf(written, international);
  const readServerName = (written: string): ReadName => {
    if (written.startsWith('*')) {
      return {
        wrong: `${JSON.stringify(written)}: a client asks for one name, not for a wildcard; give one that it covers`,
      };
    }
    if (!isIpAddress(written)) return readDnsName(written);
    const address = readIpAddress(written);
    return address === null
      ? { wrong: `${JSON.stringify(written)} is not an IP address` }
      : { name: address };
  };
  const readHost = (written: string): ReadName =>
    // `0x7f000001`, `127.1` and `0177.0.0.1` are addresses to the resolvers of many systems.
    /(^|\.)(\d+|0x[0-9a-f]*)$/i.test(written) && !isIpAddress(written)
      ? {
          wrong: `${JSON.stringify(written)}: its last part is a number, which some programs read as an address; write the address itself`,
        }
      : /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(written) && !isIpAddress(written)
        ? { name: written }
        : readServerName(written);
  return { readDnsName, readServerName, readHost };
}

function dnsNameOf(written: string, { toAscii, isEmptyLabel }: InternationalNames): ReadName {
  const show = JSON.stringify(written);
  if (/[^\u0020-\u007e]/.test(written)) {
    const ascii = toAscii(written.replace(/^\*\./, ''));
    const example = ascii === '' ? '' : `: ${written.startsWith('*.') ? '*.' : ''}${ascii}`;
    return {
      wrong: `${show} is written in its international form; certificates carry the A-label${example}`,
    };
  }
  if (written.endsWith('.')) return { wrong: `${show} ends with a dot; write it without` };
  const name = written.toLowerCase();
  if (isIpAddress(name)) return { wrong: `${show} is an IP address; those go under ipAddresses` };
  if (name.length > 253) return { wrong: `${show} is longer than 253 characters` };
  const labels = name.split('.');
  const checked = labels[0] === '*' ? labels.slice(1) : labels;
  if (name.includes('*') && (labels[0] !== '*' || name.lastIndexOf('*') > 0 || checked.length < 2)) {
    return {
      wrong: `${show}: a wildcard is the whole first label of a name with at least two more: *.example.com`,
    };
  }
  const foreign = foreignPart(written);
  if (foreign !== null) return { wrong: `${show} is no DNS name: ${foreign}` };
  const bad = checked.find((label) => !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  if (bad !== undefined) {
    return {
      wrong: `${show}: ${JSON.stringify(bad)} is not a label of a DNS name (letters, digits and inner dashes, at most 63)`,
    };
  }
  // RFC 1123 section 2.1: the last label is alphabetic, or the name could not be told from an address.
  if (/^\d+$/.test(labels.at(-1) ?? ''))
    return { wrong: `${show}: the last label of a DNS name is not a number` };
  if (checked.some((label) => label.startsWith('xn--') && isEmptyLabel(label))) {
    return { wrong: `${show} holds an A-label (xn--) that stands for no name` };
  }
  return { name };
}

/** What people paste where a name belongs, in words that say what to leave out; null where it is none of these. */
function foreignPart(written: string): string | null {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(written)) return 'it is a URL; write the name alone';
  if (/^[^:/]*:\d+$/.test(written)) return 'it has a port; write the name alone';
  if (written.includes(':')) return 'it has a colon, which stands in addresses and before ports only';
  return written.includes('/') ? 'it has a slash; write the name alone' : null;
}

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`);

/** As Node's `isIP` without zones (compared on 500,000 random texts), in every place that has a URL parser. */
function isIpv6(text: string): boolean {
  return text.includes(':') && /^[0-9A-Fa-f:.]+$/.test(text) && URL.canParse(`http://[${text}]/`);
}

/** The address in its canonical form, or null. An IPv6 zone (`fe80::1%eth0`) means something on one machine only and stands in no certificate. */
export function readIpAddress(written: string): string | null {
  if (ipv4.test(written)) return written;
  // The URL parser writes RFC 5952's form.
  return isIpv6(written)
    ? (URL.parse(`http://[${written.toLowerCase()}]/`)?.hostname.slice(1, -1) ?? null)
    : null;
}

/** `host:port` or `[v6]:port`; null when it is neither. */
export function readAddress(written: string): { readonly host: string; readonly port: number } | null {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(written);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535) return null;
  if (match?.[1] !== undefined && !isIpv6(host)) return null;
  // An international name is let through: whoever reads it says how to write it.
  if (match?.[1] === undefined && !/^[A-Za-z0-9._\u0080-\u{10ffff}*-]+$/u.test(host)) return null;
  return { host: host.toLowerCase(), port };
}

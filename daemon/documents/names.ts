/** Names as people write them, checked one by one with words that say what to write instead: DNS names, IP addresses, host:port. No IO. */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { isIpAddress } from '../core/server-name.ts';

/** The name in the form certificates carry, or what is wrong with it. RFC 1123 labels; a wildcard only as the whole first label (RFC 9525). */
export function readDnsName(written: string): { readonly name: string } | { readonly wrong: string } {
  const show = JSON.stringify(written);
  if (/[^\u0020-\u007e]/.test(written)) {
    const ascii = domainToASCII(written.replace(/^\*\./, ''));
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
  const bad = checked.find((label) => !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  if (bad !== undefined) {
    return {
      wrong: `${show}: ${JSON.stringify(bad)} is not a label of a DNS name (letters, digits and inner dashes, at most 63)`,
    };
  }
  return { name };
}

/** The address in its canonical form, or null. */
export function readIpAddress(written: string): string | null {
  switch (isIP(written)) {
    case 4:
      return written;
    case 6:
      // The URL parser writes RFC 5952's form.
      return new URL(`http://[${written.toLowerCase()}]/`).hostname.slice(1, -1);
    default:
      return null;
  }
}

/** `host:port` or `[v6]:port`; null when it is neither. */
export function readAddress(written: string): { readonly host: string; readonly port: number } | null {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(written);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535) return null;
  if (match?.[1] !== undefined && isIP(host) !== 6) return null;
  return { host: host.toLowerCase(), port };
}

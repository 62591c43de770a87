/** Does a certificate speak for a name? RFC 9525 section 6: SANs only, never the common name. */
import type { SubjectNames } from './certificate.ts';
import { canonicalIpAddress } from './ip-address.ts';

/** LDH labels (RFC 1034 section 3.5, RFC 1123 section 2.1); a wildcard only as the whole leftmost label of a name with two more. */
const dnsNamePattern =
  /^(?:\*\.(?=[^.]+\.))?(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

/**
 * Is this lower-case text a host name that a certificate may carry (RFC 5280 section 4.2.1.6, wildcard per RFC 9525)? An IP address is none,
 * nor is what some library would read as one (`127.1`, `0x7f000001`): the last label is never a number. Pure.
 */
export function isCertifiableName(name: string): boolean {
  const last = name.slice(name.lastIndexOf('.') + 1);
  return (
    dnsNamePattern.test(name) && !/^(?:\d+|0x[0-9a-f]*)$/.test(last) && canonicalIpAddress(name) === null
  );
}

/** Is this a mailbox `local@host` (RFC 5280 section 4.2.1.6), with one `@` and no blanks? Quoted local parts, in which an `@` could stand, are none. Pure. */
export function isMailbox(text: string): boolean {
  const [, host = ''] = /^[\x21-\x3f\x41-\x7e]+@([^@]+)$/.exec(text) ?? [];
  return isCertifiableName(host.toLowerCase()) && !host.startsWith('*');
}

/** Registries of two-letter domains that take names below a second label: what a Baseline wildcard may not stand directly below. */
const registryLabels: ReadonlySet<string> = new Set(
  'ac ad co com edu go gob gov gouv gv info ltd me mil ne net nhs nic nom or org plc police sch'.split(' '),
);

/**
 * Is this `*.` directly below what a registry sells (BR 3.2.2.6)? The common forms only (`*.co.uk`, `*.com.au`): no list of public suffixes
 * is kept here, CAs keep it. Pure.
 */
export function isRegistryWildcard(name: string): boolean {
  const [star, second = '', top = '', ...more] = name.split('.');
  return star === '*' && more.length === 0 && /^[a-z]{2}$/.test(top) && registryLabels.has(second);
}

/** Does one of the names match the host name or IP address that a client asks for? Pure. */
export function matchesServerName(names: SubjectNames, serverName: string): boolean {
  const address = canonicalIpAddress(serverName.replace(/^\[(.*)\]$/, '$1'));
  if (address !== null) return names.ipAddresses.includes(address);
  const wanted = serverName.toLowerCase().replace(/\.$/, '');
  const parent = wanted.slice(wanted.indexOf('.') + 1);
  return names.dnsNames.some(
    (name) =>
      isCertifiableName(name) &&
      (name === wanted || (name.startsWith('*.') && wanted.includes('.') && name.slice(2) === parent)),
  );
}

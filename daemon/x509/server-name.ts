/** Does a certificate speak for a name? RFC 9525 section 6: SANs only, never the common name. */
import type { SubjectNames } from './certificate.ts';
import { canonicalIpAddress } from './ip-address.ts';

/** LDH labels, underscores tolerated as browsers do; a wildcard only as the whole leftmost label. */
const dnsNamePattern =
  /^(?:\*\.)?(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** Is this lower-case text a host name that a certificate may carry (RFC 5280 section 4.2.1.6, wildcard per RFC 9525)? An IP address is none. Pure. */
export function isCertifiableName(name: string): boolean {
  return dnsNamePattern.test(name) && canonicalIpAddress(name) === null;
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

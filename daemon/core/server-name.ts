/** Does a certificate cover the name a client asks for? RFC 9525: subjectAltName only, wildcard as the whole left-most label only. Pure. */
import type { CertificateFacts } from './model.ts';

/** True when `serverName` (DNS name or IP address) is one of the certificate's names. The common name counts for nothing (RFC 9525 section 2). */
export function coversName(
  { dnsNames, ipAddresses }: Pick<CertificateFacts, 'dnsNames' | 'ipAddresses'>,
  serverName: string,
): boolean {
  const wanted = serverName.toLowerCase().replace(/\.$/, '');
  if (isIpAddress(wanted)) return ipAddresses.some((each) => each.toLowerCase() === wanted);
  return dnsNames.some((name) => matchesPattern(name.toLowerCase(), wanted));
}

/** One presented name against one wanted name: exact, or a wildcard that stands for exactly one label. */
function matchesPattern(presented: string, wanted: string): boolean {
  if (!presented.startsWith('*.')) return presented === wanted;
  const dot = wanted.indexOf('.');
  return dot > 0 && wanted.slice(dot) === presented.slice(1);
}

/**
 * True for what is written as an address: IPv4 in dotted quads, and IPv6 (RFC 4291 section 2.2), which is made of hexadecimal digits, colons and perhaps dots, with two colons at
 * least. It says how a text is meant, not that it is right: `readIpAddress` does. A URL, a port or a typing mistake with a colon is no address.
 */
export function isIpAddress(text: string): boolean {
  return (
    /^[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(%\w+)?$/.test(text) || /^\d{1,3}(\.\d{1,3}){3}$/.test(text)
  );
}

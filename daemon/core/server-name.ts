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

/** True for IPv4 in dotted quads and for anything with a colon, which no DNS name has. */
export function isIpAddress(text: string): boolean {
  return text.includes(':') || /^\d{1,3}(\.\d{1,3}){3}$/.test(text);
}

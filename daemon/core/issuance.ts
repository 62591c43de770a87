/** An entry of a log of issuance: where it stands, and whether it says what its certificate says. Pure. */
import { canonicalJson } from './canonical.ts';
import type { CertificateFacts } from './model.ts';
import type { IssuanceRecord } from './record-format.ts';

/** A serial as our CAs write it: lower-case hex, whole octets, at most the 20 of RFC 5280 section 4.1.2.2. */
export const serialPattern = /^(?:[0-9a-f]{2}){1,20}$/;

/** Path of an entry below the prefix of the state branch: the only place that makes it. null for what is no serial or no name, so that neither can lead elsewhere. */
export function issuancePath(issuer: string, serial: string): string | null {
  if (!serialPattern.test(serial) || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(issuer)) return null;
  return `issuance/${issuer}/${serial}.json`;
}

/** What the entry says otherwise than its certificate, each as a phrase; empty when nothing. */
export function issuanceDifferences(record: IssuanceRecord, facts: CertificateFacts): string[] {
  const same = (what: string, said: string, is: string): string[] =>
    said === is ? [] : [`${what} is ${is}, not ${said.length > 200 ? 'the long text it says' : said}`];
  const list = (values: readonly string[]): string => canonicalJson([...values].sort());
  return [
    ...same('serial', record.serial, facts.serial),
    ...same('fingerprint', record.fingerprint, facts.fingerprint),
    ...same('public key', record.spki, facts.spki),
    ...same('DNS names', list(record.dnsNames), list(facts.dnsNames)),
    ...same('IP addresses', list(record.ipAddresses), list(facts.ipAddresses)),
    ...same('begin', String(Date.parse(record.notBefore)), String(facts.notBefore)),
    ...same('end', String(Date.parse(record.notAfter)), String(facts.notAfter)),
  ];
}

/** Readers of names with what Node knows of international ones. No IO. */
import { domainToASCII, domainToUnicode } from 'node:url';
import { nameReader } from '../core/dns-name.ts';

export { readAddress, readIpAddress } from '../core/dns-name.ts';

export const { readDnsName, readServerName, readHost } = nameReader({
  toAscii: domainToASCII,
  // An A-label that decodes to nothing stays as it is.
  isEmptyLabel: (label) => domainToUnicode(label).startsWith('xn--'),
});

/** Readers of names with what Node knows of international ones. No IO. */
import { domainToASCII, domainToUnicode } from 'node:url';
import { nameReader } from '../core/dns-name.ts';
import { machineHost } from '../core/host-name.ts';

export { readAddress, readIpAddress } from '../core/dns-name.ts';

export const { readDnsName, readServerName, readHost } = nameReader({
  toAscii: domainToASCII,
  // An A-label that decodes to nothing stays as it is.
  isEmptyLabel: (label) => domainToUnicode(label).startsWith('xn--'),
});

/** As `machineHost`; null also for an A-label that no name is written as: a resolver may decode it to something else. */
export function readMachineHost(written: string): string | null {
  const host = machineHost(written);
  const isOdd = (label: string): boolean =>
    label.startsWith('xn--') && (domainToASCII(label) !== label || /^[ -~]*$/.test(domainToUnicode(label)));
  return host?.split('.').some(isOdd) === true ? null : host;
}

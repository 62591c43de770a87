/** What an issuer can be known not to give, from its declaration alone. `check` asks before anybody commits, the issuer before it signs. Pure. */
import { durationText } from './duration.ts';
import { isInRange } from './ip-range.ts';
import type { Certificate, IssuerLimits } from './model.ts';

/** A certificate that asks for what its issuer will not give. */
export const issuerLimitCode = 'issuer-limit';

export interface LimitFault {
  readonly field: 'lifetime' | 'dnsNames';
  /** Says what, and what to do. */
  readonly message: string;
}

/** Why `issuer` cannot give what the certificate asks for: one fault a line that must change, the first name of several. Empty where nothing speaks against it. */
export function limitFaults(
  issuer: string,
  limits: IssuerLimits,
  certificate: Pick<Certificate, 'dnsNames' | 'ipAddresses' | 'lifetimeMs'>,
): readonly LimitFault[] {
  const { dnsNames, ipAddresses, lifetimeMs } = certificate;
  const { lifetimeMaxMs, domains, ipRanges, noWildcards } = limits;
  const faults: LimitFault[] = [];
  const outside = domains === null ? undefined : dnsNames.find((each) => !isBelowOne(each, domains));
  if (outside !== undefined)
    faults.push({
      field: 'dnsNames',
      message: `issuer ${issuer} may only issue for ${(domains ?? []).join(', ')}, not for ${outside}. Choose another issuer for this name, or have permittedDnsNames of ${issuer} widened`,
    });
  const address =
    ipRanges === null
      ? undefined
      : ipAddresses.find((each) => !ipRanges.some((range) => isInRange(each, range)));
  if (address !== undefined)
    faults.push({
      field: 'dnsNames',
      message: `issuer ${issuer} may not issue for IP address ${address}: its permittedIpRanges do not hold it. Choose another issuer for this address, or have them widened`,
    });
  const wildcard = noWildcards === null ? undefined : dnsNames.find((each) => each.startsWith('*.'));
  if (wildcard !== undefined)
    faults.push({
      field: 'dnsNames',
      message: `issuer ${issuer} cannot prove ${wildcard}: ${noWildcards ?? ''}`,
    });
  if (lifetimeMs !== null && lifetimeMaxMs !== null && lifetimeMs > lifetimeMaxMs)
    faults.push({
      field: 'lifetime',
      message: `issuer ${issuer} gives at most ${durationText(lifetimeMaxMs)}, not ${durationText(lifetimeMs)}. Ask for ${durationText(lifetimeMaxMs)} or less, or leave lifetime out`,
    });
  return faults;
}

function isBelowOne(name: string, domains: readonly string[]): boolean {
  const plain = name.replace(/^\*\./, '');
  return domains.some((domain) => plain === domain || plain.endsWith(`.${domain}`));
}

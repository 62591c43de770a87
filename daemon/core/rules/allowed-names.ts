/** Rule: a team requests only names that are given to it. Deny by default. */
import { isInRange } from '../ip-range.ts';
import type { Team } from '../model.ts';
import { fail, pass, strings, type Rule } from './rule.ts';

export const allowedNames: Rule = {
  id: 'allowed-names',
  title: 'Names belong to the team',
  citation: 'internal',
  effectiveAt: null,
  stages: ['request'],
  settingsSchema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ipAddresses: {
        description:
          'IP addresses and ranges (10.0.0.0/8, 2001:db8::/32) that may be requested; none by default.',
        type: 'array',
        items: { type: 'string', pattern: '^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$' },
      },
    },
  },
  explanation:
    'Who controls a name decides who may have a certificate for it. A team may request the names and domains listed in its own document (dnsNames), and nothing else.',
  judge: ({ certificate, team }, settings) => {
    const refusal = namesRefusal(certificate.team, team, certificate.dnsNames);
    if (refusal !== null) {
      return fail(
        refusal,
        team === null
          ? `Declare team ${certificate.team} with its dnsNames.`
          : `Add the domain to dnsNames in ${team.source.file}, with the agreement of its owner, or correct the name.`,
      );
    }
    const allowed = strings(settings, 'ipAddresses');
    const address = certificate.ipAddresses.find((each) => !allowed.some((range) => isInRange(each, range)));
    if (address !== undefined) {
      return fail(
        `IP address ${address} may not be requested`,
        'Use a DNS name, or list the address or its range in the settings of this rule.',
      );
    }
    return pass;
  },
};

/** Which of the names are not given to the team, in words; null: it may request all of them. Pure; the request form of the site says the same. */
export function namesRefusal(
  name: string,
  team: Pick<Team, 'dnsNames'> | null,
  dnsNames: readonly string[],
): string | null {
  const foreign = dnsNames.filter((each) => !mayRequest(team, each));
  if (foreign.length === 0) return null;
  const owned = team === null || team.dnsNames.length === 0 ? 'no names' : team.dnsNames.join(', ');
  return `team ${name} may not request ${foreign.join(', ')}; it may request ${owned}`;
}

/**
 * `shop.example.com` gives exactly that name; `*.example.com` gives every name below it, one or more labels down, and wildcards there, but not `example.com` itself.
 * Names are compared without case and without a trailing dot. A wildcard is only given by a pattern that gives everything it could stand for.
 */
export function mayRequest(team: Pick<Team, 'dnsNames'> | null, name: string): boolean {
  const wanted = plain(name);
  return (team?.dnsNames ?? []).some((each) => {
    const pattern = plain(each);
    if (!pattern.startsWith('*.')) return pattern === wanted;
    const suffix = pattern.slice(1);
    return wanted.endsWith(suffix) && wanted.length > suffix.length && !wanted.startsWith('.');
  });
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

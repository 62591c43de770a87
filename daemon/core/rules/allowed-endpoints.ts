/** Rule: a team installs only where it may. Deny by default. */
import type { Endpoint, Team } from '../model.ts';
import { fail, pass, type Rule } from './rule.ts';

export const allowedEndpoints: Rule = {
  id: 'allowed-endpoints',
  title: 'Endpoints belong to the team',
  citation: 'NIST SP 1800-16 Volume B (ownership of systems); internal',
  effectiveAt: null,
  stages: ['request'],
  settingsSchema: { type: 'object', additionalProperties: false, properties: {} },
  explanation:
    'Installing a certificate replaces what a server shows and reloads it. A team may do that on endpoints that belong to it (metadata.team) and on those its own document lists (endpoints), and nowhere else.',
  judge: ({ certificate, team, endpoints }) => {
    const foreign = certificate.installations
      .map((each) => each.endpoint)
      .filter((name) => !mayInstall(team, certificate.team, name, endpoints.get(name) ?? null));
    if (foreign.length === 0) return pass;
    const file = team?.source.file ?? `inventory/teams/${certificate.team}.yaml`;
    return fail(
      `team ${certificate.team} may not install on ${foreign.join(', ')}`,
      `Have the owner of the endpoint agree and list it under endpoints in ${file}, or set team: ${certificate.team} in the endpoint's metadata.`,
    );
  },
};

/** Whether a team may install on this endpoint: it is its own, or the team's document lists it. Pure. */
export function mayInstall(
  team: Pick<Team, 'endpoints'> | null,
  name: string,
  endpoint: string,
  declared: Pick<Endpoint, 'team'> | null,
): boolean {
  return declared?.team === name || isListed(team?.endpoints ?? [], endpoint);
}

/** Whether a list such as `endpoints` of a Team names this endpoint: by its name, or by how it begins (`web-*`). Pure. */
export function isListed(patterns: readonly string[], endpoint: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? endpoint.startsWith(pattern.slice(0, -1)) : pattern === endpoint,
  );
}

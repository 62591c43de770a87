/** A team as rules see it, for their tests. */
import type { Team } from '../../../daemon/core/model.ts';
import type { RuleSubject } from '../../../daemon/core/rules/rule.ts';
import { certificate } from '../sample.ts';

export function team(changes: Partial<Team> = {}): Team {
  return {
    kind: 'Team',
    name: 'web',
    labels: {},
    source: { file: 'inventory/teams/web.yaml', line: 1, column: 1 },
    blob: 'b',
    displayName: 'Web',
    owners: ['ada'],
    contacts: [{ type: 'email', value: 'web@example.com' }],
    dnsNames: ['*.example.com'],
    issuers: [],
    endpoints: ['web-*'],
    signers: [],
    handles: [],
    networks: [],
    ...changes,
  };
}

/** What a rule is asked about: the sample certificate at a request, with its changes. */
export function subject(changes: Partial<RuleSubject> = {}): RuleSubject {
  return {
    stage: 'request',
    certificate: certificate(),
    team: team(),
    issuer: null,
    endpoints: new Map(),
    facts: null,
    handshakes: [],
    ...changes,
  };
}

/** A team as rules see it, for their tests. */
import type { Team } from '../../../daemon/core/model.ts';

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
    ...changes,
  };
}

/** Team: who owns certificates, and who signs for whom. */
import { toTeam } from '../convert.ts';
import { teamSchema } from '../schemas/team.ts';
import type { Kind } from './kind.ts';

export const teamKind: Kind<'Team'> = {
  kind: 'Team',
  folder: 'inventory/teams/',
  whenBroken: 'keep',
  governs: true,
  schema: () => teamSchema,
  convert: (declared, { spec }, place) => toTeam(declared, spec, place),
  of: (desired) => desired.teams,
  put: (desired, all) => ({ ...desired, teams: all }),
};

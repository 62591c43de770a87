/** PolicyPack: a standard as rules. */
import { toPolicyPack } from '../convert-policy.ts';
import { policyPackSchema } from '../schemas/policy.ts';
import type { Kind } from './kind.ts';

export const policyPackKind: Kind<'PolicyPack'> = {
  kind: 'PolicyPack',
  folder: 'policies/',
  whenBroken: 'keep',
  governs: true,
  schema: ({ ruleSchemas }) => policyPackSchema(ruleSchemas),
  convert: (declared, { spec }, place) => toPolicyPack(declared, spec, place),
  of: (desired) => desired.packs,
  put: (desired, all) => ({ ...desired, packs: all }),
};

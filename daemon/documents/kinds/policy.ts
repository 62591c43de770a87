/** Policy: rules that certificates must keep to. */
import { toPolicy } from '../convert-policy.ts';
import { policySchema } from '../schemas/policy.ts';
import type { Kind } from './kind.ts';

export const policyKind: Kind<'Policy'> = {
  kind: 'Policy',
  folder: 'policies/',
  whenBroken: 'keep',
  governs: true,
  schema: ({ ruleSchemas }) => policySchema(ruleSchemas),
  convert: (declared, { spec }, place) => toPolicy(declared, spec, place),
  of: ({ policies }) => new Map(policies.map((each) => [each.name, each])),
  put: (desired, all) => ({
    ...desired,
    policies: [...all.values()].sort((left, right) => (left.name < right.name ? -1 : 1)),
  }),
};

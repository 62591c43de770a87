/** Rule: a rule of an organisation's own. */
import { toCustomRule } from '../convert-policy.ts';
import { customRuleSchema } from '../schemas/policy.ts';
import type { Kind } from './kind.ts';

export const ruleKind: Kind<'Rule'> = {
  kind: 'Rule',
  folder: 'policies/',
  whenBroken: 'keep',
  governs: true,
  schema: () => customRuleSchema,
  convert: (declared, { spec }, place) => toCustomRule(declared, spec, place),
  of: (desired) => desired.customRules,
  put: (desired, all) => ({ ...desired, customRules: all }),
};

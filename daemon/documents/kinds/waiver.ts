/** Waiver: an exception that ends. What breaks it does not lengthen it: the day it ends is its own. */
import { toWaiver } from '../convert-policy.ts';
import { waiverSchema } from '../schemas/policy.ts';
import type { Kind } from './kind.ts';

export const waiverKind: Kind<'Waiver'> = {
  kind: 'Waiver',
  folder: 'policies/',
  whenBroken: 'keep',
  governs: true,
  schema: () => waiverSchema,
  convert: (declared, { spec }, place) => toWaiver(declared, spec, place),
  of: (desired) => desired.waivers,
  put: (desired, all) => ({ ...desired, waivers: all }),
};

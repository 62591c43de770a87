/** Offer: what requesters choose from. A default, never a right. */
import { toOffer } from '../convert-governance.ts';
import { offerSchema } from '../schemas/governance.ts';
import type { Kind } from './kind.ts';

export const offerKind: Kind<'Offer'> = {
  kind: 'Offer',
  folder: 'policies/',
  whenBroken: 'keep',
  governs: false,
  schema: () => offerSchema,
  convert: (declared, { spec }) => toOffer(declared, spec),
  of: (desired) => desired.offers,
  put: (desired, all) => ({ ...desired, offers: all }),
};

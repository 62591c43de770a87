/** Profile: how one kind of server takes certificates. */
import { toProfile } from '../convert-profile.ts';
import { profileSchema } from '../schemas/profile.ts';
import type { Kind } from './kind.ts';

export const profileKind: Kind<'Profile'> = {
  kind: 'Profile',
  folder: 'policies/',
  whenBroken: 'keep',
  governs: false,
  schema: () => profileSchema,
  convert: (declared, { spec }, place) => toProfile(declared, spec, place),
  of: (desired) => desired.profiles,
  put: (desired, all) => ({ ...desired, profiles: all }),
};

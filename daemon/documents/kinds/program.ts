/** Program: what the service aims at. */
import { toProgram } from '../convert-governance.ts';
import { programSchema } from '../schemas/governance.ts';
import type { Kind } from './kind.ts';

export const programKind: Kind<'Program'> = {
  kind: 'Program',
  folder: 'policies/',
  whenBroken: 'keep',
  governs: false,
  schema: () => programSchema,
  convert: (declared, { spec }) => toProgram(declared, spec),
  of: (desired) => desired.programs,
  put: (desired, all) => ({ ...desired, programs: all }),
};

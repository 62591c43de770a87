/** ChangeControl: who may change what. One counts, whatever it is called. */
import { toChangeControl } from '../convert-governance.ts';
import { changeControlSchema } from '../schemas/governance.ts';
import type { Kind } from './kind.ts';

export const changeControlKind: Kind<'ChangeControl'> = {
  kind: 'ChangeControl',
  folder: 'policies/',
  fileName: 'change-control',
  whenBroken: 'keep',
  governs: true,
  schema: () => changeControlSchema,
  convert: (declared, { spec }, place) => toChangeControl(declared, spec, place),
  of: ({ changeControl }) => new Map(changeControl === null ? [] : [[changeControl.name, changeControl]]),
  put: (desired, all) => ({ ...desired, changeControl: [...all.values()][0] ?? null }),
};

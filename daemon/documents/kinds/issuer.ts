/** Issuer: who issues certificates. */
import { text } from '../plain.ts';
import { schemaByType } from '../schemas/index.ts';
import type { Kind } from './kind.ts';

export const issuerKind: Kind<'Issuer'> = {
  kind: 'Issuer',
  folder: 'inventory/issuers/',
  whenBroken: 'keep',
  governs: false,
  schema: ({ issuerSchemas }) => schemaByType('Issuer', 'Who issues certificates.', 'none', issuerSchemas),
  convert: (declared, { spec }) => ({ ...declared, kind: 'Issuer', type: text(spec['type']), config: spec }),
  of: (desired) => desired.issuers,
  put: (desired, all) => ({ ...desired, issuers: all }),
};

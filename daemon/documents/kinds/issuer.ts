/** Issuer: who issues certificates. */
import { cidrFault, readCidr } from '../../core/ip-range.ts';
import { text } from '../plain.ts';
import { schemaByType } from '../schemas/index.ts';
import type { Kind } from './kind.ts';

export const issuerKind: Kind<'Issuer'> = {
  kind: 'Issuer',
  folder: 'inventory/issuers/',
  whenBroken: 'keep',
  governs: false,
  schema: ({ issuerSchemas }) => schemaByType('Issuer', 'Who issues certificates.', 'none', issuerSchemas),
  convert: (declared, { spec }, { issuerLimits, complain }) => {
    const type = text(spec['type']);
    const limits = issuerLimits?.[type]?.(spec);
    for (const [index, range] of (limits?.ipRanges ?? []).entries())
      if (readCidr(range) === null)
        complain(`${JSON.stringify(range)} ${cidrFault}`, ['spec', 'permittedIpRanges', index]);
    return { ...declared, kind: 'Issuer', type, config: spec, ...(limits === undefined ? {} : { limits }) };
  },
  of: (desired) => desired.issuers,
  put: (desired, all) => ({ ...desired, issuers: all }),
};

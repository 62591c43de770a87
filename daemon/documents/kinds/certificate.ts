/** Certificate: what is wanted, and where. By `team/name`. */
import { toCertificate } from '../convert.ts';
import { certificateSchema } from '../schemas/certificate.ts';
import type { Kind } from './kind.ts';

export const certificateKind: Kind<'Certificate'> = {
  kind: 'Certificate',
  folder: 'inventory/certificates/',
  whenBroken: 'keep',
  governs: false,
  schema: () => certificateSchema,
  convert: (declared, { metadata, spec }, place) => toCertificate(declared, metadata.team ?? '', spec, place),
  of: (desired) => desired.certificates,
  put: (desired, all) => ({ ...desired, certificates: all }),
};

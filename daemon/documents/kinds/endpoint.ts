/** Endpoint: where certificates are installed. */
import { toEndpoint } from '../convert-endpoint.ts';
import { schemaByType } from '../schemas/index.ts';
import type { Kind } from './kind.ts';

export const endpointKind: Kind<'Endpoint'> = {
  kind: 'Endpoint',
  folder: 'inventory/endpoints/',
  whenBroken: 'keep',
  governs: false,
  schema: ({ endpointSchemas }) =>
    schemaByType('Endpoint', 'Where certificates are installed.', 'optional', endpointSchemas),
  convert: (declared, { metadata, spec }, place) => toEndpoint(declared, metadata.team ?? null, spec, place),
  of: (desired) => desired.endpoints,
  put: (desired, all) => ({ ...desired, endpoints: all }),
};

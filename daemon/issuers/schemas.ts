/** Schemas of the issuers by type, without the issuers: who only reads declarations loads nothing that acts. A test compares them with the list of issuers. */
import type { JsonSchema } from '../ports/plugin.ts';
import { acmeSchema } from './acme/schema.ts';
import { caSchema } from './ca/schema.ts';

export const issuerSchemas: Readonly<Record<string, JsonSchema>> = { acme: acmeSchema, ca: caSchema };

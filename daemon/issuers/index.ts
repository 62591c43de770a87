/** The list of issuers. One line each. */
import type { Issuer, Publisher } from '../ports/issuer.ts';
import type { JsonSchema, Plugin } from '../ports/plugin.ts';
import { ca } from './ca.ts';

/** Every issuer this renewd knows. */
export function createIssuerPlugins(): readonly Plugin<Issuer & Partial<Publisher>>[] {
  return [ca];
}

/** Value of `spec.type` to the schema of the whole `spec`. */
export function issuerSchemas(): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(createIssuerPlugins().map((plugin) => [plugin.kind, plugin.schema]));
}

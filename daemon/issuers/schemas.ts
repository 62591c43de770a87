/** Schemas of the issuers by type, without the issuers: who only reads declarations loads nothing that acts. A test compares them with the list of issuers. */
import type { JsonSchema } from '../ports/plugin.ts';
import type { NamedSecret } from '../core/secret-binding.ts';
import type { Issuer, IssuerLimits } from '../core/model.ts';
import { acmeLimits, acmeWebroot } from './acme/limits.ts';
import { acmeSchema } from './acme/schema.ts';
import { acmeSecrets } from './acme/secrets.ts';
import { caLimits } from './ca/limits.ts';
import { caSchema } from './ca/schema.ts';

/** What a declaration of each type tells that its issuer will not give. */
export const issuerLimits: Readonly<
  Record<string, (config: Readonly<Record<string, unknown>>) => IssuerLimits>
> = { acme: acmeLimits, ca: caLimits };

export const issuerSchemas: Readonly<Record<string, JsonSchema>> = { acme: acmeSchema, ca: caSchema };

/** Which secrets a declaration of each type names, and where they would be sent. */
export const issuerSecrets: Readonly<
  Record<string, (config: Readonly<Record<string, unknown>>) => readonly NamedSecret[]>
> = { acme: acmeSecrets, ca: () => [] };

const issuerWebroots: Readonly<Record<string, (config: Readonly<Record<string, unknown>>) => string | null>> =
  { acme: acmeWebroot };

/** Where the issuers of a set put http-01 answers on the machines of a certificate, by name of the issuer; those that put none there are not in it. */
export function webrootsIn(issuers: Iterable<Issuer>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { name, type, config } of issuers) {
    const webroot = issuerWebroots[type]?.(config) ?? null;
    if (webroot !== null) found.set(name, webroot);
  }
  return found;
}

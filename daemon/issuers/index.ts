/** The list of issuers. One line each. */
import type { IssuanceMemory, Issuer, Publisher } from '../ports/issuer.ts';
import type { Plugin } from '../ports/plugin.ts';
import { acme } from './acme.ts';
import { ca } from './ca.ts';

/** Every issuer this renewd knows. */
export function createIssuerPlugins(): readonly Plugin<Issuer & Partial<Publisher & IssuanceMemory>>[] {
  return [acme, ca];
}

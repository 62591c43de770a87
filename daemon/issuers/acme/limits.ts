/** What the declaration of an ACME issuer does not let it prove. Reads nothing. */
import type { IssuerLimits } from '../../core/model.ts';

/** Lifetimes and names are the CA's to say; http-01 proves no wildcard (RFC 8555 section 8.3 asks at one host). */
export function acmeLimits(): IssuerLimits {
  return {
    lifetimeMaxMs: null,
    domains: null,
    ipRanges: null,
    noWildcards:
      'its challenge, http-01, is for single hosts. List the names, or choose an issuer that needs no such proof',
  };
}

/** The directory on the machine of a certificate that answers are written to; null where renewd answers itself. */
export function acmeWebroot({ challenge }: Readonly<Record<string, unknown>>): string | null {
  if (typeof challenge !== 'object' || challenge === null) return null;
  return 'path' in challenge && typeof challenge.path === 'string' ? challenge.path : null;
}

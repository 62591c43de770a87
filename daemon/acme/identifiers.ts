/** Identifiers of orders and authorizations (RFC 8555 sections 7.1.3 and 7.1.4), compared in one spelling. Pure. */
import { canonicalIpAddress } from '../x509/ip-address.ts';

export interface Identifier {
  readonly type: string;
  readonly value: string;
}

/** Is this what a CA may call an identifier? */
export function isIdentifier(value: unknown): value is Identifier {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    typeof value.type === 'string' &&
    'value' in value &&
    typeof value.value === 'string'
  );
}

/** One text for equal identifiers: names in lower case, addresses in the form of RFC 5952. */
export function identifierText({ type, value }: Identifier): string {
  return `${type}:${type === 'ip' ? (canonicalIpAddress(value) ?? value) : value.toLowerCase()}`;
}

/**
 * Is an authorization for this identifier one that an order for `planned` needs? Section 7.1.4: for a wildcard it names the domain below
 * the `*.` and says `wildcard`, for any other name it must not say so.
 */
export function isPlanned(
  identifier: Identifier,
  wildcard: boolean,
  planned: readonly Identifier[],
): boolean {
  const asked = wildcard ? { ...identifier, value: `*.${identifier.value}` } : identifier;
  return planned.map(identifierText).includes(identifierText(asked));
}

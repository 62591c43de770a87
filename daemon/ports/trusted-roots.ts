/** Roots that a TLS client verifies a server by. Only `x509/roots.ts` makes them, so that Node sees the certificates that our reader saw, and no others. */

declare const isReadStrictly: unique symbol;

/** PEM, one certificate a text, each read strictly and written again. */
export type TrustedRoots = readonly string[] & { readonly [isReadStrictly]: true };

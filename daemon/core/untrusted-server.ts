/** Why the certificate of an HTTPS server was not taken, in words of renewd's own settings instead of options of the program it runs on. Pure. */

const unknownSigner = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Where the CA that signed the server's certificate can be named. */
export interface TrustSetting {
  /** Where its certificate is written, as an order: `write it (PEM) under trust in ...`. */
  readonly how: string;
  /** A CA stands there already, so it is another one, or its intermediate is missing at the server. */
  readonly given: boolean;
}

/** What the wire gives, whoever stands between gives: to believe it would let in whom the refusal keeps out. */
const fromItsOperator =
  'get the certificate of the CA from whoever runs it, or compare its fingerprint with them (never trust what this connection shows), and';

/** The reason and what to do, for an error that a TLS client of Node ends with; null where the error is about something else. */
export function untrustedServer(error: unknown, { how, given }: TrustSetting): string | null {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  if (typeof code !== 'string') return null;
  if (unknownSigner.has(code))
    return given
      ? `its HTTPS certificate is not signed by the CA that is trusted for it, or the server leaves out an intermediate: ${fromItsOperator} ${how}`
      : `its HTTPS certificate is signed by a CA that is not known here: ${fromItsOperator} ${how}`;
  if (code === 'CERT_HAS_EXPIRED') return 'its HTTPS certificate has expired: whoever runs it must renew it';
  if (code === 'CERT_NOT_YET_VALID')
    return 'its HTTPS certificate is not valid yet: compare the clocks of both machines';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'its HTTPS certificate is for another name: correct the address, or the certificate of the server';
  return null;
}

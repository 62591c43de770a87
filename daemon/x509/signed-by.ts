/** Whether one certificate was signed with the key of another. */
import { parseCertificate } from './parse.ts';

/** Pure; false for whatever cannot be read. Says nothing about names, times or purposes. */
export function isSignedBy(certificate: Uint8Array, issuer: Uint8Array): boolean {
  try {
    return parseCertificate(certificate).verify(parseCertificate(issuer).publicKey);
  } catch {
    // Bytes that are no certificate, or a key of a kind OpenSSL cannot use: it signs nothing that we could believe.
    return false;
  }
}

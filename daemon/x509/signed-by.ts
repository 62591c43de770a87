/** Whether one certificate was signed with the key of another. */
import { isVerifiedBy, parseCertificate } from './parse.ts';

/** Pure; false for whatever cannot be read. Says nothing about names, times or purposes. */
export function isSignedBy(certificate: Uint8Array, issuer: Uint8Array): boolean {
  try {
    return isVerifiedBy(parseCertificate(certificate), parseCertificate(issuer));
  } catch {
    // Bytes that are no certificate.
    return false;
  }
}

/** Telling a CA which certificate an order replaces (RFC 9773 sections 4.1 and 5). Asking it when to renew is not here. Pure. */
import { readAuthorityKeyIdentifier, readCertificateFields } from '../x509/certificate.ts';
import { MalformedInput } from '../x509/malformed.ts';
import type { AcmeProblem } from './problem.ts';

/** The identifier of a certificate: key identifier of its issuer and its serial number, base64url. null when it has no such key identifier or cannot be read. */
export function certificateId(der: Uint8Array): string | null {
  try {
    const { serial, extensions } = readCertificateFields(der);
    const issuerKey = readAuthorityKeyIdentifier(extensions);
    if (issuerKey === null) return null;
    return `${Buffer.from(issuerKey).toString('base64url')}.${Buffer.from(serial).toString('base64url')}`;
  } catch (error) {
    if (error instanceof MalformedInput) return null;
    throw error;
  }
}

/** Is it the `replaces` field that the CA refuses, or may it be? Then the same order without it can be accepted. */
export function refusesReplaces({ status, type }: AcmeProblem): boolean {
  return (
    status === 404 ||
    status === 409 ||
    (status < 500 && status !== 429 && ['alreadyReplaced', 'malformed', 'unauthorized'].includes(type))
  );
}

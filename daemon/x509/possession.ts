/** Whether a message was signed by the key of a certificate: the proof that somebody holds it. */
import { verify } from 'node:crypto';
import { readCertificateFields } from './certificate.ts';
import { keyFacts } from './key-facts.ts';
import { MalformedInput } from './malformed.ts';
import { parsePublicKey } from './parse.ts';

/**
 * Verifies with the key of the certificate (DER), by its kind: RSA as PKCS #1 v1.5 with SHA-256, ECDSA on P-256, P-384 or P-521 with SHA-256 in DER,
 * Ed25519 (RFC 8032). Any other kind, and anything that cannot be read, is false. Pure, never throws for hostile bytes.
 */
export function signedByKeyOf(certificate: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const { spki } = readCertificateFields(certificate);
    const { keyAlgorithm } = keyFacts(spki);
    const key = parsePublicKey(spki);
    if (keyAlgorithm === 'ed25519') return verify(null, message, key, signature);
    if (!/^(rsa-[0-9]+|ecdsa-p(256|384|521))$/.test(keyAlgorithm)) return false;
    return verify('sha256', message, key, signature);
  } catch (error) {
    // OpenSSL refuses some keys and signatures with errors of its own, which carry a code.
    if (error instanceof MalformedInput || (error instanceof Error && 'code' in error)) return false;
    throw error;
  }
}

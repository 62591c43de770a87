/** The one door through which bytes reach the parser of @peculiar/x509, which looks for PEM, hexadecimal and base64 before it reads DER. */
import 'reflect-metadata';
import { PublicKey, X509Certificate } from '@peculiar/x509';
import { MalformedInput } from './malformed.ts';
import { parseCertificate, parsePublicKey } from './parse.ts';

/** The package's certificate of exactly these bytes, for signing below it. Pure. @throws MalformedInput */
export function parseSigningCertificate(der: Uint8Array): X509Certificate {
  parseCertificate(der);
  const parsed = new X509Certificate(Uint8Array.from(der));
  if (!Buffer.from(parsed.rawData).equals(der)) throw new MalformedInput('a certificate inside another one');
  return parsed;
}

/** The package's key of exactly this SubjectPublicKeyInfo, for certifying it. Pure. @throws MalformedInput */
export function parseSigningKey(spki: Uint8Array): PublicKey {
  parsePublicKey(spki);
  const parsed = new PublicKey(Uint8Array.from(spki));
  if (!Buffer.from(parsed.rawData).equals(spki)) throw new MalformedInput('a public key inside another one');
  return parsed;
}

/** Roots: which are public, and bundles of PEM for the TLS of Node as our own reader sees them. Node skips what it cannot read in silence, and reads labels that we do not. */
import { hash } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import type { TrustedRoots } from '../ports/trusted-roots.ts';
import { certificateFacts } from './facts.ts';
import { MalformedInput } from './malformed.ts';
import { derToPem, pemToDer } from './pem.ts';

/** Every certificate of the text, read and written again. Pure. @throws MalformedInput when it holds none, or one that cannot be read */
export function readTrustedRoots(pem: string): TrustedRoots {
  const certificates = pemToDer(pem);
  if (certificates.length === 0) throw new MalformedInput('there is no certificate in it');
  for (const der of certificates) certificateFacts(der);
  // The one place where the brand is given.
  return certificates.map((der) => derToPem(der)) as readonly string[] as TrustedRoots;
}

let publicRoots: ReadonlySet<string> | null = null;

/** Is this DER one of the roots that come with Node (Mozilla's list)? Reads the list once; otherwise pure. */
export function isPublicRoot(der: Uint8Array | undefined): boolean {
  publicRoots ??= new Set(
    rootCertificates.flatMap((pem) => pemToDer(pem)).map((each) => hash('sha256', each)),
  );
  return der !== undefined && publicRoots.has(hash('sha256', der));
}

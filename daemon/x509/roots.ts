/** Roots for the TLS of Node: a bundle of PEM as our own reader sees it. Node skips what it cannot read in silence, and reads labels that we do not. */
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

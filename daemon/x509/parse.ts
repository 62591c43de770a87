/**
 * The one door through which bytes from outside reach a parser that is not ours. node:crypto looks for PEM before it reads DER, and so can
 * find another certificate inside the one that was given. What it found is therefore compared with what it was given, byte for byte: one
 * parse, one truth. `parse-for-signing.ts` is the same for the package that signs. Judges nothing.
 */
import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readDer, tags } from './der.ts';
import { MalformedInput } from './malformed.ts';

/**
 * node:crypto's certificate of exactly these bytes. Pure.
 * @throws MalformedInput when they are not one certificate, or node:crypto read another one than was given
 */
export function parseCertificate(der: Uint8Array): X509Certificate {
  readDer(der, tags.sequence);
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(der);
  } catch (cause) {
    throw new MalformedInput('not an X.509 certificate', { cause });
  }
  if (!parsed.raw.equals(der)) throw new MalformedInput('a certificate inside another one');
  return parsed;
}

/**
 * node:crypto's key of exactly this SubjectPublicKeyInfo. Pure.
 * @throws MalformedInput when it is of a kind node:crypto does not know, is damaged, or would be written otherwise (missing parameters)
 */
export function parsePublicKey(spki: Uint8Array): KeyObject {
  readDer(spki, tags.sequence);
  let key: KeyObject;
  let again: Buffer;
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    again = key.export({ format: 'der', type: 'spki' });
  } catch (cause) {
    throw new MalformedInput('not a public key that can be used', { cause });
  }
  if (!again.equals(spki)) throw new MalformedInput('a public key that is not written in its one form');
  return key;
}

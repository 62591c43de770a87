/** A public key's algorithm in the words of declarations, and its size. Judges nothing. */
import { createPublicKey } from 'node:crypto';
import { childrenOf, readDer, readOid, tags } from './der.ts';

const curves: Readonly<Record<string, { readonly name: string; readonly bits: number }>> = {
  prime256v1: { name: 'ecdsa-p256', bits: 256 },
  secp384r1: { name: 'ecdsa-p384', bits: 384 },
  secp521r1: { name: 'ecdsa-p521', bits: 521 },
};

const fixedBits: Readonly<Record<string, number>> = { ed25519: 256, ed448: 456, x25519: 256, x448: 448 };

/**
 * Algorithm and size of a SubjectPublicKeyInfo. Pure. A key that node:crypto cannot read shows as its dotted OID with 0 bits: still a fact, never a crash.
 * @throws MalformedInput when the bytes are not a SubjectPublicKeyInfo at all
 */
export function keyFacts(spki: Uint8Array): { readonly keyAlgorithm: string; readonly keyBits: number } {
  const [algorithm] = childrenOf(readDer(spki, tags.sequence));
  const [id, parameters] = algorithm === undefined ? [] : childrenOf(algorithm);
  const oid = readOid(id);
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    const type: string = key.asymmetricKeyType ?? oid;
    const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
    if (type === 'ec') {
      // RFC 5480 section 2.1.1: a named curve, never its parameters (CVE-2020-0601 lived there).
      if (parameters?.tag !== tags.oid) return { keyAlgorithm: 'ecdsa-explicit', keyBits: 0 };
      const curve = curves[namedCurve];
      return { keyAlgorithm: curve?.name ?? `ecdsa-${namedCurve}`, keyBits: curve?.bits ?? 0 };
    }
    if (modulusLength > 0) return { keyAlgorithm: `${type}-${modulusLength}`, keyBits: modulusLength };
    return { keyAlgorithm: type, keyBits: fixedBits[type] ?? 0 };
  } catch {
    return { keyAlgorithm: oid, keyBits: 0 };
  }
}

/** Rule: keys of at least this strength, by NIST's table. */
import { fail, notApplicable, pass, wholeNumber, type Rule } from './rule.ts';

/** NIST SP 800-57 Part 1 Rev. 5, table 2; between two rows the lower counts. ML-DSA by its category in FIPS 204, table 1: 2, 3 and 5. */
const strengths: Readonly<Record<string, number>> = {
  'ecdsa-p256': 128,
  'ecdsa-p384': 192,
  'ecdsa-p521': 256,
  ed25519: 128,
  ed448: 224,
  'ml-dsa-44': 128,
  'ml-dsa-65': 192,
  'ml-dsa-87': 256,
};

/** Bits of security of a key; 0 for one nobody can say anything of. Pure. */
export function strengthOf(algorithm: string, bits: number): number {
  const known = strengths[algorithm];
  if (known !== undefined) return known;
  if (!/^rsa/i.test(algorithm)) return 0;
  const size = Number(/(\d+)$/.exec(algorithm)?.[1] ?? bits);
  return size >= 15_360 ? 256 : size >= 7680 ? 192 : size >= 3072 ? 128 : size >= 2048 ? 112 : 80;
}

export const securityStrength: Rule = {
  id: 'security-strength',
  title: 'Strength of the key',
  citation: 'NIST SP 800-57 Part 1 Rev. 5, table 2; NIST SP 800-131A Rev. 2',
  effectiveAt: null,
  stages: ['request', 'issued', 'observed'],
  settingsSchema: {
    type: 'object',
    additionalProperties: false,
    required: ['bits'],
    properties: {
      bits: {
        description:
          'Least bits of security: 112 (RSA 2048), 128 (RSA 3072, P-256, Ed25519), 192 (P-384), 256.',
        type: 'integer',
        enum: [112, 128, 192, 256],
      },
    },
  },
  explanation:
    'Strength in bits says how much computing it takes to find the private key: each bit doubles it. It lets keys of different kinds be compared; an RSA key needs 3072 bits to be as strong as an elliptic-curve key of 256.',
  judge: ({ stage, certificate, facts }, settings) => {
    if (stage !== 'request' && facts === null) return notApplicable;
    const algorithm = stage === 'request' || facts === null ? certificate.key.algorithm : facts.keyAlgorithm;
    const wanted = wholeNumber(settings, 'bits', Number.MAX_SAFE_INTEGER);
    const strength = strengthOf(algorithm, facts?.keyBits ?? 0);
    if (strength >= wanted) return pass;
    const better = wanted <= 128 ? 'ecdsa-p256' : 'ecdsa-p384';
    return fail(
      `the key of ${certificate.id} (${algorithm}) has ${String(strength)} bits of security; at least ${String(wanted)} are demanded`,
      `Set key: { algorithm: ${better} } in ${certificate.source.file}.`,
    );
  },
};

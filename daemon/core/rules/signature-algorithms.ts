/** Rule: only these hashes in signatures of CAs. */
import { concerns, fail, notApplicable, pass, strings, trustSetting, type Rule } from './rule.ts';

const known = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'md5', 'ed25519', 'ed448', 'ml-dsa'] as const;

/** The hash (or the whole scheme, where the hash is part of it) inside a name such as `ecdsa-with-SHA256` or `sha1WithRSAEncryption`; null for one nobody knows. Pure. */
export function hashOf(signatureAlgorithm: string): string | null {
  const plain = signatureAlgorithm.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return known.find((each) => plain.includes(each.replace('-', ''))) ?? null;
}

export const signatureAlgorithms: Rule = {
  id: 'signature-algorithms',
  title: 'Signature algorithm',
  citation: 'CA/Browser Forum BR 7.1.3.2; NIST SP 800-131A Rev. 2, section 3',
  effectiveAt: null,
  stages: ['issued', 'observed'],
  settingsSchema: {
    type: 'object',
    additionalProperties: false,
    required: ['allowed'],
    properties: {
      allowed: {
        description: 'Hashes, or schemes with a hash of their own, that CAs may sign with.',
        type: 'array',
        minItems: 1,
        items: { type: 'string', enum: ['sha256', 'sha384', 'sha512', 'ed25519', 'ed448', 'ml-dsa'] },
      },
      ...trustSetting,
    },
  },
  explanation:
    'The signature of the CA is what makes a certificate believable. With a weak hash somebody else can make a second certificate that carries the same signature.',
  judge: (subject, settings) => {
    if (!concerns(settings, subject)) return notApplicable;
    const { certificate, facts } = subject;
    if (facts === null) return notApplicable;
    const used = hashOf(facts.signatureAlgorithm);
    const allowed = strings(settings, 'allowed');
    if (used !== null && allowed.includes(used)) return pass;
    return fail(
      `the certificate of ${certificate.id} is signed with ${facts.signatureAlgorithm}; allowed are ${allowed.join(', ')}`,
      'Have it issued anew by an issuer that signs with one of them.',
    );
  },
};

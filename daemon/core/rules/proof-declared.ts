/** Rule: it is said where clients must see it. */
import { fail, pass, type Rule } from './rule.ts';

export const proofDeclared: Rule = {
  id: 'proof-declared',
  title: 'Proved where it is served',
  citation: 'NIST SP 1800-16 Volume B, section 5 (continuous monitoring of operation)',
  effectiveAt: null,
  stages: ['request'],
  settingsSchema: { type: 'object', additionalProperties: false, properties: {} },
  explanation:
    'Issued is not served: most outages follow a renewal that worked and a server that went on showing the old certificate. Only where an address is declared can renewd look, and prove.',
  judge: ({ certificate }) => {
    const silent = certificate.installations
      .filter((each) => each.serves.length === 0)
      .map((each) => each.endpoint);
    if (silent.length === 0) return pass;
    return fail(
      `${certificate.id} does not say where clients see it on ${silent.join(', ')}`,
      `List the addresses under serves in ${certificate.source.file}: [shop.example.com:443].`,
    );
  },
};

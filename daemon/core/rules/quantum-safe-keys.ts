/** Rule: keys that a quantum computer cannot find. */
import { fail, notApplicable, pass, type Rule } from './rule.ts';

export const quantumSafeKeys: Rule = {
  id: 'quantum-safe-keys',
  title: 'Quantum-safe key',
  citation: 'NIST IR 8547 (initial public draft, 2024); FIPS 204',
  effectiveAt: null,
  stages: ['request', 'issued', 'observed'],
  settingsSchema: { type: 'object', additionalProperties: false, properties: {} },
  explanation:
    'A large quantum computer would find every RSA and elliptic-curve key. Nobody has one yet, but replacing algorithms takes organisations years, so the days are already set. ML-DSA (FIPS 204) is the successor for signatures.',
  judge: ({ stage, certificate, facts }) => {
    if (stage !== 'request' && facts === null) return notApplicable;
    const algorithm = stage === 'request' || facts === null ? certificate.key.algorithm : facts.keyAlgorithm;
    if (/ml-?dsa|slh-?dsa/i.test(algorithm)) return pass;
    return fail(
      `the key of ${certificate.id} (${algorithm}) would fall to a quantum computer`,
      'Nothing to do today: public CAs and servers do not take such keys yet. Keep lifetimes short and renewals automatic, so that the change is a change of one line.',
    );
  },
};

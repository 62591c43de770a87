/** Rule: only these key algorithms and sizes. */
import { concerns, fail, notApplicable, pass, strings, trustSetting, type Rule } from './rule.ts';

export const keyAlgorithms: Rule = {
  id: 'key-algorithms',
  title: 'Key algorithm and size',
  citation: 'CA/Browser Forum BR 6.1.5; NIST SP 800-57 Part 1',
  effectiveAt: null,
  stages: ['request', 'issued', 'observed'],
  settingsSchema: {
    type: 'object',
    additionalProperties: false,
    required: ['algorithms'],
    properties: {
      algorithms: {
        description: 'Algorithms with their size that may be used.',
        type: 'array',
        minItems: 1,
        items: {
          type: 'string',
          enum: ['ecdsa-p256', 'ecdsa-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096', 'ed25519'],
        },
      },
      ...trustSetting,
    },
  },
  explanation:
    'A key that is too short can be found by computing; one of an unusual kind is refused by clients. The list says what the organisation accepts.',
  judge: (subject, settings) => {
    if (!concerns(settings, subject)) return notApplicable;
    const { certificate, facts, stage } = subject;
    const allowed = strings(settings, 'algorithms');
    if (stage !== 'request' && facts === null) return notApplicable;
    const used = stage === 'request' || facts === null ? certificate.key.algorithm : facts.keyAlgorithm;
    if (allowed.includes(used)) return pass;
    return fail(
      `key algorithm ${used} is not allowed for ${certificate.id}; allowed are ${allowed.join(', ')}`,
      `Set key: { algorithm: ${allowed[0] ?? ''} } in ${certificate.source.file}.`,
    );
  },
};

/** Rule: what drifts is seen to. */
import { fail, pass, strings, type Rule } from './rule.ts';

export const managedDrift: Rule = {
  id: 'managed-drift',
  title: 'Managed by the service',
  citation: 'NIST SP 1800-16 Volume B, section 5 (automated management)',
  effectiveAt: null,
  stages: ['request'],
  settingsSchema: {
    type: 'object',
    additionalProperties: false,
    required: ['modes'],
    properties: {
      modes: {
        description: 'Values of drift that are allowed.',
        type: 'array',
        minItems: 1,
        items: { type: 'string', enum: ['enforce', 'report', 'observe'] },
      },
    },
  },
  explanation:
    'A certificate that is only looked at is renewed by somebody by hand, and by nobody when they are away.',
  judge: ({ certificate }, settings) => {
    const modes = strings(settings, 'modes');
    if (modes.includes(certificate.drift)) return pass;
    return fail(
      `${certificate.id} has drift: ${certificate.drift}; allowed is ${modes.join(', ')}`,
      `Set drift: ${modes[0] ?? 'enforce'} in ${certificate.source.file}.`,
    );
  },
};

/** Rule: only these issuers. */
import { fail, pass, strings, type Rule } from './rule.ts';

export const allowedIssuers: Rule = {
  id: 'allowed-issuers',
  title: 'Issuer is allowed',
  citation: 'internal',
  effectiveAt: null,
  stages: ['request'],
  settingsSchema: {
    type: 'object',
    additionalProperties: false,
    required: ['issuers'],
    properties: {
      issuers: {
        description: 'Names of Issuer documents that may be used.',
        type: 'array',
        minItems: 1,
        items: { type: 'string', minLength: 1 },
      },
    },
  },
  explanation:
    'Certificates may only come from the issuers the organisation has chosen; any other is one nobody watches or pays for. A team may be narrowed further in its own document.',
  judge: ({ certificate, team }, settings) => {
    const allowed = strings(settings, 'issuers');
    if (!allowed.includes(certificate.issuer)) {
      return fail(
        `issuer ${certificate.issuer} is not allowed for ${certificate.id}; allowed are ${allowed.join(', ')}`,
        `Use issuer: ${allowed[0] ?? ''} in ${certificate.source.file}.`,
      );
    }
    if (team !== null && team.issuers.length > 0 && !team.issuers.includes(certificate.issuer)) {
      return fail(
        `team ${team.name} may not use issuer ${certificate.issuer}; it may use ${team.issuers.join(', ')}`,
        `Use one of them in ${certificate.source.file}, or ask for a change of ${team.source.file}.`,
      );
    }
    return pass;
  },
};

/** Rule: certificates are for what they are used for, and nothing else. */
import { fail, notApplicable, pass, strings, type Rule } from './rule.ts';

export const usagesAllowed: Rule = {
  id: 'usages-allowed',
  title: 'Extended key usage',
  citation: 'CA/Browser Forum BR 7.1.2.7.10; NIST SP 800-52 Rev. 2, section 3.2',
  effectiveAt: null,
  stages: ['request', 'issued', 'observed'],
  settingsSchema: {
    type: 'object',
    additionalProperties: false,
    required: ['allowed'],
    properties: {
      allowed: {
        description: 'Usages a certificate may have; serverAuth must always be among its own.',
        type: 'array',
        minItems: 1,
        items: { type: 'string', enum: ['serverAuth', 'clientAuth'] },
      },
    },
  },
  explanation:
    'The extended key usage says whether a certificate may stand for a server, a client or both. One that may do more than it needs can be misused for the rest; browsers ask public CAs to leave clientAuth out.',
  judge: ({ stage, certificate, facts }, settings) => {
    if (stage !== 'request' && facts === null) return notApplicable;
    const usages = stage === 'request' || facts === null ? certificate.usages : facts.usages;
    const allowed = strings(settings, 'allowed');
    const extra = usages.filter((each) => !allowed.includes(each));
    if (extra.length > 0)
      return fail(
        `${certificate.id} may be used for ${extra.join(', ')}; allowed is ${allowed.join(', ')}`,
        `Set usages: [${allowed.join(', ')}] in ${certificate.source.file}.`,
      );
    if (!usages.includes('serverAuth'))
      return fail(
        `${certificate.id} lacks serverAuth`,
        `Add serverAuth to usages in ${certificate.source.file}, and have it issued anew.`,
      );
    return pass;
  },
};

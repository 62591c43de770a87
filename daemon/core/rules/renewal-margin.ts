/** Rule: renewal leaves time to mend what fails. */
import { defaultFraction } from '../renewal.ts';
import { fail, pass, type Rule } from './rule.ts';

export const renewalMargin: Rule = {
  id: 'renewal-margin',
  title: 'Renewed in time',
  citation: 'NIST SP 1800-16 Volume B, section 5 (proactive renewal)',
  effectiveAt: null,
  stages: ['request'],
  settingsSchema: {
    type: 'object',
    additionalProperties: false,
    required: ['latest'],
    properties: {
      latest: {
        description: 'Latest part of the lifetime at which renewal may begin: 0.7.',
        type: 'number',
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
      },
    },
  },
  explanation:
    'When a renewal fails there must be time to find out why. What counts is the part of the lifetime that is left, so that certificates of 6 and of 200 days are judged alike.',
  judge: ({ certificate }, settings) => {
    const latest = typeof settings['latest'] === 'number' ? settings['latest'] : 0;
    // Where the lifetime is the issuer's to choose, that of a long one counts: it begins later.
    const notAfter = certificate.lifetimeMs ?? Number.POSITIVE_INFINITY;
    const begins = certificate.renewAtFraction ?? defaultFraction({ notBefore: 0, notAfter });
    if (begins <= latest) return pass;
    return fail(
      `${certificate.id} is renewed when ${String(Math.round(begins * 100))} % of its lifetime have passed; at most ${String(Math.round(latest * 100))} % are allowed`,
      `Set renewAt: ${String(latest)} in ${certificate.source.file}, or leave it out.`,
    );
  },
};

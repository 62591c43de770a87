/** Rule: no certificate that vouches for itself. */
import { fail, notApplicable, pass, type Rule } from './rule.ts';

export const noSelfSigned: Rule = {
  id: 'no-self-signed',
  title: 'Issued by a CA',
  citation: 'NIST SP 800-52 Rev. 2, section 3.2; PCI DSS 4.0.1, 4.2.1',
  effectiveAt: null,
  stages: ['issued', 'observed'],
  settingsSchema: { type: 'object', additionalProperties: false, properties: {} },
  explanation:
    'A certificate that signed itself proves nothing: anybody can make one with the same name. People who are taught to click such warnings away click the next one away too.',
  judge: ({ certificate, facts }) => {
    if (facts === null) return notApplicable;
    if (facts.selfSigned)
      return fail(
        `what stands for ${certificate.id} is self-signed (${facts.subject})`,
        'Let renewd issue and install it: the declaration names an issuer.',
      );
    if (facts.isCa)
      return fail(
        `what stands for ${certificate.id} is the certificate of a CA (${facts.subject})`,
        'Serve a certificate for the server, never that of a CA.',
      );
    return pass;
  },
};

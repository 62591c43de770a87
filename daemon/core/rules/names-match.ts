/** Rule: what stands there is for the names that were declared. */
import { fail, notApplicable, pass, type Rule } from './rule.ts';

export const namesMatch: Rule = {
  id: 'names-match',
  title: 'Names as declared',
  citation: 'NIST SP 1800-16 Volume B, section 5 (continuous monitoring of operation)',
  effectiveAt: null,
  stages: ['issued', 'observed'],
  settingsSchema: { type: 'object', additionalProperties: false, properties: {} },
  explanation:
    'A certificate for more names than were asked for is one that nobody approved; one for fewer is an outage for the rest.',
  judge: ({ certificate, facts }) => {
    if (facts === null) return notApplicable;
    const more = facts.dnsNames.filter((name) => !certificate.dnsNames.includes(name.toLowerCase()));
    const fewer = certificate.dnsNames.filter(
      (name) => !facts.dnsNames.some((each) => each.toLowerCase() === name),
    );
    more.push(...facts.ipAddresses.filter((each) => !certificate.ipAddresses.includes(each)));
    fewer.push(...certificate.ipAddresses.filter((each) => !facts.ipAddresses.includes(each)));
    if (more.length + fewer.length === 0) return pass;
    const said = [
      ...(more.length > 0 ? [`also for ${more.slice(0, 5).join(', ')}`] : []),
      ...(fewer.length > 0 ? [`not for ${fewer.slice(0, 5).join(', ')}`] : []),
    ];
    return fail(
      `what stands for ${certificate.id} is ${said.join(' and ')}`,
      `Correct dnsNames and ipAddresses in ${certificate.source.file}; renewd issues it anew.`,
    );
  },
};

/** Rule: wildcards only so many, and only below given domains. */
import { fail, namesOf, pass, strings, wholeNumber, type Rule } from './rule.ts';

export const wildcardNames: Rule = {
  id: 'wildcard-names',
  title: 'Wildcard names',
  citation: 'NIST SP 1800-16 Volume B, section 5 (subject and SAN contents)',
  effectiveAt: null,
  stages: ['request', 'issued', 'observed'],
  settingsSchema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      max: {
        description: 'How many wildcards one certificate may have; 0 forbids them.',
        type: 'integer',
        minimum: 0,
        maximum: 100,
      },
      below: {
        description: 'Domains below which wildcards are allowed; anywhere when absent.',
        type: 'array',
        items: { type: 'string', minLength: 1, maxLength: 253 },
      },
    },
  },
  explanation:
    'A wildcard speaks for every server of a domain, also for those nobody thought of. Who steals its key can pose as all of them, and replacing it touches all of them at once.',
  judge: (subject, settings) => {
    const { certificate } = subject;
    // Found certificates also hold `f*.example.com` and `www.*.example.com`: a star anywhere speaks for more than one name.
    const wildcards = namesOf(subject).filter((name) => name.includes('*'));
    const max = wholeNumber(settings, 'max', Number.MAX_SAFE_INTEGER);
    if (wildcards.length > max) {
      return fail(
        `${certificate.id} has ${String(wildcards.length)} wildcard names (${wildcards.slice(0, 3).join(', ')}); at most ${String(max)} are allowed`,
        `List the names of the servers in ${certificate.source.file} instead of the wildcard.`,
      );
    }
    const below = strings(settings, 'below').map((each) => each.toLowerCase());
    const outside =
      below.length === 0
        ? undefined
        : wildcards.find(
            (name) =>
              !below.some(
                (domain) =>
                  name.slice(2).toLowerCase() === domain || name.toLowerCase().endsWith(`.${domain}`),
              ),
          );
    if (outside === undefined) return pass;
    return fail(
      `${outside} is a wildcard outside ${below.join(', ')}`,
      `List the names of the servers in ${certificate.source.file} instead of the wildcard.`,
    );
  },
};

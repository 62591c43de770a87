/** Rule: not too many names in one certificate. */
import { counted } from '../count.ts';
import { fail, namesOf, pass, wholeNumber, type Rule } from './rule.ts';

export const nameCountMax: Rule = {
  id: 'name-count-max',
  title: 'Number of names',
  citation: 'internal',
  effectiveAt: null,
  stages: ['request', 'issued', 'observed'],
  settingsSchema: {
    type: 'object',
    additionalProperties: false,
    required: ['max'],
    properties: {
      max: {
        description: 'Most names one certificate may have.',
        type: 'integer',
        minimum: 1,
        maximum: 10_000,
      },
    },
  },
  explanation:
    'Names in one certificate share its fate: when one of them fails its validation, none of them is renewed, and everybody who connects can read all of them.',
  judge: (subject, settings) => {
    const count = namesOf(subject).length;
    // A setting that the schema would not have let in allows nothing rather than everything.
    const max = wholeNumber(settings, 'max', 0);
    if (count <= max) return pass;
    return fail(
      `${subject.certificate.id} has ${counted(count, 'name')}; at most ${String(max)} are allowed`,
      `Split ${subject.certificate.source.file} into several certificates, by service.`,
    );
  },
};

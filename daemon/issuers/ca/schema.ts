/** What the declaration of an embedded CA may say. Reads nothing. */
import type { JsonSchema } from '../../ports/plugin.ts';

/** Schema of `spec` of kind Issuer with `type: ca`. */
export const caSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['type', 'organization', 'permittedDnsNames'],
  properties: {
    type: { const: 'ca' },
    organization: {
      description: 'Stands in the names of root and intermediate.',
      type: 'string',
      minLength: 1,
      maxLength: 50,
      pattern: '^[^\\u0000-\\u001f\\u007f]+$',
      examples: ['Example Trading'],
    },
    permittedDnsNames: {
      description:
        'Domains it may issue for, each with everything below it: a critical constraint in the intermediate.',
      type: 'array',
      minItems: 1,
      maxItems: 100,
      items: {
        type: 'string',
        maxLength: 253,
        pattern: '^[a-z0-9-]+(\\.[a-z0-9-]+)*$',
        examples: ['example.internal'],
      },
    },
    permittedIpRanges: {
      description: 'IP ranges it may issue for; none when absent.',
      type: 'array',
      maxItems: 100,
      items: { type: 'string', maxLength: 50, examples: ['10.0.0.0/8'] },
    },
    lifetime: duration(
      'Lifetime of what it issues, and the longest that may be asked for; 90d when absent.',
      '47d',
    ),
    rootLifetime: duration('Lifetime of the root; 3650d when absent.', '3650d'),
    intermediateLifetime: duration('Lifetime of the intermediate; 1825d when absent.', '1825d'),
    crlUrl: {
      description: 'Where clients fetch the CRL; stands in what it issues.',
      type: 'string',
      maxLength: 500,
      pattern: '^http://[^\\s]+$',
    },
  },
};

function duration(description: string, example: string): JsonSchema {
  return { description, type: 'string', pattern: '^[1-9][0-9]{0,5}[smhd]$', examples: [example] };
}

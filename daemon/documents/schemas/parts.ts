/** Pieces that the schemas of several kinds share. Data only. */
import { limits } from '../../limits.ts';
import type { JsonSchema } from '../../ports/plugin.ts';

/** Lower-case letters, digits, single dots and dashes inside: safe in paths, commits and shells. */
export const namePattern = '^[a-z0-9]+([.-][a-z0-9]+)*$';

/** The name of a resource. */
export const name = (description: string): JsonSchema => ({
  description,
  type: 'string',
  minLength: 1,
  maxLength: 100,
  pattern: namePattern,
});

/** Printable on one line: line ends and other controls would break messages, commits and commands apart. */
export const linePattern = '^[^\\u0000-\\u001f\\u007f]*$';

/** One line of text. */
export const line = (description: string, example: string): JsonSchema => ({
  description,
  type: 'string',
  minLength: 1,
  maxLength: 500,
  pattern: linePattern,
  examples: [example],
});

export const duration = (description: string, example: string): JsonSchema => ({
  description: `${description} A whole number with s, m, h or d.`,
  type: 'string',
  pattern: '^[1-9][0-9]{0,5}[smhd]$',
  examples: [example],
});

/** A DNS name is looked at more closely when it is read; the schema only bounds it. */
export const dnsNames = (description: string, example: string): JsonSchema => ({
  description,
  type: 'array',
  maxItems: limits.documents.namesPerCertificateMax,
  uniqueItems: true,
  items: { type: 'string', minLength: 1, maxLength: 253, examples: [example] },
});

export const labels: JsonSchema = {
  description: 'Names and values of your own, for policies to select by.',
  type: 'object',
  maxProperties: 64,
  propertyNames: {
    description: 'a label is made of letters and digits, with . _ / - inside (at most 63)',
    pattern: '^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$',
  },
  additionalProperties: { type: 'string', maxLength: 200, pattern: linePattern, examples: ['prod'] },
};

/** A day: UTC midnight. */
export const date = (description: string): JsonSchema => ({
  description: `${description} YYYY-MM-DD, UTC.`,
  type: 'string',
  pattern: '^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$',
  examples: ['2027-03-15'],
});

const labelValues = {
  type: 'object',
  maxProperties: 20,
  additionalProperties: { type: 'string', maxLength: 200 },
} as const;

/** Whom something applies to. */
export const selector = (description: string): JsonSchema => ({
  description,
  type: 'object',
  additionalProperties: false,
  properties: {
    teams: { type: 'array', maxItems: 1000, items: name('Name of a Team.') },
    labels: {
      description:
        'Labels of the Certificate. Its requester writes them: one that ChangeControl does not reserve is not believed, so it excepts from nothing.',
      ...labelValues,
    },
    teamLabels: { description: 'Labels of its Team.', ...labelValues },
    endpointLabels: { description: 'Labels of the endpoints it is installed on.', ...labelValues },
    endpoints: {
      description: 'Endpoints it is installed on: a name, or web-* for all that begin so.',
      type: 'array',
      maxItems: 1000,
      items: {
        type: 'string',
        maxLength: 101,
        pattern: '^[a-z0-9]+([.-][a-z0-9]+)*[.-]?\\*?$',
        examples: ['pay-*'],
      },
    },
    dnsNames: dnsNames(
      'Names it asks for: exact, or *.example.com for every name below.',
      '*.pay.example.com',
    ),
    issuers: { type: 'array', maxItems: 1000, items: name('Name of an Issuer.') },
    certificates: {
      description: 'team/name.',
      type: 'array',
      maxItems: 1000,
      items: { type: 'string', maxLength: 201, pattern: '^[a-z0-9.-]+/[a-z0-9.-]+$', examples: ['web/shop'] },
    },
  },
});

/** The envelope every document has; `team` is given where the kind belongs to one. */
export function envelope(
  kind: string,
  description: string,
  options: { readonly team: 'required' | 'optional' | 'none'; readonly spec: JsonSchema },
): JsonSchema {
  const team = options.team === 'none' ? {} : { team: name('The team that owns it.') };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: `urn:renewd:schema:v1:${kind.toLowerCase()}`,
    title: kind,
    description,
    type: 'object',
    additionalProperties: false,
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    properties: {
      apiVersion: { description: 'The version of this format.', const: 'renewd/v1' },
      kind: { description: 'What is declared.', const: kind },
      metadata: {
        type: 'object',
        additionalProperties: false,
        required: options.team === 'required' ? ['name', 'team'] : ['name'],
        properties: { name: name('Unique within its kind (and team).'), ...team, labels },
      },
      spec: options.spec,
    },
  };
}

/** What holds where `condition` does. Written as if-not-else: an object literal with `then` would look like a promise to some. */
export function whenThen(condition: JsonSchema, consequence: JsonSchema): JsonSchema {
  return { if: { not: condition }, else: consequence };
}

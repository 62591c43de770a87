/** Schema of kind Policy; the settings of rules come from the rules themselves. */
import type { JsonSchema } from '../../ports/plugin.ts';
import { envelope, line, name, whenThen } from './parts.ts';

/** The schema with the settings of each known rule. */
export function policySchema(ruleSchemas: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const rules = Object.keys(ruleSchemas).sort();
  return envelope('Policy', 'Rules that certificates must keep to, for everyone or for those selected.', {
    team: 'none',
    spec: {
      type: 'object',
      additionalProperties: false,
      required: ['rules'],
      properties: {
        description: line('What it is for.', 'What every certificate must keep to'),
        selector: {
          description: 'Whom it applies to; everyone when absent. Teams and labels must both match.',
          type: 'object',
          additionalProperties: false,
          properties: {
            teams: { type: 'array', maxItems: 1000, items: name('Name of a Team.') },
            labels: {
              type: 'object',
              maxProperties: 20,
              additionalProperties: { type: 'string', maxLength: 200 },
            },
          },
        },
        rules: {
          type: 'array',
          minItems: 1,
          maxItems: 200,
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['rule', 'action'],
            properties: {
              rule: { description: 'Id of a rule (docs/rules.md).', enum: rules },
              action: {
                description: 'block stops an issuance before it starts; report only says so.',
                enum: ['block', 'report'],
              },
              settings: { description: 'Settings of the rule.', type: 'object' },
            },
            allOf: rules.map((rule) =>
              whenThen(
                { properties: { rule: { const: rule } }, required: ['rule'] },
                {
                  properties: { settings: ruleSchemas[rule] ?? {} },
                  // Without this a rule with its settings left out would be read, and could only guess.
                  ...(ruleSchemas[rule]?.['required'] === undefined ? {} : { required: ['settings'] }),
                },
              ),
            ),
          },
        },
      },
    },
  });
}

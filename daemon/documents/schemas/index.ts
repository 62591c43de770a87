/** The schema of every kind, complete, as published for editors and pipelines. */
import type { DriftMode } from '../../core/model.ts';
import type { JsonSchema } from '../../ports/plugin.ts';
import { certificateSchema } from './certificate.ts';
import { envelope, whenThen } from './parts.ts';
import { changeControlSchema, offerSchema, programSchema } from './governance.ts';
import { customRuleSchema, policyPackSchema, policySchema, waiverSchema } from './policy.ts';
import { profileSchema } from './profile.ts';
import { teamSchema } from './team.ts';

/** What the plug-ins and rules bring: value of `spec.type`, or rule id, to schema. */
export interface PluginSchemas {
  readonly issuerSchemas: Readonly<Record<string, JsonSchema>>;
  readonly endpointSchemas: Readonly<Record<string, JsonSchema>>;
  readonly ruleSchemas: Readonly<Record<string, JsonSchema>>;
  /** What a certificate that says nothing about drift means; `enforce` when absent. */
  readonly driftDefault?: DriftMode;
}

/** Kind to schema. Pure. */
export function kindSchemas(plugins: PluginSchemas): ReadonlyMap<string, JsonSchema> {
  return new Map<string, JsonSchema>([
    ['Team', teamSchema],
    ['Issuer', byType('Issuer', 'Who issues certificates.', 'none', plugins.issuerSchemas)],
    [
      'Endpoint',
      byType('Endpoint', 'Where certificates are installed.', 'optional', plugins.endpointSchemas),
    ],
    ['Certificate', certificateSchema],
    ['Policy', policySchema(plugins.ruleSchemas)],
    ['PolicyPack', policyPackSchema(plugins.ruleSchemas)],
    ['Rule', customRuleSchema],
    ['Waiver', waiverSchema],
    ['ChangeControl', changeControlSchema],
    ['Offer', offerSchema],
    ['Program', programSchema],
    ['Profile', profileSchema],
  ]);
}

/** A kind whose `spec` depends on `spec.type`. */
function byType(
  kind: string,
  description: string,
  team: 'optional' | 'none',
  schemas: Readonly<Record<string, JsonSchema>>,
): JsonSchema {
  const types = Object.keys(schemas).sort();
  return envelope(kind, description, {
    team,
    spec: {
      type: 'object',
      required: ['type'],
      properties: { type: { description: 'Which kind of it.', enum: types } },
      allOf: types.map((type) =>
        whenThen({ properties: { type: { const: type } }, required: ['type'] }, schemas[type] ?? {}),
      ),
    },
  });
}

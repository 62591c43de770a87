/** What plug-ins and rules bring to the schemas of kinds, and the schema of a kind that has types. */
import type { DriftMode, IssuerLimits } from '../../core/model.ts';
import type { JsonSchema } from '../../ports/plugin.ts';
import { envelope, whenThen } from './parts.ts';

/** What the plug-ins and rules bring: value of `spec.type`, or rule id, to schema. */
export interface PluginSchemas {
  readonly issuerSchemas: Readonly<Record<string, JsonSchema>>;
  readonly endpointSchemas: Readonly<Record<string, JsonSchema>>;
  readonly ruleSchemas: Readonly<Record<string, JsonSchema>>;
  /** What a declaration tells that its issuer will not give, by `spec.type`. */
  readonly issuerLimits?: Readonly<
    Record<string, (config: Readonly<Record<string, unknown>>) => IssuerLimits>
  >;
  /** What a certificate that says nothing about drift means; `enforce` when absent. */
  readonly driftDefault?: DriftMode;
}

/** The schema of a kind whose `spec` depends on `spec.type`. Pure. */
export function schemaByType(
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

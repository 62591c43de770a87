/** The rules this renewd knows. A policy selects and sets them; a rule nobody selects does nothing. */
import { allowedEndpoints } from './allowed-endpoints.ts';
import { allowedIssuers } from './allowed-issuers.ts';
import { allowedNames } from './allowed-names.ts';
import { keyAlgorithms } from './key-algorithms.ts';
import { lifetimeMax } from './lifetime-max.ts';
import { requiredOwner } from './required-owner.ts';
import type { Rule } from './rule.ts';

const all: readonly Rule[] = [
  allowedEndpoints,
  allowedIssuers,
  allowedNames,
  keyAlgorithms,
  lifetimeMax,
  requiredOwner,
];

/** Rule id to rule. */
export const rules: ReadonlyMap<string, Rule> = new Map(all.map((rule) => [rule.id, rule]));

/** Rule id to the JSON Schema of its settings, for the reader of policies. */
export const ruleSchemas: Readonly<Record<string, Readonly<Record<string, unknown>>>> = Object.fromEntries(
  all.map((rule) => [rule.id, rule.settingsSchema]),
);

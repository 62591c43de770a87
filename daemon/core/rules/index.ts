/** The rules this renewd knows. A policy selects and sets them; a rule nobody selects does nothing. */
import { allowedEndpoints } from './allowed-endpoints.ts';
import { allowedIssuers } from './allowed-issuers.ts';
import { allowedNames } from './allowed-names.ts';
import { keyAlgorithms } from './key-algorithms.ts';
import { lifetimeMax } from './lifetime-max.ts';
import { managedDrift } from './managed-drift.ts';
import { nameCountMax } from './name-count-max.ts';
import { namesMatch } from './names-match.ts';
import { noSelfSigned } from './no-self-signed.ts';
import { proofDeclared } from './proof-declared.ts';
import { publicNames } from './public-names.ts';
import { quantumSafeKeys } from './quantum-safe-keys.ts';
import { renewalMargin } from './renewal-margin.ts';
import { requiredOwner } from './required-owner.ts';
import type { Rule } from './rule.ts';
import { securityStrength } from './security-strength.ts';
import { signatureAlgorithms } from './signature-algorithms.ts';
import { teamIssuers } from './team-issuers.ts';
import { tlsVersionMin } from './tls-version-min.ts';
import { usagesAllowed } from './usages-allowed.ts';
import { wildcardNames } from './wildcard-names.ts';

const all: readonly Rule[] = [
  allowedEndpoints,
  allowedIssuers,
  allowedNames,
  keyAlgorithms,
  lifetimeMax,
  managedDrift,
  nameCountMax,
  namesMatch,
  noSelfSigned,
  proofDeclared,
  publicNames,
  quantumSafeKeys,
  renewalMargin,
  requiredOwner,
  securityStrength,
  signatureAlgorithms,
  teamIssuers,
  tlsVersionMin,
  usagesAllowed,
  wildcardNames,
];

/** Rule id to rule. */
export const rules: ReadonlyMap<string, Rule> = new Map(all.map((rule) => [rule.id, rule]));

/** Rule id to the JSON Schema of its settings, for the reader of policies. */
export const ruleSchemas: Readonly<Record<string, Readonly<Record<string, unknown>>>> = Object.fromEntries(
  all.map((rule) => [rule.id, rule.settingsSchema]),
);

/** Which findings say that a rule is broken, and which that a certificate is excepted from it: one list for policies and for evidence. Pure. */

/** Codes of findings that say that a rule is broken: `waiver-ended` too, because an exception that is over excepts nothing. */
export const breakingCodes: ReadonlySet<string> = new Set([
  'policy-violation',
  'policy-blocked',
  'waiver-ended',
]);

/** Codes that say that it is broken and a waiver excepts from it. */
export const exceptedCodes: ReadonlySet<string> = new Set(['policy-waived', 'waiver-ending']);

/** One use of a rule by one policy, as findings name it. Neither name holds a blank. */
export function ruleKey(policy: string, id: string): string {
  return `${policy} ${id}`;
}

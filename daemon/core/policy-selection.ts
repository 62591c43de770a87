/**
 * Which rules apply to a certificate: three levels (everyone, a group, one certificate), the narrowest that sets a rule counts, and a lock keeps what a
 * wider one said. The precedence is this file; `test/core/policy-precedence.test.ts` states it as properties. Pure.
 */
import type { Selector } from './governance.ts';
import type { Certificate, Instant, Policy, PolicyAction, PolicyRule } from './model.ts';
import type { Rule } from './rules/rule.ts';

/** From the widest to the narrowest. `default` is what renewd itself sets; it counts where nobody says anything else. */
export const policyLevels = ['default', 'everyone', 'group', 'certificate'] as const;
export type PolicyLevel = (typeof policyLevels)[number];

/** A rule as one policy sets it, ready to be asked. */
export interface AppliedRule {
  readonly entry: PolicyRule;
  readonly rule: Rule;
  readonly action: PolicyAction;
  readonly locked: boolean;
  readonly policy: Policy;
  /** Name of the pack the rule comes from; null: from the policy itself. */
  readonly pack: string | null;
  readonly level: PolicyLevel;
  /** Of the entry, or of the rule; null: always in effect. */
  readonly effectiveAt: Instant | null;
}

/** How narrow a selector is: a certificate by name, a group by anything else, everyone by nothing. Pure. */
export function levelOf({ teams, labels, issuers, certificates }: Selector): Exclude<PolicyLevel, 'default'> {
  if (certificates.length > 0) return 'certificate';
  return teams.length + issuers.length + Object.keys(labels).length > 0 ? 'group' : 'everyone';
}

/** Whether a selector means this certificate. Kinds that are given must all match. Pure. */
export function selects(selector: Selector, certificate: Certificate): boolean {
  const { teams, labels, issuers, certificates } = selector;
  return (
    (teams.length === 0 || teams.includes(certificate.team)) &&
    (issuers.length === 0 || issuers.includes(certificate.issuer)) &&
    (certificates.length === 0 || certificates.includes(certificate.id)) &&
    Object.entries(labels).every(([name, value]) => certificate.labels[name] === value)
  );
}

/**
 * Of the rules that policies set for one certificate, those that count: of each id the ones of the narrowest level, and every locked one. Two that
 * count for one id are both asked, so that the stricter decides. `off` removes what is not locked and is itself never asked. The order in
 * which policies are given makes no difference. Pure.
 */
export function precedence(applied: readonly AppliedRule[]): readonly AppliedRule[] {
  const narrowest = new Map<string, number>();
  for (const { entry, level } of applied) {
    const rank = policyLevels.indexOf(level);
    if (rank > (narrowest.get(entry.id) ?? -1)) narrowest.set(entry.id, rank);
  }
  return applied
    .filter(
      ({ entry, level, locked, action }) =>
        action !== 'off' && (locked || policyLevels.indexOf(level) === narrowest.get(entry.id)),
    )
    .sort(byPlace);
}

function byPlace(left: AppliedRule, right: AppliedRule): number {
  return (
    policyLevels.indexOf(left.level) - policyLevels.indexOf(right.level) ||
    compare(left.policy.name, right.policy.name) ||
    compare(left.pack ?? '', right.pack ?? '') ||
    left.entry.source.line - right.entry.source.line ||
    left.entry.source.column - right.entry.source.column ||
    compare(left.entry.id, right.entry.id)
  );
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

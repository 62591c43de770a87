/** What the policies say of one certificate: which rules apply to it, and their verdicts with the file and line that set them. Pure. */
import type { Instant, Policy, PolicyAction, PolicyRule, SourcePosition } from './model.ts';
import { rules } from './rules/index.ts';
import type { Rule, RuleSubject, Verdict } from './rules/rule.ts';

/** One rule as one policy applies it, and what it says. */
export interface Evaluation {
  readonly rule: string;
  /** Name of the policy that set it. */
  readonly policy: string;
  readonly action: PolicyAction;
  readonly verdict: Verdict;
  /** Empty for a pass. */
  readonly message: string;
  /** Where the policy sets the rule. */
  readonly source: SourcePosition;
  readonly explanation: string;
  readonly fix: string;
}

interface Selected {
  readonly policy: Policy;
  readonly labels: readonly (readonly [string, string])[];
  readonly entries: readonly { readonly entry: PolicyRule; readonly rule: Rule }[];
}

/** Policies prepared for many questions: by team, so that a question does not read every policy. */
export interface CompiledPolicies {
  /** Policies without a selector for teams. */
  readonly everyone: readonly Selected[];
  readonly byTeam: ReadonlyMap<string, readonly Selected[]>;
}

/** Prepares policies. Rules this renewd does not know were refused when the document was read and are left out here. Pure. */
export function compilePolicies(policies: readonly Policy[]): CompiledPolicies {
  const everyone: Selected[] = [];
  const byTeam = new Map<string, Selected[]>();
  for (const policy of [...policies].sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const entries = policy.rules.flatMap((entry) => {
      const rule = rules.get(entry.rule);
      return rule === undefined ? [] : [{ entry, rule }];
    });
    const selected = { policy, labels: Object.entries(policy.selector.labels), entries };
    if (policy.selector.teams.length === 0) everyone.push(selected);
    // A team named twice is still judged once: an evaluation is known by its rule and policy.
    for (const team of new Set(policy.selector.teams)) {
      const there = byTeam.get(team);
      if (there === undefined) byTeam.set(team, [selected]);
      else there.push(selected);
    }
  }
  return { everyone, byTeam };
}

/**
 * Every verdict on `subject`: policies for everyone first, then those for its team, each in the order of their names and of the rules within. Pure. Rules that do not look at this stage are left out; a rule set by several policies is
 * judged by each, so the strictest counts.
 */
export function evaluate(
  compiled: CompiledPolicies,
  subject: RuleSubject,
  now: Instant,
): readonly Evaluation[] {
  const { certificate, stage } = subject;
  const evaluations: Evaluation[] = [];
  for (const group of [compiled.everyone, compiled.byTeam.get(certificate.team) ?? []]) {
    for (const { policy, labels, entries } of group) {
      if (!labels.every(([name, value]) => certificate.labels[name] === value)) continue;
      for (const { entry, rule } of entries) {
        if (rule.stages.includes(stage)) evaluations.push(judgeRule(policy, entry, rule, subject, now));
      }
    }
  }
  return evaluations;
}

function judgeRule(
  policy: Policy,
  entry: PolicyRule,
  rule: Rule,
  subject: RuleSubject,
  now: Instant,
): Evaluation {
  const early = rule.effectiveAt !== null && now < rule.effectiveAt;
  const ruling = early
    ? ({ verdict: 'not-yet-effective', message: '', fix: '' } as const)
    : rule.judge(subject, entry.settings, now);
  return {
    rule: rule.id,
    policy: policy.name,
    action: entry.action,
    ...ruling,
    source: entry.source,
    explanation: rule.explanation,
  };
}

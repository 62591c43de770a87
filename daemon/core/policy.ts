/** What the policies say of one certificate: which rules apply to it, and their verdicts with the file and line that set them. Pure. */
import type {
  Certificate,
  CustomRule,
  Desired,
  Instant,
  Policy,
  PolicyAction,
  PolicyPack,
  SourcePosition,
  Waiver,
} from './model.ts';
import {
  levelOf,
  precedence,
  selectionOf,
  surroundingsOf,
  type AppliedRule,
  type PolicyLevel,
  type Surroundings,
} from './policy-selection.ts';
import { rules as knownRules } from './rules/index.ts';
import type { Rule, RuleSubject, Verdict } from './rules/rule.ts';
import { effectiveNoticeMs, waiverFor, waiverNoticeMs, type WaiverNote } from './waiver.ts';

/** One rule as one policy applies it, and what it says. */
export interface Evaluation {
  readonly rule: string;
  /** Which use of the rule; the same as `rule` where it is used once. */
  readonly id: string;
  /** Name of the policy that set it. */
  readonly policy: string;
  readonly level: PolicyLevel;
  /** Name of the pack it comes from; null: from the policy itself. */
  readonly pack: string | null;
  readonly action: Exclude<PolicyAction, 'off'>;
  readonly verdict: Verdict;
  /** What is wrong; empty for a pass. For a rule not yet in effect: what will be wrong, empty when nothing. */
  readonly message: string;
  /** Where the rule is set. */
  readonly source: SourcePosition;
  readonly citation: string;
  readonly explanation: string;
  readonly fix: string;
  /** The rule or pack is not declared: stops what is new, not what is in place. */
  readonly missing?: boolean;
  /** When a rule that is not yet in effect begins to hold; null otherwise. */
  readonly effectiveAt: Instant | null;
  /** The exception that covers a failure (`waived`) or that ended (`fail`); null when there is none. */
  readonly waiver: WaiverNote | null;
}

/** Everything of a repository that judges certificates. */
export interface PolicySet {
  readonly policies: readonly Policy[];
  readonly packs: ReadonlyMap<string, PolicyPack>;
  readonly customRules: ReadonlyMap<string, CustomRule>;
  readonly waivers: ReadonlyMap<string, Waiver>;
  /** What selectors look at beside the certificate. */
  readonly teams?: Desired['teams'];
  readonly endpoints?: Desired['endpoints'];
  readonly changeControl?: Desired['changeControl'];
}

/** Policies prepared for many questions. */
export interface CompiledPolicies {
  readonly everyone: readonly Prepared[];
  /** By team, for policies that name teams: a question does not read every policy. */
  readonly byTeam: ReadonlyMap<string, readonly Prepared[]>;
  readonly byCertificate: ReadonlyMap<string, readonly Prepared[]>;
  readonly waivers: readonly Waiver[];
  readonly around: Surroundings;
  /** Instants at which a verdict may change by time alone, ascending. */
  readonly changesAt: readonly Instant[];
  /** What applies, by the policies that select: computed once for each combination. */
  readonly resolved: Map<string, readonly AppliedRule[]>;
}

interface Prepared {
  readonly number: number;
  readonly policy: Policy;
  readonly applied: readonly AppliedRule[];
}

/** Policies that renewd itself brings: they count where a repository says nothing. */
export const defaultPolicyFile = 'built-in/';

/**
 * Prepares policies. `toRule` makes a rule of an organisation's own. Rules and packs that are not known were said when the documents were
 * read and are left out here. Pure if `toRule` is.
 */
export function compilePolicies(set: PolicySet, toRule: (rule: CustomRule) => Rule): CompiledPolicies {
  const custom = new Map([...set.customRules].map(([name, rule]) => [name, toRule(rule)]));
  const everyone: Prepared[] = [];
  const byTeam = new Map<string, Prepared[]>();
  const byCertificate = new Map<string, Prepared[]>();
  const changesAt = new Set<Instant>();
  const sorted = [...set.policies].sort((left, right) => (left.name < right.name ? -1 : 1));
  for (const [number, policy] of sorted.entries()) {
    const applied = appliedRules(policy, set.packs, custom);
    for (const { effectiveAt } of applied) {
      if (effectiveAt !== null) changesAt.add(effectiveAt).add(effectiveAt - effectiveNoticeMs);
    }
    const prepared = { number, policy, applied };
    const { teams, certificates } = policy.selector;
    if (certificates.length > 0) for (const id of new Set(certificates)) put(byCertificate, id, prepared);
    else if (teams.length > 0) for (const team of new Set(teams)) put(byTeam, team, prepared);
    else everyone.push(prepared);
  }
  const waivers = [...set.waivers.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  for (const { expiresAt } of waivers) changesAt.add(expiresAt).add(expiresAt - waiverNoticeMs);
  return {
    everyone,
    byTeam,
    byCertificate,
    waivers,
    around: surroundingsOf(set),
    changesAt: [...changesAt].sort((left, right) => left - right),
    resolved: new Map(),
  };
}

function put(map: Map<string, Prepared[]>, key: string, value: Prepared): void {
  const there = map.get(key);
  if (there === undefined) map.set(key, [value]);
  else there.push(value);
}

function appliedRules(
  policy: Policy,
  packs: ReadonlyMap<string, PolicyPack>,
  custom: ReadonlyMap<string, Rule>,
): AppliedRule[] {
  const level = policy.source.file.startsWith(defaultPolicyFile) ? 'default' : levelOf(policy.selector);
  const make = (
    entry: Policy['rules'][number],
    change: Pick<AppliedRule, 'action' | 'locked' | 'pack'>,
  ): AppliedRule[] => {
    const rule = knownRules.get(entry.rule) ?? custom.get(entry.rule) ?? missingRule(entry.rule);
    return [{ entry, rule, policy, level, effectiveAt: entry.effectiveAt ?? rule.effectiveAt, ...change }];
  };
  const own = policy.rules.flatMap((entry) =>
    make(entry, { action: entry.action, locked: entry.locked, pack: null }),
  );
  const packed = policy.packs.flatMap((reference) =>
    (packs.get(reference.pack)?.rules ?? [missingPack(reference)]).flatMap((entry) =>
      make(entry, {
        action: reference.action ?? entry.action,
        locked: reference.locked || entry.locked,
        pack: reference.pack,
      }),
    ),
  );
  return [...packed, ...own];
}

/** A rule that a policy names and nobody declares: nobody can say that it is kept, so nothing new passes it. What is in place is not asked (`judge.ts`). */
function missingRule(id: string): Rule {
  return {
    id,
    title: 'Missing rule',
    citation: 'internal',
    effectiveAt: null,
    stages: ['request'],
    settingsSchema: {},
    missing: true,
    explanation: 'A policy that names what is not declared would otherwise stop nothing.',
    judge: () => ({
      verdict: 'fail',
      message: `there is no rule or pack ${id}, so nobody can say whether it is kept`,
      fix: 'Declare it again, or take it out of the policy.',
    }),
  };
}

function missingPack({ pack, source }: Policy['packs'][number]): Policy['rules'][number] {
  return {
    id: pack,
    rule: pack,
    action: 'block',
    settings: {},
    locked: false,
    waivable: true,
    effectiveAt: null,
    citation: null,
    source,
  };
}

/** The rules that count for a certificate, by precedence. Pure; remembers what it worked out. */
export function rulesFor(compiled: CompiledPolicies, certificate: Certificate): readonly AppliedRule[] {
  const matching: (readonly AppliedRule[])[] = [];
  let key = '';
  for (const group of [
    compiled.everyone,
    compiled.byTeam.get(certificate.team) ?? [],
    compiled.byCertificate.get(certificate.id) ?? [],
  ]) {
    for (const prepared of group) {
      const selection = selectionOf(prepared.policy.selector, certificate, compiled.around);
      if (selection === 'no') continue;
      const only = selection === 'tightens';
      matching.push(
        only ? prepared.applied.map((each) => ({ ...each, onlyTightens: true })) : prepared.applied,
      );
      key += `${String(prepared.number)}${only ? '+' : ' '}`;
    }
  }
  let resolved = compiled.resolved.get(key);
  if (resolved === undefined) {
    resolved = precedence(matching.flat());
    compiled.resolved.set(key, resolved);
  }
  return resolved;
}

/**
 * Every verdict on `subject`: wider levels first, then by the names of policies and the order of rules within. Pure. Rules that do not look at this
 * stage are left out; a rule that counts by several policies is judged by each, so the strictest counts.
 */
export function evaluate(
  compiled: CompiledPolicies,
  subject: RuleSubject,
  now: Instant,
): readonly Evaluation[] {
  const evaluations: Evaluation[] = [];
  for (const applied of rulesFor(compiled, subject.certificate)) {
    if (applied.rule.stages.includes(subject.stage)) {
      evaluations.push(judgeRule(compiled, applied, subject, now));
    }
  }
  return evaluations;
}

/** The next instant after `now` at which a verdict may change though nothing happens; null when there is none. Pure. */
export function nextPolicyChange(compiled: CompiledPolicies, now: Instant): Instant | null {
  return compiled.changesAt.find((at) => at > now) ?? null;
}

function judgeRule(
  compiled: CompiledPolicies,
  applied: AppliedRule,
  subject: RuleSubject,
  now: Instant,
): Evaluation {
  const { entry, rule, policy, effectiveAt } = applied;
  const ruling = rule.judge(subject, entry.settings, now);
  const early = effectiveAt !== null && now < effectiveAt;
  const failed = ruling.verdict === 'fail' && !early;
  const waiver =
    failed && entry.waivable
      ? waiverFor(compiled.waivers, applied, subject.certificate, compiled.around, now)
      : null;
  const waived = waiver !== null && !waiver.ended;
  return {
    rule: rule.id,
    id: entry.id,
    policy: policy.name,
    level: applied.level,
    pack: applied.pack,
    action: applied.action === 'off' ? 'report' : applied.action,
    verdict: early ? 'not-yet-effective' : waived ? 'waived' : ruling.verdict,
    message: ruling.message,
    source: entry.source,
    citation: entry.citation ?? rule.citation,
    explanation: rule.explanation,
    fix: ruling.fix,
    ...(rule.missing === true ? { missing: true } : {}),
    effectiveAt: early ? effectiveAt : null,
    waiver,
  };
}

/** Whether this verdict stops a new issuance. Pure. */
export function stops(evaluation: Evaluation): boolean {
  return evaluation.verdict === 'fail' && evaluation.action !== 'report';
}

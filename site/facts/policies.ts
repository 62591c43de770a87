/** Policies with what the records say of them: how many their rules count for, who breaks them, who is excepted. Nothing is judged here. Pure. */
import type { Policy, PolicyAction, PolicyPack, PolicyRule } from '../../daemon/core/model.ts';
import type { FindingRecord } from '../../daemon/core/record-format.ts';
import { rules as knownRules } from '../../daemon/core/rules/index.ts';
import type { Rule } from '../../daemon/core/rules/rule.ts';
import { timestamp } from '../../daemon/core/timestamp.ts';
import { yamlLine } from '../../daemon/documents/yaml-line.ts';
import { limits } from '../../daemon/limits.ts';
import type { PolicyFacts, RuleFacts } from '../src/lib/model.ts';
import type { Estate } from './estate.ts';
import { compareText, sortedBy } from './order.ts';
import { countApplications } from './policy-applications.ts';
import { breakingCodes, exceptedCodes, ruleKey } from './policy-codes.ts';
import { selectorWords } from './selector-words.ts';
import type { SiteSources } from './sources.ts';

/** One rule as one policy sets it, with the pack it comes from. */
interface SetRule {
  readonly entry: PolicyRule;
  readonly action: PolicyAction;
  readonly locked: boolean;
  /** As findings name it: `policy` or `policy/pack`. */
  readonly policy: string;
}

/** Every policy that is in force, those with most that break them first. */
export function policyFacts({ declared }: SiteSources, estate: Estate): readonly PolicyFacts[] {
  const byRule = Map.groupBy(
    estate.findings.filter((each) => each.rule !== null),
    (each) => ruleKey(each.rule?.policy ?? '', each.rule?.id ?? ''),
  );
  const applies = countApplications(declared, estate.certificates);
  const packs = new Map(declared.packs.map((pack) => [pack.name, pack]));
  const custom = new Map(declared.customRules.map((rule) => [rule.name, rule]));
  return declared.policies
    .map((policy): PolicyFacts => {
      const rules = rulesOf(policy, packs).flatMap((each): RuleFacts[] => {
        const known = knownRules.get(each.entry.rule) ?? custom.get(each.entry.rule);
        if (known === undefined) return [];
        const key = ruleKey(each.policy, each.entry.id);
        return [
          {
            ...ruleFacts(each, known, byRule.get(key) ?? []),
            applies: applies.get(key) ?? 0,
          },
        ];
      });
      const certificates = (wanted: ReadonlySet<string>): number =>
        new Set(
          rules.flatMap((rule) =>
            (byRule.get(ruleKey(rule.policy, rule.id)) ?? [])
              .filter((each) => wanted.has(each.code))
              .flatMap((each) => each.certificate ?? []),
          ),
        ).size;
      return {
        name: policy.name,
        description: policy.description,
        appliesTo: selectorWords(policy.selector),
        at: `${policy.source.file}:${String(policy.source.line)}`,
        rules,
        broken: certificates(breakingCodes),
        waived: certificates(exceptedCodes),
      };
    })
    .sort((a, b) => b.broken - a.broken || compareText(a.name, b.name));
}

function rulesOf(policy: Policy, packs: ReadonlyMap<string, PolicyPack>): readonly SetRule[] {
  return [
    ...policy.rules.map((entry) => ({
      entry,
      action: entry.action,
      locked: entry.locked,
      policy: policy.name,
    })),
    ...policy.packs.flatMap((reference) =>
      (packs.get(reference.pack)?.rules ?? []).map((entry) => ({
        entry,
        action: reference.action ?? entry.action,
        locked: reference.locked || entry.locked,
        policy: `${policy.name}/${reference.pack}`,
      })),
    ),
  ];
}

function ruleFacts(
  { entry, action, locked, policy }: SetRule,
  known: Pick<Rule, 'title' | 'explanation' | 'citation' | 'effectiveAt'>,
  findings: readonly FindingRecord[],
): Omit<RuleFacts, 'applies'> {
  const effectiveAt = entry.effectiveAt ?? known.effectiveAt;
  const count = (wanted: (code: string) => boolean): number =>
    new Set(findings.flatMap((each) => (wanted(each.code) ? (each.certificate ?? []) : []))).size;
  return {
    policy,
    id: entry.id,
    rule: entry.rule,
    title: known.title,
    explanation: known.explanation,
    citation: entry.citation ?? known.citation,
    action,
    locked,
    waivable: entry.waivable,
    settings: Object.entries(entry.settings).map(([name, value]) => yamlLine(name, value)),
    effectiveAt: effectiveAt === null ? null : timestamp(effectiveAt),
    at: `${entry.source.file}:${String(entry.source.line)}`,
    broken: count((code) => breakingCodes.has(code)),
    waived: count((code) => exceptedCodes.has(code)),
    upcoming: count((code) => code === 'policy-upcoming'),
    violators: sortedBy(findings, (each) => `${String(needOf(each.code))} ${each.since} ${each.id}`)
      .flatMap(({ certificate, code, message, since }) =>
        certificate === null ? [] : [{ certificate, code, message, since }],
      )
      .slice(0, limits.site.violatorsMax),
  };
}

/** What breaks a rule needs somebody; what is excepted or announced does not yet. */
function needOf(code: string): number {
  return breakingCodes.has(code) ? 0 : exceptedCodes.has(code) ? 1 : 2;
}

/** Whether what policies, waivers, offers and change control refer to is there: a policy for a team nobody declared holds for nobody. Pure. */
import type {
  Certificate,
  ChangeControl,
  CustomRule,
  Endpoint,
  Issuer,
  Offer,
  Policy,
  PolicyPack,
  SourcePosition,
  Team,
  Waiver,
} from './model.ts';
import type { PolicyRule, Selector } from './governance.ts';
import { didYouMean } from './nearest.ts';
import { rules } from './rules/index.ts';

export interface GovernanceRegister {
  readonly teams: ReadonlyMap<string, Team>;
  readonly issuers: ReadonlyMap<string, Issuer>;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly policies: ReadonlyMap<string, Policy>;
  readonly packs: ReadonlyMap<string, PolicyPack>;
  readonly customRules: ReadonlyMap<string, CustomRule>;
  readonly waivers: ReadonlyMap<string, Waiver>;
  readonly offers: ReadonlyMap<string, Offer>;
  readonly changeControls: ReadonlyMap<string, ChangeControl>;
  readonly certificates: ReadonlyMap<string, Certificate>;
}

type Refer = (what: 'team' | 'issuer', name: string, source: SourcePosition) => void;
type Complain = (message: string, source: SourcePosition) => void;

/** Tells `refer` every team and issuer that is named, and `complain` every rule, pack or certificate that is named and not there. */
export function checkGovernance(register: GovernanceRegister, refer: Refer, complain: Complain): void {
  const selected = (selector: Selector, source: SourcePosition, what: string): void => {
    for (const team of selector.teams) refer('team', team, source);
    for (const issuer of selector.issuers) refer('issuer', issuer, source);
    for (const id of selector.certificates) {
      if (register.certificates.has(id)) continue;
      complain(
        `${what} names certificate ${id}, which is not declared.${didYouMean(id, register.certificates.keys())}`,
        source,
      );
    }
  };
  for (const policy of register.policies.values()) {
    selected(policy.selector, policy.source, `policy ${policy.name}`);
    for (const { pack, source } of policy.packs) {
      if (!register.packs.has(pack)) {
        complain(
          `there is no pack ${JSON.stringify(pack)}.${didYouMean(pack, register.packs.keys())}`,
          source,
        );
      }
    }
  }
  for (const { rules: uses } of [...register.policies.values(), ...register.packs.values()]) {
    checkRules(register, uses, complain);
  }
  for (const waiver of register.waivers.values()) {
    selected(waiver.selector, waiver.source, `waiver ${waiver.name}`);
    checkWaived(register, waiver, complain);
  }
  for (const offer of register.offers.values()) {
    refer('issuer', offer.issuer, offer.source);
    for (const team of offer.teams) refer('team', team, offer.source);
  }
  for (const control of register.changeControls.values()) {
    for (const { signers, source } of control.reservedLabels)
      for (const team of teamsOf(signers)) refer('team', team, source);
    for (const { from, certificates, source } of control.approvals) {
      if (certificates !== null) selected(certificates.selector, source, 'an approval');
      for (const team of teamsOf(from)) refer('team', team, source);
    }
    for (const { signers, source } of control.paths)
      for (const team of teamsOf(signers)) refer('team', team, source);
    for (const team of teamsOf(control.breakGlass?.signers ?? [])) refer('team', team, control.source);
  }
}

function teamsOf(signers: readonly string[]): string[] {
  return signers.flatMap((each) => (each.startsWith('team:') ? [each.slice('team:'.length)] : []));
}

function checkRules(
  { customRules }: GovernanceRegister,
  uses: readonly PolicyRule[],
  complain: Complain,
): void {
  for (const { rule, source } of uses) {
    if (rules.has(rule) || customRules.has(rule)) continue;
    const hint = didYouMean(rule, [...rules.keys(), ...customRules.keys()]);
    complain(`there is no rule ${JSON.stringify(rule)}.${hint}`, source);
  }
}

/** A waiver for a rule nobody sets waives nothing: most often its name is misspelt. */
function checkWaived(register: GovernanceRegister, waiver: Waiver, complain: Complain): void {
  const used = new Set<string>();
  for (const policy of register.policies.values()) {
    const packed = policy.packs.flatMap(({ pack }) => register.packs.get(pack)?.rules ?? []);
    for (const { id, rule } of [...policy.rules, ...packed]) used.add(id).add(rule);
  }
  for (const id of waiver.rules) {
    if (!used.has(id)) {
      complain(
        `waiver ${waiver.name} excepts from ${id}, which no policy sets.${didYouMean(id, used)}`,
        waiver.source,
      );
    }
  }
}

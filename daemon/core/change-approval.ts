/** Approvals: which rules ask for them, who has given them for exactly this plan, and whether that is enough. Pure. */
import type { ChangePlan } from './change-plan.ts';
import type { ChangeInput } from './change.ts';
import type { ApprovalRule } from './governance.ts';
import type { ChangeControl, Desired, SourcePosition } from './model.ts';
import { matchPath } from './path-pattern.ts';
import { selectionOf, surroundingsOf } from './policy-selection.ts';
import { isForgeMerge, signersOf } from './signers.ts';

export interface ApprovalState {
  readonly rule: string;
  readonly needed: number;
  /** As the rule writes them. */
  readonly from: readonly string[];
  readonly by: readonly { readonly principal: string; readonly commit: string }[];
  /** What in the change asks for it. */
  readonly why: string;
  readonly satisfied: boolean;
  readonly source: SourcePosition;
}

/** Every approval this change needs, with what was given. A person counts once, whoever made the change not at all. */
export function approvalsOf(control: ChangeControl, input: ChangeInput): ApprovalState[] {
  const makers = makersOf(input);
  return control.approvals.flatMap((rule) => {
    const why = reasonFor(rule, input);
    if (why === null) return [];
    const { owner } = why;
    const permitted = signersOf(rule.from, { teams: input.before.teams, owner, forges: control.forges });
    const by = new Map<string, string>();
    const keys = new Set<string>();
    for (const { signature: given, approves, oid } of input.commits) {
      if (given.verdict !== 'good' || !approves.includes(input.hash)) continue;
      // One signature is one person, whatever else the key is called, and whoever made the change is none of them.
      if (given.principals.some((each) => makers.has(each) || by.has(each)) || keys.has(given.key ?? ''))
        continue;
      const principal = given.principals.find((each) => permitted.has(each));
      if (principal === undefined) continue;
      by.set(principal, oid);
      if (given.key !== null) keys.add(given.key);
    }
    const { signature } = input.tip;
    const merged = rule.forgeMerge && isForgeMerge(control, input.tip);
    if (merged) for (const each of signature.principals) by.set(each, input.tip.oid);
    return [
      {
        rule: rule.name,
        needed: rule.count,
        from: rule.from,
        by: [...by].map(([principal, commit]) => ({ principal, commit })),
        why: why.text,
        satisfied: merged || by.size >= rule.count,
        source: rule.source,
      },
    ];
  });
}

/** Who made the change: every signer of a commit that wrote a declaration, replaced since or not. A merge makes what is not merged by itself. */
function makersOf({ commits }: ChangeInput): ReadonlySet<string> {
  const makers = new Set<string>();
  for (const { paths, signature } of commits) {
    if (paths.length > 0 && signature.verdict === 'good')
      for (const each of signature.principals) makers.add(each);
  }
  return makers;
}

function reasonFor(
  rule: ApprovalRule,
  { before, after, plan }: ChangeInput,
): { readonly text: string; readonly owner: string | null } | null {
  const path = plan.documents.find((each) =>
    rule.paths.some((pattern) => matchPath(pattern, each.path) !== null),
  );
  if (path !== undefined) {
    const pattern = rule.paths.find((each) => matchPath(each, path.path) !== null) ?? '';
    return { text: path.path, owner: matchPath(pattern, path.path)?.team ?? null };
  }
  return rule.certificates === null ? null : certificateReason(rule.certificates, before, after, plan);
}

/** A certificate counts by what it was and by what it will be: taking the label away does not take the approval away. */
function certificateReason(
  { selector, wildcard }: NonNullable<ApprovalRule['certificates']>,
  before: Desired,
  after: Desired,
  plan: ChangePlan,
): { readonly text: string; readonly owner: string | null } | null {
  // Of an endpoint or a team that is new the change itself says what it is; of those in force what was in force.
  const around = surroundingsOf({
    changeControl: before.changeControl,
    teams: new Map([...after.teams, ...before.teams]),
    endpoints: new Map([...after.endpoints, ...before.endpoints]),
  });
  for (const { certificate } of plan.certificates) {
    for (const each of [before.certificates.get(certificate), after.certificates.get(certificate)]) {
      if (each === undefined || selectionOf(selector, each, around) === 'no') continue;
      const star = each.dnsNames.find((name) => name.startsWith('*.'));
      if (wildcard && star === undefined) continue;
      return {
        text: `${certificate} asks for ${star ?? each.dnsNames[0] ?? each.ipAddresses[0] ?? 'a name'}`,
        owner: each.team,
      };
    }
  }
  return null;
}

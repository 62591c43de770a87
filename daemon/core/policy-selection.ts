/**
 * Which rules apply to a certificate: three levels (everyone, a group, one certificate), the narrowest that sets a rule counts, and a lock keeps what a
 * wider one said. The precedence is this file; `test/core/policy-precedence.test.ts` states it as properties. Pure.
 */
import type { Selector } from './governance.ts';
import type {
  Certificate,
  Desired,
  Endpoint,
  Instant,
  Policy,
  PolicyAction,
  PolicyRule,
  Team,
} from './model.ts';
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
  /** Asked beside what a wider policy says, never in its place. */
  readonly onlyTightens?: boolean;
  /** Of the entry, or of the rule; null: always in effect. */
  readonly effectiveAt: Instant | null;
}

/** How narrow a selector is: a certificate by name, a group by anything else, everyone by nothing. Pure. */
export function levelOf(selector: Selector): Exclude<PolicyLevel, 'default'> {
  if (selector.certificates.length > 0) return 'certificate';
  const {
    teams,
    issuers,
    labels,
    teamLabels = {},
    endpointLabels = {},
    endpoints = [],
    dnsNames = [],
  } = selector;
  const lists = [
    teams,
    issuers,
    endpoints,
    dnsNames,
    ...[labels, teamLabels, endpointLabels].map(Object.keys),
  ];
  return lists.some((each) => each.length > 0) ? 'group' : 'everyone';
}

/** What others say of a certificate: whose labels count, and which labels its requester cannot write. */
export interface Surroundings {
  readonly teams: ReadonlyMap<string, Pick<Team, 'labels'>>;
  readonly endpoints: ReadonlyMap<string, Pick<Endpoint, 'labels'>>;
  /** Names of labels that ChangeControl reserves. */
  readonly reserved: ReadonlySet<string>;
}

/** What others say, as a state declares it. Pure. */
export function surroundingsOf(
  desired: Partial<Pick<Desired, 'teams' | 'endpoints' | 'changeControl'>>,
): Surroundings {
  const { teams = new Map(), endpoints = new Map(), changeControl } = desired;
  return { teams, endpoints, reserved: new Set(changeControl?.reservedLabels.map((each) => each.name)) };
}

/**
 * Whether a selector means a certificate. `tightens`: it does as far as it asks for more, and not as far as it asks for less, for the requester alone says so: a label
 * of the certificate that nobody reserves, one that is not set, an endpoint or name among others. Absence of a label lets nobody out, presence of one lets nobody in.
 */
export type Selection = 'no' | 'tightens' | 'yes';

/** How a selector means this certificate. Kinds that are given must all match. Pure. */
export function selectionOf(
  selector: Selector,
  certificate: Certificate,
  { teams, endpoints, reserved }: Surroundings,
): Selection {
  if (selector.teams.length > 0 && !selector.teams.includes(certificate.team)) return 'no';
  if (selector.issuers.length > 0 && !selector.issuers.includes(certificate.issuer)) return 'no';
  if (selector.certificates.length > 0 && !selector.certificates.includes(certificate.id)) return 'no';
  const parts: Selection[] = Object.entries(selector.labels).map(([name, value]) => {
    const own = Object.hasOwn(certificate.labels, name) ? certificate.labels[name] : undefined;
    if (!reserved.has(name) || own === undefined) return 'tightens';
    return own === value ? 'yes' : 'no';
  });
  const team = teams.get(certificate.team);
  for (const wanted of Object.entries(selector.teamLabels ?? {})) {
    parts.push(team === undefined ? 'tightens' : carries(team, wanted) ? 'yes' : 'no');
  }
  const places = certificate.installations.map((each) => each.endpoint);
  for (const wanted of Object.entries(selector.endpointLabels ?? {})) {
    parts.push(
      ofAll(places, (name) => {
        const endpoint = endpoints.get(name);
        return endpoint === undefined ? 'tightens' : carries(endpoint, wanted) ? 'yes' : 'no';
      }),
    );
  }
  const { endpoints: named = [], dnsNames = [] } = selector;
  if (named.length > 0)
    parts.push(ofAll(places, (name) => (named.some((each) => fits(each, name)) ? 'yes' : 'no')));
  if (dnsNames.length > 0) {
    const asked = [...certificate.dnsNames, ...certificate.ipAddresses];
    parts.push(ofAll(asked, (name) => byName(dnsNames, name)));
  }
  if (parts.includes('no')) return 'no';
  return parts.includes('tightens') ? 'tightens' : 'yes';
}

/** Of several: all of them, some, none. */
function ofAll(names: readonly string[], judge: (name: string) => Selection): Selection {
  const judged = new Set(names.map(judge));
  if (judged.size === 0) return 'no';
  return judged.size === 1 ? ([...judged][0] ?? 'no') : 'tightens';
}

function carries({ labels }: Pick<Team, 'labels'>, [name, value]: readonly [string, string]): boolean {
  return Object.hasOwn(labels, name) && labels[name] === value;
}

function fits(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** A wildcard that is asked for serves each name that it stands for: what is asked of that name holds for it, and what is let off does not. */
function byName(patterns: readonly string[], name: string): Selection {
  const lower = name.toLowerCase();
  const selected = patterns.map((each) => each.toLowerCase());
  if (selected.some((each) => covers(each, lower))) return 'yes';
  return selected.some((each) => standsFor(lower, each)) ? 'tightens' : 'no';
}

/** Whether a wildcard of a certificate stands for a name: for one label and no more (RFC 9525 section 6.3). */
function standsFor(wildcard: string, name: string): boolean {
  if (!wildcard.startsWith('*.')) return false;
  const dot = name.indexOf('.');
  return dot > 0 && name.slice(dot) === wildcard.slice(1);
}

/** `*.example.com` covers every name below it, and the wildcard itself. */
function covers(pattern: string, name: string): boolean {
  return pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : pattern === name;
}

/**
 * Of the rules that policies set for one certificate, those that count: of each id the ones of the narrowest level, and every locked one. Two that
 * count for one id are both asked, so that the stricter decides. `off` removes what is not locked and is itself never asked. The order in
 * which policies are given makes no difference. Pure.
 */
export function precedence(applied: readonly AppliedRule[]): readonly AppliedRule[] {
  const narrowest = new Map<string, number>();
  for (const { entry, level, onlyTightens } of applied) {
    if (onlyTightens === true) continue;
    const rank = policyLevels.indexOf(level);
    if (rank > (narrowest.get(entry.id) ?? -1)) narrowest.set(entry.id, rank);
  }
  return applied
    .filter(
      ({ entry, level, locked, action, onlyTightens }) =>
        action !== 'off' &&
        (locked || onlyTightens === true || policyLevels.indexOf(level) === narrowest.get(entry.id)),
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

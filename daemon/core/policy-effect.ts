/** What a change of policy does to the estate: who falls out of compliance, who comes back, what is replaced by itself and how long that takes. Pure. */
import type { Certificate } from './model.ts';
import type { Evaluation } from './policy.ts';
import { keyOf } from './same.ts';

/** One certificate under the policy before and after. */
export interface PolicyComparison {
  readonly certificate: Certificate;
  readonly before: readonly Evaluation[];
  readonly after: readonly Evaluation[];
}

export interface BrokenRule {
  readonly rule: string;
  readonly policy: string;
  readonly action: Evaluation['action'];
  readonly message: string;
}

export interface PolicyEffect {
  readonly certificates: number;
  /** Certificates that break a rule after the change which they did not break before. */
  readonly falling: readonly {
    readonly certificate: string;
    readonly team: string;
    readonly file: string;
    readonly rules: readonly BrokenRule[];
  }[];
  readonly recovering: readonly { readonly certificate: string; readonly team: string }[];
  readonly byTeam: readonly {
    readonly team: string;
    readonly falling: number;
    readonly recovering: number;
  }[];
  /** Installations that rules with `remediate` replace by themselves, by issuer. */
  readonly replaced: readonly { readonly issuer: string; readonly installations: number }[];
  /** Installations of all that fall, and about how long replacing them takes when nothing else holds it up, ms: the limits of issuers come on top. */
  readonly installations: number;
  readonly replacingMs: number;
  /** Of the falling, how many somebody must change by hand. */
  readonly byHand: number;
}

/** As `limits.turn.concurrentEndpoints`; and what one takes from key to proof: 2 to 6 s measured with nginx, with the time a reload may take to show. */
const installationsAtOnce = 16;
const installationMs = 10_000;

const failures = (evaluations: readonly Evaluation[]): readonly Evaluation[] =>
  evaluations.filter((each) => each.verdict === 'fail');
const useOf = ({ id, policy, pack }: Evaluation): string => keyOf(id, policy, pack);

/** The effect over all certificates; the order they come in makes no difference. */
export function policyEffect(comparisons: Iterable<PolicyComparison>): PolicyEffect {
  const falling: PolicyEffect['falling'][number][] = [];
  const recovering: PolicyEffect['recovering'][number][] = [];
  const replaced = new Map<string, number>();
  let count = 0;
  let byHand = 0;
  let touched = 0;
  for (const { certificate, before, after } of comparisons) {
    count++;
    const known = new Set(failures(before).map(useOf));
    const still = failures(after);
    // A rule may be broken by the declaration and by several installations: it is one rule.
    const fresh = [
      ...new Map(still.filter((each) => !known.has(useOf(each))).map((each) => [useOf(each), each])).values(),
    ];
    const { id, team, source, issuer, installations } = certificate;
    if (fresh.length > 0) {
      touched += installations.length;
      falling.push({
        certificate: id,
        team,
        file: source.file,
        rules: fresh.map((each) => ({
          rule: each.id,
          policy: each.policy,
          action: each.action,
          message: each.message,
        })),
      });
      if (fresh.every((each) => each.action === 'remediate')) {
        replaced.set(issuer, (replaced.get(issuer) ?? 0) + installations.length);
      } else byHand++;
    } else if (known.size > 0 && still.length === 0) recovering.push({ certificate: id, team });
  }
  const sort = <T extends { readonly certificate: string }>(list: readonly T[]): T[] =>
    [...list].sort((left, right) => (left.certificate < right.certificate ? -1 : 1));
  return {
    certificates: count,
    falling: sort(falling),
    recovering: sort(recovering),
    byTeam: teamsOf(falling, recovering),
    replaced: [...replaced]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([issuer, installations]) => ({ issuer, installations })),
    byHand,
    installations: touched,
    replacingMs: Math.ceil(touched / installationsAtOnce) * installationMs,
  };
}

function teamsOf(
  falling: readonly { readonly team: string }[],
  recovering: readonly { readonly team: string }[],
): PolicyEffect['byTeam'] {
  const teams = [...new Set([...falling, ...recovering].map((each) => each.team))].sort();
  const count = (list: readonly { readonly team: string }[], team: string): number =>
    list.filter((each) => each.team === team).length;
  return teams.map((team) => ({ team, falling: count(falling, team), recovering: count(recovering, team) }));
}

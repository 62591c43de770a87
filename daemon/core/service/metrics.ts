/** Figures of the service in one period: adoption, requests, denials, lead time, hands-off share, hours saved. Computed from records, never declared. Pure. */
import type { Issuance, ServiceFacts } from './facts.ts';

export interface TeamAdoption {
  readonly team: string;
  readonly certificates: number;
  readonly installations: number;
  /** Installations that renewd renews and mends by itself. */
  readonly automated: number;
}

export interface ServiceMetrics {
  readonly certificates: number;
  readonly installations: number;
  readonly adoption: readonly TeamAdoption[];
  readonly requests: number;
  readonly accepted: number;
  readonly refused: number;
  readonly waiting: number;
  /** Why changes were refused or certificates blocked, most frequent first. */
  readonly deniedReasons: readonly { readonly reason: string; readonly count: number }[];
  /** From the commit that asks to the handshake that proves it served, ms; null: nothing was both asked for and proved. */
  readonly leadTimeMedianMs: number | null;
  readonly leadTimeWorstMs: number | null;
  readonly issued: number;
  readonly renewals: number;
  /** Renewals nobody had to ask for and that were proved, 0..1; null: there were none. */
  readonly handsOffShare: number | null;
  readonly emergencies: number;
  readonly hoursSaved: number;
}

const yearMs = 365.25 * 86_400_000;

/** The figures. */
export function serviceMetrics(facts: ServiceFacts): ServiceMetrics {
  const { certificates, changes, issuances, period, until, program } = facts;
  const present = certificates.filter(
    (each) => !each.declaration.withdrawn && each.declaration.state === 'present',
  );
  const installations = present.flatMap((each) => each.installations);
  // The record of the whole change stands for its parts.
  const requests = changes.filter(
    (each) => each.part === undefined && each.plan !== null && each.plan.certificates.length > 0,
  );
  const leads = leadTimes(facts).sort((left, right) => left - right);
  const renewals = issuances.filter(
    (each) => each.because !== null && each.because !== 'declared and not yet installed',
  );
  const handsOff = renewals.filter(isHandsOff);
  const adoption = adoptionOf(present);
  const automated = adoption.reduce((sum, each) => sum + each.automated, 0);
  return {
    certificates: present.length,
    installations: installations.length,
    adoption,
    requests: requests.length,
    accepted: requests.filter((each) => each.outcome === 'accepted' || each.outcome === 'trusted').length,
    refused: requests.filter((each) => each.outcome === 'refused').length,
    waiting: requests.filter((each) => each.outcome === 'waiting').length,
    deniedReasons: deniedReasons(facts),
    leadTimeMedianMs: leads[Math.floor((leads.length - 1) / 2)] ?? null,
    leadTimeWorstMs: leads.at(-1) ?? null,
    issued: issuances.length,
    renewals: renewals.length,
    handsOffShare: renewals.length === 0 ? null : handsOff.length / renewals.length,
    emergencies: new Set(changes.flatMap((each) => (each.breakGlass === null ? [] : [each.commit]))).size,
    hoursSaved: Math.round((automated * (program?.hoursByHand ?? 0) * (until - period.from)) / yearMs),
  };
}

/** Nobody had to ask for it, and clients were seen to get it: what was installed where nobody looks is no success. Pure. */
export function isHandsOff({ because, proof }: Issuance): boolean {
  return because === 'renewal due' && proof === 'served';
}

/** From each request to the first proof of what it asked for. */
function leadTimes({ changes, issuances }: ServiceFacts): number[] {
  const first = new Map<string, Issuance[]>();
  for (const each of issuances) first.set(each.certificate, [...(first.get(each.certificate) ?? []), each]);
  const whole = changes.filter((each) => each.part === undefined);
  return whole.flatMap((change) =>
    (change.plan?.certificates ?? [])
      .filter((each) => each.change === 'requested')
      .flatMap(({ certificate }) => {
        const asked = Date.parse(change.committedAt);
        const proved = (first.get(certificate) ?? []).flatMap((each) =>
          each.proof === 'served' && each.provedAt !== null && each.provedAt >= asked ? [each.provedAt] : [],
        );
        return proved.length === 0 ? [] : [Math.min(...proved) - asked];
      }),
  );
}

function adoptionOf(present: ServiceFacts['certificates']): TeamAdoption[] {
  const teams = new Map<string, { certificates: number; installations: number; automated: number }>();
  for (const { metadata, installations, declaration } of present) {
    const sum = teams.get(metadata.team) ?? { certificates: 0, installations: 0, automated: 0 };
    sum.certificates++;
    sum.installations += installations.length;
    if (declaration.drift !== 'observe')
      sum.automated += installations.filter((each) => each.issued !== null && each.renewAt !== null).length;
    teams.set(metadata.team, sum);
  }
  return [...teams]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([team, sum]) => ({ team, ...sum }));
}

function deniedReasons({ changes, certificates }: ServiceFacts): ServiceMetrics['deniedReasons'] {
  const counts = new Map<string, number>();
  const add = (reason: string): void => {
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  };
  for (const change of changes)
    if (change.outcome === 'refused')
      for (const code of new Set(change.reasons.map((each) => each.code))) add(code);
  for (const { findings } of certificates) {
    for (const { code, rule } of findings)
      if (code === 'policy-blocked') add(`policy/${rule?.id ?? 'unknown'}`);
  }
  return [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((left, right) => right.count - left.count || (left.reason < right.reason ? -1 : 1));
}

/** The evidence of one period as a value: what the pages and tables of the pack are written from. Reads Git; decides nothing. */
import type { ChangeRecord } from '../../core/change-record.ts';
import { buildDesired } from '../../core/desired.ts';
import { estateDifference, type EstateDifference } from '../../core/estate-difference.ts';
import type { Desired, Waiver } from '../../core/model.ts';
import type { Period } from '../../core/period.ts';
import type { CertificateRecord, FindingRecord } from '../../core/record-format.ts';
import { rules as knownRules } from '../../core/rules/index.ts';
import type { Issuance, ServiceFacts } from '../../core/service/facts.ts';
import { teamMaturity, type Maturity } from '../../core/service/maturity.ts';
import { serviceMetrics, type ServiceMetrics } from '../../core/service/metrics.ts';
import { serviceSteps, type ServiceStep } from '../../core/service/steps.ts';
import type { Repository } from '../../git/repository.ts';
import { builtIns, documentReader } from '../../reader.ts';
import { applyChange, declaredPrefixes } from '../../shell/in-force.ts';
import { changesAt, issuancesBetween, recordsAt } from '../../records/past.ts';
import { lastBefore, type OpenedHistory } from '../open-history.ts';

export interface RuleInForce {
  readonly policy: string;
  readonly rule: string;
  readonly action: string;
  readonly citation: string;
  readonly title: string;
  readonly at: string;
}

export interface EvidencePack {
  readonly apiVersion: 'renewd/v1';
  readonly kind: 'EvidencePack';
  readonly period: string;
  readonly from: string;
  /** End of the data: the end of the period, or the last record where it is not over. */
  readonly until: string;
  readonly complete: boolean;
  /** Commits everything can be checked against. */
  readonly commits: {
    readonly declarations: string | null;
    readonly recordsBefore: string | null;
    readonly recordsAfter: string | null;
  };
  readonly metrics: ServiceMetrics;
  readonly maturity: readonly Maturity[];
  readonly steps: readonly ServiceStep[];
  readonly certificates: readonly CertificateRecord[];
  readonly findings: readonly FindingRecord[];
  readonly changes: readonly ChangeRecord[];
  readonly issuances: readonly Issuance[];
  readonly difference: EstateDifference;
  readonly rules: readonly RuleInForce[];
  readonly waivers: readonly Waiver[];
}

/** Everything of a pack that one end of the period tells. */
export type Evidence = Omit<EvidencePack, 'difference'>;

/** Gathers the evidence of a period. IO: reads Git. The same commits and period give the same value, whenever it is asked. */
export async function gatherEvidence(history: OpenedHistory, period: Period): Promise<EvidencePack> {
  const { repository, prefix, state } = history;
  const before = await lastBefore(repository, state, period.from);
  const after = await lastBefore(repository, state, period.to);
  const tip = await repository.commit(state);
  const complete = tip.committer.at >= period.to;
  const until = complete ? period.to : Math.max(period.from, tip.committer.at);
  const [was, is] = [await recordsAt(repository, before, prefix), await recordsAt(repository, after, prefix)];
  const source = after === null ? null : await sourceOf(repository, after);
  const desired = source === null ? null : await desiredAt(repository, source);
  const changes = (await changesAt(repository, after, prefix)).filter((each) => {
    const at = Date.parse(each.seenAt);
    return at >= period.from && at < period.to;
  });
  const issuances = await issuancesBetween(repository, before, after, prefix);
  const certificates = [...is.certificates]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, each]) => each);
  return {
    ...evidenceOf({
      period,
      until,
      complete,
      commits: { declarations: source, recordsBefore: before, recordsAfter: after },
      certificates,
      repositoryFindings: is.repository?.findings ?? [],
      heartbeatAt: is.heartbeat === null ? null : Date.parse(is.heartbeat.at),
      changes,
      issuances,
      desired,
    }),
    difference: estateDifference(was, is),
  };
}

/** What one period is judged by, however it was gathered. */
export interface EvidenceParts {
  readonly period: Period;
  /** End of the data, ms. */
  readonly until: number;
  readonly complete: boolean;
  readonly commits: EvidencePack['commits'];
  /** At the end, sorted by name. */
  readonly certificates: readonly CertificateRecord[];
  readonly repositoryFindings: readonly FindingRecord[];
  readonly heartbeatAt: number | null;
  /** Seen in the period, oldest first. */
  readonly changes: readonly ChangeRecord[];
  /** Recorded in the period. */
  readonly issuances: readonly Issuance[];
  /** What was declared at the end; certificates in it are not looked at. null: nothing is known. */
  readonly desired: Desired | null;
}

/** The evidence without the comparison of its two ends. Pure. */
export function evidenceOf(parts: EvidenceParts): Evidence {
  const { period, until, desired, certificates, repositoryFindings, changes, issuances } = parts;
  const facts: ServiceFacts = {
    period,
    until,
    program: [...(desired?.programs.values() ?? [])][0] ?? null,
    teams: [...(desired?.teams.values() ?? [])],
    offers: [...(desired?.offers.values() ?? [])],
    waivers: [...(desired?.waivers.values() ?? [])],
    certificates,
    repositoryFindings,
    changes,
    issuances,
    controlled: desired?.changeControl?.signatures === 'required',
    heartbeatAt: parts.heartbeatAt,
  };
  const metrics = serviceMetrics(facts);
  return {
    apiVersion: 'renewd/v1',
    kind: 'EvidencePack',
    period: period.label,
    from: new Date(period.from).toISOString(),
    until: new Date(until).toISOString(),
    complete: parts.complete,
    commits: parts.commits,
    metrics,
    maturity: maturityOf(facts),
    steps: serviceSteps(facts, metrics),
    certificates,
    findings: [...certificates.flatMap((each) => each.findings), ...repositoryFindings],
    changes,
    issuances,
    rules: desired === null ? [] : rulesOf(desired),
    waivers: facts.waivers,
  };
}

/** Each team by what is its own: asked with the whole estate, 40 teams of 100,000 certificates take a second. */
function maturityOf(facts: ServiceFacts): readonly Maturity[] {
  const certificates = Map.groupBy(facts.certificates, (each) => each.metadata.team);
  const issuances = Map.groupBy(facts.issuances, (each) => each.team);
  return facts.teams.map(({ name }) =>
    teamMaturity(
      { ...facts, certificates: certificates.get(name) ?? [], issuances: issuances.get(name) ?? [] },
      name,
    ),
  );
}

/** The commit of the declarations that records were made from. */
async function sourceOf(repository: Repository, commit: string): Promise<string | null> {
  const { trailers } = await repository.commit(commit);
  const source = trailers.find(([key]) => key === 'Renewd-Source')?.[1] ?? null;
  return source !== null && /^[0-9a-f]{40}$/.test(source) ? source : null;
}

async function desiredAt(repository: Repository, commit: string): Promise<Desired> {
  const reader = documentReader();
  const entries = await repository.changes(null, commit, declaredPrefixes);
  const { files } = await applyChange(repository, reader, { files: new Map(), trust: new Map() }, entries);
  return buildDesired(commit, [...files.values()], builtIns(reader));
}

function rulesOf(desired: Desired): RuleInForce[] {
  return desired.policies.flatMap((policy) => {
    const packed = policy.packs.flatMap(({ pack, action }) =>
      (desired.packs.get(pack)?.rules ?? []).map((each) => ({
        ...each,
        action: action ?? each.action,
        policy: `${policy.name}/${pack}`,
      })),
    );
    return [...policy.rules.map((each) => ({ ...each, policy: policy.name })), ...packed].map((each) => {
      const known = knownRules.get(each.rule) ?? desired.customRules.get(each.rule);
      return {
        policy: each.policy,
        rule: each.id,
        action: each.action,
        citation: each.citation ?? known?.citation ?? '',
        title: known?.title ?? each.rule,
        at: `${each.source.file}:${String(each.source.line)}`,
      };
    });
  });
}

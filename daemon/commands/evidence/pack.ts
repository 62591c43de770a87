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
import { changesAt, issuancesBetween, recordsAt } from '../../shell/past.ts';
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
  const facts: ServiceFacts = {
    period,
    until,
    program: [...(desired?.programs.values() ?? [])][0] ?? null,
    teams: [...(desired?.teams.values() ?? [])],
    offers: [...(desired?.offers.values() ?? [])],
    waivers: [...(desired?.waivers.values() ?? [])],
    certificates,
    repositoryFindings: is.repository?.findings ?? [],
    changes,
    issuances,
    controlled: desired?.changeControl?.signatures === 'required',
    heartbeatAt: is.heartbeat === null ? null : Date.parse(is.heartbeat.at),
  };
  const metrics = serviceMetrics(facts);
  return {
    apiVersion: 'renewd/v1',
    kind: 'EvidencePack',
    period: period.label,
    from: new Date(period.from).toISOString(),
    until: new Date(until).toISOString(),
    complete,
    commits: { declarations: source, recordsBefore: before, recordsAfter: after },
    metrics,
    maturity: facts.teams.map((each) => teamMaturity(facts, each.name)),
    steps: serviceSteps(facts, metrics),
    certificates,
    findings: [...certificates.flatMap((each) => each.findings), ...facts.repositoryFindings],
    changes,
    issuances,
    difference: estateDifference(was, is),
    rules: desired === null ? [] : rulesOf(desired),
    waivers: facts.waivers,
  };
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

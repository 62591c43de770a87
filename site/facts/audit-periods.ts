/** The evidence of quarters as the site shows it: tables that are cut, each rule with what the findings say of it, and a sample to follow. Pure. */
import { createHash } from 'node:crypto';
import type { Evidence } from '../../daemon/commands/evidence/pack.ts';
import { evidenceFigures, evidenceTables } from '../../daemon/commands/evidence/tables.ts';
import type { FindingRecord } from '../../daemon/core/record-format.ts';
import { timestamp } from '../../daemon/core/timestamp.ts';
import { limits } from '../../daemon/limits.ts';
import type { AuditPeriod, ControlResult, SampledIssuance } from '../src/lib/model.ts';
import { compareText } from './order.ts';
import { breakingCodes, exceptedCodes, ruleKey } from './policy-codes.ts';
import type { SiteSources } from './sources.ts';

/** Every quarter that evidence was gathered for, in the order given. */
export function auditPeriods({
  evidence,
  statePrefix,
}: Pick<SiteSources, 'evidence' | 'statePrefix'>): readonly AuditPeriod[] {
  return evidence.map((pack) => {
    const controls = controlResults(pack);
    return {
      label: pack.period,
      from: timestamp(Date.parse(pack.from)),
      until: timestamp(Date.parse(pack.until)),
      complete: pack.complete,
      commits: pack.commits,
      figures: evidenceFigures(pack).map(([figure, meaning]) => ({ figure, meaning })),
      tables: evidenceTables(pack).map(({ name, title, heads, rows }) => ({
        name,
        title,
        heads,
        rows: rows.slice(0, limits.site.evidenceRowsMax),
        count: rows.length,
      })),
      controls: controls.slice(0, limits.site.evidenceRowsMax),
      controlCount: controls.length,
      sample: sampleOf(pack, statePrefix),
      issuanceCount: pack.issuances.length,
    };
  });
}

/** Each rule in force, those that are broken first. A rule that is taken back is no control. */
function controlResults({ rules, findings }: Pick<Evidence, 'rules' | 'findings'>): ControlResult[] {
  const byRule = Map.groupBy(
    findings.filter((each) => each.rule !== null),
    (each) => ruleKey(each.rule?.policy ?? '', each.rule?.id ?? ''),
  );
  return rules
    .filter((each) => each.action !== 'off')
    .map(({ policy, rule, title, citation, action, at }): ControlResult => {
      const own = byRule.get(ruleKey(policy, rule)) ?? [];
      return {
        policy,
        rule,
        title,
        citation,
        action,
        at,
        broken: certificatesOf(own, breakingCodes),
        excepted: certificatesOf(own, exceptedCodes),
      };
    })
    .sort((a, b) => b.broken - a.broken || b.excepted - a.excepted);
}

function certificatesOf(findings: readonly FindingRecord[], codes: ReadonlySet<string>): number {
  return new Set(
    findings.flatMap(({ code, certificate }) =>
      codes.has(code) && certificate !== null ? [certificate] : [],
    ),
  ).size;
}

/** Chosen by a hash of what nobody can choose freely, so that whoever publishes the records does not choose the sample, and anybody can choose it again. */
function sampleOf({ issuances, commits }: Evidence, statePrefix: string): readonly SampledIssuance[] {
  const seed = commits.recordsAfter ?? '';
  return issuances
    .map((each) => ({
      each,
      rank: createHash('sha256').update(`${seed} ${each.fingerprint}`).digest('hex'),
    }))
    .sort((a, b) => compareText(a.rank, b.rank) || compareText(a.each.installation, b.each.installation))
    .slice(0, limits.site.evidenceSampleMax)
    .map(({ each }) => ({
      installation: each.installation,
      certificate: each.certificate,
      serial: each.serial,
      fingerprint: each.fingerprint,
      because: each.because,
      recordedAt: timestamp(each.recordedAt),
      proof: each.proof,
      provedAt: each.provedAt === null ? null : timestamp(each.provedAt),
      commit: each.commit,
      record: `${statePrefix}certificates/${each.certificate}.json`,
    }));
}

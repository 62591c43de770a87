/** The tables of an evidence pack: one list of heads and rows for each, used by the page and by the CSV files alike. Pure. */
import { counted } from '../../core/count.ts';
import { endsAt } from '../../core/renewal.ts';
import { durationText } from '../../core/duration.ts';
import { proofWords } from '../../core/proof.ts';
import { timestamp } from '../../core/timestamp.ts';
import type { Evidence } from './pack.ts';

export interface EvidenceTable {
  /** Also the name of the CSV file. */
  readonly name: string;
  readonly title: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const day = (instant: number): string => timestamp(instant).slice(0, 10);
const moment = (instant: number): string => timestamp(instant).slice(0, 16).replace('T', ' ');

/** Every table, in the order of the page. */
export function evidenceTables(pack: Evidence): readonly EvidenceTable[] {
  return [
    {
      name: 'changes',
      title: 'Changes of declarations',
      heads: ['seen', 'commit', 'what', 'author', 'signed by', 'approved by', 'outcome', 'why'],
      rows: pack.changes.map((each) => [
        each.seenAt,
        each.commit.slice(0, 10),
        each.subject,
        each.author,
        [...new Set(each.commits.flatMap((one) => (one.verdict === 'good' ? one.principals : [])))].join(
          ', ',
        ) || 'nobody',
        [...new Set(each.approvals.flatMap((one) => one.by.map((by) => by.principal)))].join(', '),
        each.outcome,
        each.reasons.map((one) => one.message).join('; '),
      ]),
    },
    {
      name: 'issuances',
      title: 'Certificates issued',
      heads: ['recorded', 'installation', 'serial', 'issuer', 'because', 'proved served', 'sha256'],
      rows: pack.issuances.map((each) => [
        moment(each.recordedAt),
        each.installation,
        each.serial,
        each.issuedBy ?? 'found in place',
        each.because ?? '',
        each.provedAt === null ? proofWords[each.proof] : moment(each.provedAt),
        each.fingerprint,
      ]),
    },
    {
      name: 'certificates',
      title: 'Certificates at the end of the data',
      heads: ['certificate', 'names', 'endpoint', 'status', 'since', 'serial', 'key', 'until', 'served'],
      rows: pack.certificates.flatMap((record) =>
        record.installations.map((each) => [
          `${record.metadata.team}/${record.metadata.name}`,
          record.declaration.dnsNames.join(' '),
          each.endpoint,
          each.status,
          each.since,
          each.issued?.serial ?? '',
          each.issued?.keyAlgorithm ?? record.declaration.keyAlgorithm,
          each.issued === null ? '' : endsAt(each.issued),
          each.addresses.map((one) => `${one.address} ${one.result}`).join(' ') || 'not looked at',
        ]),
      ),
    },
    {
      name: 'findings',
      title: 'Open findings at the end of the data',
      heads: ['severity', 'code', 'about', 'since', 'message', 'what to do', 'rule'],
      rows: pack.findings.map((each) => [
        each.severity,
        each.code,
        each.certificate ?? each.endpoint ?? 'repository',
        each.since,
        each.message,
        each.remedy,
        each.rule === null ? '' : `${each.rule.id} of ${each.rule.policy}`,
      ]),
    },
    {
      name: 'waivers',
      title: 'Exceptions',
      heads: ['waiver', 'rules', 'owner', 'reason', 'compensating control', 'granted', 'ends', 'state'],
      rows: pack.waivers.map((each) => [
        each.name,
        each.rules.join(' '),
        each.owner,
        each.reason,
        each.compensatingControl,
        each.grantedAt === null ? '' : day(each.grantedAt),
        day(each.expiresAt),
        each.expiresAt <= Date.parse(pack.until) ? 'ended' : 'in force',
      ]),
    },
    {
      name: 'rules',
      title: 'Rules in force',
      heads: ['policy', 'rule', 'demands', 'does', 'source', 'set in'],
      rows: pack.rules.map((each) => [
        each.policy,
        each.rule,
        each.title,
        each.action,
        each.citation,
        each.at,
      ]),
    },
    {
      name: 'maturity',
      title: 'Maturity by team',
      heads: ['team', 'level', 'next step', 'evidence'],
      rows: pack.maturity.map((each) => [
        each.team,
        String(each.level),
        each.nextStep ?? 'nothing: the highest level is reached',
        each.evidence.map((one) => `${one.met ? 'yes' : 'no'}: ${one.question} (${one.numbers})`).join('; '),
      ]),
    },
    {
      name: 'service',
      title: 'Certificates as a service: the eight steps',
      heads: ['step', 'what', 'state', 'evidence', 'next step'],
      rows: pack.steps.map((each) => [
        String(each.step),
        each.title,
        each.done ? 'done' : 'open',
        each.evidence.join('; '),
        each.nextStep ?? '',
      ]),
    },
  ];
}

/** The figures of the first page, each with its words. */
export function evidenceFigures({
  metrics,
}: Evidence): readonly (readonly [figure: string, meaning: string])[] {
  const duration = (ms: number | null): string => (ms === null ? 'none' : durationText(ms));
  return [
    [String(metrics.certificates), `certificates on ${counted(metrics.installations, 'installation')}`],
    [
      String(metrics.requests),
      `requests: ${String(metrics.accepted)} accepted, ${String(metrics.refused)} refused, ${String(metrics.waiting)} waiting`,
    ],
    [
      String(metrics.issued),
      `certificates issued, ${String(metrics.renewals)} of them renewals or replacements`,
    ],
    [
      duration(metrics.leadTimeMedianMs),
      `from request to served, median; longest ${duration(metrics.leadTimeWorstMs)}`,
    ],
    [
      metrics.handsOffShare === null ? 'none' : `${String(Math.round(metrics.handsOffShare * 100))} %`,
      'of renewals without a human hand',
    ],
    [String(metrics.emergencies), 'changes with the emergency key'],
    [String(metrics.hoursSaved), 'hours of work by hand saved, by the figure of the Program'],
  ];
}

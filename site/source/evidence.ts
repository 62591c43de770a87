/** The evidence of the running quarter from what is in hand, and of those before it where that is affordable. */
import { evidenceOf, gatherEvidence, type Evidence } from '../../daemon/commands/evidence/pack.ts';
import { lastBefore } from '../../daemon/commands/open-history.ts';
import type { ChangeRecord } from '../../daemon/core/change-record.ts';
import type { Desired } from '../../daemon/core/model.ts';
import { parsePeriod, type Period } from '../../daemon/core/period.ts';
import type { Issuance } from '../../daemon/core/service/facts.ts';
import type { Repository } from '../../daemon/git/repository.ts';
import { limits } from '../../daemon/limits.ts';
import type { RecordSet } from '../../daemon/records/read.ts';
import type { History } from '../facts/sources.ts';

export interface EvidenceRequest {
  readonly repository: Repository;
  readonly state: string;
  readonly intent: string;
  readonly prefix: string;
  /** UTC epoch ms. */
  readonly now: number;
  readonly records: RecordSet;
  readonly desired: Desired | null;
  readonly history: History;
  readonly changes: readonly ChangeRecord[];
  /** Whether quarters that are over are wanted. */
  readonly past: boolean;
}

/** The quarter of an instant. Pure. */
export function quarterOf(instant: number): Period {
  const date = new Date(instant);
  const label = `${String(date.getUTCFullYear())}-Q${String(Math.floor(date.getUTCMonth() / 3) + 1)}`;
  const period = parsePeriod(label);
  if (period === null) throw new Error(`${label} is no quarter`);
  return period;
}

/** Packs, the running quarter first. IO: Git, read-only. */
export async function readEvidence(request: EvidenceRequest): Promise<readonly Evidence[]> {
  const running = await runningQuarter(request);
  const packs: Evidence[] = [running];
  if (!request.past || request.records.certificates.size > limits.site.pastEvidenceCertificatesMax)
    return packs;
  let period = quarterOf(request.now);
  for (let index = 0; index < limits.site.pastQuarters; index++) {
    period = quarterOf(period.from - 1);
    if ((await lastBefore(request.repository, request.state, period.to)) === null) break;
    packs.push(await gatherEvidence(request, period));
  }
  return packs;
}

async function runningQuarter(request: EvidenceRequest): Promise<Evidence> {
  const { repository, state, records, desired, history } = request;
  const period = quarterOf(request.now);
  const tip = await repository.commit(state);
  return evidenceOf({
    period,
    until: Math.max(period.from, Math.min(tip.committer.at, period.to)),
    complete: false,
    commits: {
      declarations: desired?.commit ?? null,
      recordsBefore: history.commits.find((each) => Date.parse(each.at) < period.from)?.oid ?? null,
      recordsAfter: state,
    },
    certificates: [...records.certificates]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([, each]) => each),
    repositoryFindings: records.repository?.findings ?? [],
    heartbeatAt: records.heartbeat === null ? null : Date.parse(records.heartbeat.at),
    changes: request.changes.filter((each) => Date.parse(each.seenAt) >= period.from),
    issuances: issuancesSince(history, period.from),
    desired,
  });
}

/** Every certificate that the records first named since an instant, oldest first. Pure. */
export function issuancesSince(history: History, from: number): readonly Issuance[] {
  const proved = new Map<string, number>();
  for (const each of history.transitions)
    for (const { endpoint, fingerprint, at } of each.proved)
      proved.set(`${each.certificate ?? ''}@${endpoint} ${fingerprint}`, Date.parse(at));
  return history.transitions
    .filter((each) => Date.parse(each.at) >= from)
    .flatMap(({ certificate, at, commit, issued }): Issuance[] =>
      issued.map((note) => {
        const provedAt = proved.get(`${certificate ?? ''}@${note.endpoint} ${note.fingerprint}`) ?? null;
        return {
          installation: `${certificate ?? ''}@${note.endpoint}`,
          certificate: certificate ?? '',
          team: (certificate ?? '').split('/')[0] ?? '',
          serial: note.serial,
          fingerprint: note.fingerprint,
          because: note.because,
          issuedBy: note.issuedBy,
          recordedAt: Date.parse(at),
          proof: provedAt === null ? note.proof : 'served',
          provedAt,
          commit,
        };
      }),
    )
    .reverse();
}

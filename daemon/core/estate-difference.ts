/** What happened to an estate between two states of its records: a change report. Pure. */
import type { CertificateRecord, FindingRecord, RepositoryFindings } from './record-format.ts';

/** The records of one state. */
export interface EstateState {
  readonly certificates: ReadonlyMap<string, CertificateRecord>;
  readonly repository: RepositoryFindings | null;
}

export interface EstateDifference {
  readonly added: readonly {
    readonly certificate: string;
    readonly dnsNames: readonly string[];
    readonly status: string;
  }[];
  readonly removed: readonly { readonly certificate: string }[];
  readonly renewed: readonly {
    readonly installation: string;
    /** null: there was none before. */
    readonly before: string | null;
    readonly serial: string;
    readonly because: string | null;
    readonly notAfter: string;
  }[];
  readonly status: readonly {
    readonly certificate: string;
    readonly before: string;
    readonly after: string;
  }[];
  readonly opened: readonly FindingRecord[];
  readonly closed: readonly FindingRecord[];
}

/** From `before` to `after`, each list in the order of names. */
export function estateDifference(before: EstateState, after: EstateState): EstateDifference {
  const added: EstateDifference['added'][number][] = [];
  const renewed: EstateDifference['renewed'][number][] = [];
  const status: EstateDifference['status'][number][] = [];
  for (const [id, record] of sorted(after.certificates)) {
    const old = before.certificates.get(id);
    if (old === undefined)
      added.push({ certificate: id, dnsNames: record.declaration.dnsNames, status: record.status });
    else if (old.status !== record.status)
      status.push({ certificate: id, before: old.status, after: record.status });
    for (const { endpoint, issued } of record.installations) {
      if (issued === null) continue;
      const last = old?.installations.find((each) => each.endpoint === endpoint)?.issued ?? null;
      if (last?.fingerprint === issued.fingerprint) continue;
      renewed.push({
        installation: `${id}@${endpoint}`,
        before: last?.serial ?? null,
        serial: issued.serial,
        because: issued.because,
        notAfter: issued.notAfter,
      });
    }
  }
  const removed = sorted(before.certificates)
    .filter(([id]) => !after.certificates.has(id))
    .map(([certificate]) => ({ certificate }));
  const [was, is] = [findingsOf(before), findingsOf(after)];
  return {
    added,
    removed,
    renewed,
    status,
    opened: [...is].filter(([id]) => !was.has(id)).map(([, finding]) => finding),
    closed: [...was].filter(([id]) => !is.has(id)).map(([, finding]) => finding),
  };
}

function sorted<T>(map: ReadonlyMap<string, T>): (readonly [string, T])[] {
  return [...map].sort(([left], [right]) => (left < right ? -1 : 1));
}

function findingsOf({ certificates, repository }: EstateState): ReadonlyMap<string, FindingRecord> {
  const all = [
    ...sorted(certificates).flatMap(([, record]) => record.findings),
    ...(repository?.findings ?? []),
  ];
  return new Map(all.map((each) => [each.id, each]));
}

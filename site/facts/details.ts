/** What stands on the pages of single certificates and endpoints. Pure. */
import { endsAt } from '../../daemon/core/renewal.ts';
import type { CertificateRecord, EndpointRecord } from '../../daemon/core/record-format.ts';
import { limits } from '../../daemon/limits.ts';
import { cleanPem, cleanText } from '../src/lib/clean.ts';
import type { EndpointDetail, PlacedCertificate } from '../src/details/endpoint-body.ts';
import { certificateId, cleanDeep, cleanJson, type CertificateDetail } from '../src/lib/model.ts';
import type { Estate } from './estate.ts';
import { compareText } from './order.ts';
import type { SiteSources, Transition } from './sources.ts';

/** Answers for one certificate after another, as JSON of a `CertificateDetail`, cleaned; the history is sorted out once. */
export function certificateDetails(sources: SiteSources): (record: CertificateRecord) => string {
  const history = new Map<string, Transition[]>();
  for (const each of sources.history.transitions) {
    if (each.certificate === null) continue;
    const own = history.get(each.certificate);
    if (own === undefined) history.set(each.certificate, [each]);
    else own.push(each);
  }
  return (record) => {
    const id = certificateId(record);
    const own = history.get(id) ?? [];
    const chains = record.installations.flatMap(({ endpoint }) => {
      const key = `${id}@${endpoint}`;
      return Object.hasOwn(sources.chains, key) ? [[endpoint, sources.chains[key] ?? ''] as const] : [];
    });
    const detail: Omit<CertificateDetail, 'yaml' | 'chains'> = {
      record,
      history: own
        .filter((each) => each.phrase !== '')
        .slice(0, limits.site.detailHistoryMax)
        .map(({ at, commit, phrase }) => ({ at, commit, phrase })),
      changedBy: own[0]?.commit ?? null,
    };
    return withTexts(detail, Object.hasOwn(sources.texts, id) ? (sources.texts[id] ?? null) : null, chains);
  };
}

/** Texts of files keep their lines; everything else is one line. */
function withTexts(
  detail: Omit<CertificateDetail, 'yaml' | 'chains'>,
  yaml: string | null,
  chains: readonly (readonly [endpoint: string, pem: string])[],
): string {
  const texts: Pick<CertificateDetail, 'yaml' | 'chains'> = {
    yaml: yaml === null ? null : cleanText(yaml),
    chains: Object.fromEntries(chains.map(([name, pem]) => [cleanDeep(name), cleanPem(pem)])),
  };
  return `${cleanJson(detail).slice(0, -1)},${JSON.stringify(texts).slice(1)}`;
}

/** Every endpoint with what records place there, as JSON of an `EndpointDetail`, cleaned. */
export function endpointDetails(estate: Estate): readonly string[] {
  const placed = new Map<string, Map<string, PlacedCertificate>>(
    estate.endpoints.map(({ metadata, certificates }) => [
      metadata.name,
      new Map(certificates.map((id) => [id, { id, installation: null }])),
    ]),
  );
  for (const record of estate.certificates) {
    const id = certificateId(record);
    for (const { endpoint, status, profile, issued, addresses } of record.installations)
      placed.get(endpoint)?.set(id, {
        id,
        installation: {
          status,
          profile,
          notAfter: issued === null ? null : endsAt(issued),
          addresses: addresses
            .slice(0, limits.site.listItemsMax)
            .map(({ address, result }) => ({ address, result })),
        },
      });
  }
  return estate.endpoints.map((record: EndpointRecord) => {
    const detail: EndpointDetail = {
      record: { ...record, certificates: [] },
      placed: [...(placed.get(record.metadata.name)?.values() ?? [])]
        .sort((a, b) => compareText(a.id, b.id))
        .slice(0, limits.site.tableRowsMax),
    };
    return cleanJson(detail);
  });
}

/** Drift: what stands, what healed and how long it took; and what is served that renewd did not issue. Pure. */
import type {
  CertificateRecord,
  FindingRecord,
  InstallationRecord,
} from '../../daemon/core/record-format.ts';
import { limits } from '../../daemon/limits.ts';
import { certificateId, type Discovered, type DriftItem, type DriftSection } from '../src/lib/model.ts';
import type { Estate } from './estate.ts';
import { driftCodes } from './drift-codes.ts';
import { driftHistory } from './drift-history.ts';
import { sortedBy } from './order.ts';
import type { SiteSources } from './sources.ts';

/** The section. A drift keeps its id from the commit that saw it to the one that no longer did. */
export function driftFacts({ history }: SiteSources, estate: Estate): DriftSection {
  const { healed, standing } = driftHistory(history.transitions);
  const open = estate.findings.filter((each) => driftCodes.has(each.code));
  const tookMs = healed
    .map((each) => Date.parse(each.healedAt) - Date.parse(each.finding.since))
    .filter((ms) => ms >= 0)
    .sort((a, b) => a - b);
  return {
    open: sortedBy(open, (each) => `${each.since} ${each.id}`)
      .slice(0, limits.site.tableRowsMax)
      .map((each) => itemOf(each, standing.get(each.id)?.commit ?? null, null)),
    openCount: open.length,
    healed: sortedBy(healed, (each) => `${each.healedAt} ${each.finding.id}`)
      .reverse()
      .slice(0, limits.site.tableRowsMax)
      .map((each) => itemOf(each.finding, each.commit, { at: each.healedAt, commit: each.healedBy })),
    healedCount: healed.length,
    meanMs: tookMs.length === 0 ? null : tookMs.reduce((sum, ms) => sum + ms, 0) / tookMs.length,
    medianMs: tookMs[Math.floor((tookMs.length - 1) / 2)] ?? null,
    worstMs: tookMs.at(-1) ?? null,
    knownSince: history.knownSince,
  };
}

function itemOf(
  finding: FindingRecord,
  openedBy: string | null,
  healed: { readonly at: string; readonly commit: string } | null,
): DriftItem {
  const { id, certificate, endpoint, address, code, message, expected, observed, since } = finding;
  return {
    id,
    certificate: certificate ?? '',
    endpoint,
    address,
    code,
    message,
    expected,
    observed,
    since,
    healedAt: healed?.at ?? null,
    openedBy,
    healedBy: healed?.commit ?? null,
  };
}

/** Results that say that what is served is a certificate of ours. */
const own: ReadonlySet<string> = new Set(['served-match', 'served-previous', 'served-other-known']);

/** Certificates that are served or stood there and that renewd did not issue. */
export function discoveredFacts({ certificates }: Estate): Discovered {
  const issuedHere = new Set<string>();
  for (const { installations } of certificates)
    for (const { issued, previous } of installations)
      for (const each of [issued, previous]) if (each !== null) issuedHere.add(each.fingerprint);
  const items = certificates.flatMap((record) =>
    record.installations.flatMap((each) => discoveredAt(record, each, issuedHere)),
  );
  return { items: items.slice(0, limits.site.tableRowsMax), total: items.length };
}

function discoveredAt(
  record: CertificateRecord,
  installation: InstallationRecord,
  issuedHere: ReadonlySet<string>,
): Discovered['items'] {
  const { declaration } = record;
  const { endpoint, issued } = installation;
  const shared = {
    certificate: certificateId(record),
    endpoint,
    drift: declaration.drift,
    file: declaration.file,
    ended: declaration.withdrawn || declaration.state === 'retired',
  };
  // One that is expired or for another name is a stranger all the same, unless a record knows it.
  const strangers = installation.addresses
    .filter(
      (each) => each.served !== null && !own.has(each.result) && !issuedHere.has(each.fingerprint ?? ''),
    )
    .map(({ address, fingerprint, served }) => ({
      ...shared,
      kind: 'stranger' as const,
      address,
      subject: served?.subject ?? '',
      issuer: served?.issuer ?? '',
      notAfter: served?.notAfter ?? null,
      fingerprint,
    }));
  if (issued === null || issued.issuedBy !== null) return strangers;
  const { subject, issuer, notAfter, fingerprint } = issued;
  return [...strangers, { ...shared, kind: 'found', address: null, subject, issuer, notAfter, fingerprint }];
}

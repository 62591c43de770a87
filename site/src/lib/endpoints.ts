/** Endpoints in values: their order, and what each of their certificates looks like from there. */
import type {
  AddressRecord,
  CertificateRecord,
  EndpointRecord,
  InstallationRecord,
} from '../../../daemon/core/record-format.ts';
import { certificateId } from './model.ts';
import { compareText } from './posture.ts';
import { reachWords } from './words.ts';

const order = Object.keys(reachWords);

/** Those that cannot be read first, then by name. */
export function sortEndpoints(endpoints: readonly EndpointRecord[]): readonly EndpointRecord[] {
  return [...endpoints].sort(
    (a, b) =>
      order.indexOf(a.status) - order.indexOf(b.status) || compareText(a.metadata.name, b.metadata.name),
  );
}

export interface Placed {
  readonly id: string;
  readonly installation: InstallationRecord | null;
  readonly addresses: readonly AddressRecord[];
}

/** The certificates that an endpoint's record or a certificate's record places there, by id; `installation` is null when no record has one. */
export function placedAt(
  endpoint: EndpointRecord,
  certificates: readonly CertificateRecord[],
): readonly Placed[] {
  const placed = new Map<string, Placed>(
    endpoint.certificates.map((id) => [id, { id, installation: null, addresses: [] }]),
  );
  for (const record of certificates) {
    for (const installation of record.installations) {
      if (installation.endpoint !== endpoint.metadata.name) continue;
      const id = certificateId(record);
      placed.set(id, { id, installation, addresses: installation.addresses });
    }
  }
  return [...placed.values()].sort((a, b) => compareText(a.id, b.id));
}

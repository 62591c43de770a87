/** Builders of believable records for the tests of the site: short to write, complete as the format demands. */
import { createHash } from 'node:crypto';
import type {
  AddressRecord,
  CertificateRecord,
  CertificateStatus,
  EndpointRecord,
  FindingRecord,
  InstallationRecord,
  IssuedRecord,
} from '../../daemon/core/record-format.ts';

/** 64 hex digits that depend on the text alone. */
export const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
/** 40 hex digits that depend on the text alone. */
export const oid = (text: string): string => createHash('sha1').update(text).digest('hex');

export function issued(
  id: string,
  dnsNames: readonly string[],
  notBefore: string,
  notAfter: string,
  rest: Partial<IssuedRecord> = {},
): IssuedRecord {
  return {
    generation: `g-${notBefore.slice(0, 10).replaceAll('-', '')}-${digest(id).slice(0, 6)}`,
    serial: `04${digest(`serial ${id} ${notBefore}`).slice(0, 30)}`,
    fingerprint: digest(`leaf ${id} ${notBefore}`),
    spki: digest(`key ${id} ${notBefore}`),
    subject: `CN=${dnsNames[0] ?? ''}`,
    issuer: 'CN=Kestrel Issuing CA 3,O=Kestrel Rail,C=NL',
    dnsNames,
    ipAddresses: [],
    notBefore,
    notAfter,
    keyAlgorithm: 'ecdsa-p256',
    keyBits: 256,
    signatureAlgorithm: 'ecdsa-with-SHA256',
    because: 'renewal was due',
    issuedBy: 'kestrel-ca',
    csr: digest(`csr ${id} ${notBefore}`),
    installedAt: `${notBefore.slice(0, 10)}T04:12:31Z`,
    provedAt: `${notBefore.slice(0, 10)}T04:12:34Z`,
    ...rest,
  };
}

export function address(
  host: string,
  leaf: IssuedRecord | null,
  rest: Partial<AddressRecord> = {},
): AddressRecord {
  return {
    address: `${host}:443`,
    serverName: host,
    result: 'served-match',
    fingerprint: leaf?.fingerprint ?? null,
    served: leaf === null ? null : { subject: leaf.subject, issuer: leaf.issuer, notAfter: leaf.notAfter },
    since: leaf?.provedAt ?? '2026-11-20T08:00:00Z',
    ...rest,
  };
}

export function installation(
  endpoint: string,
  status: CertificateStatus,
  leaf: IssuedRecord | null,
  addresses: readonly AddressRecord[],
  rest: Partial<InstallationRecord> = {},
): InstallationRecord {
  return {
    endpoint,
    profile: 'nginx',
    status,
    issued: leaf,
    previous: null,
    renewAt: null,
    addresses,
    since: leaf?.provedAt ?? '2026-11-20T08:00:00Z',
    ...rest,
  };
}

export function finding(
  code: string,
  severity: FindingRecord['severity'],
  message: string,
  remedy: string,
  rest: Partial<FindingRecord> = {},
): FindingRecord {
  return {
    id: digest(`${code} ${message}`).slice(0, 16),
    code,
    severity,
    message,
    remedy,
    certificate: null,
    endpoint: null,
    address: null,
    expected: null,
    observed: null,
    rule: null,
    at: null,
    since: '2026-11-20T09:12:00Z',
    ...rest,
  };
}

export function certificate(
  id: string,
  status: CertificateStatus,
  since: string,
  dnsNames: readonly string[],
  installations: readonly InstallationRecord[],
  findings: readonly FindingRecord[] = [],
  declaration: Partial<CertificateRecord['declaration']> = {},
): CertificateRecord {
  const [team = '', name = ''] = id.split('/');
  return {
    apiVersion: 'renewd/v1',
    kind: 'CertificateRecord',
    metadata: { name, team },
    declaration: {
      file: `inventory/certificates/${id}.yaml`,
      blob: oid(`blob ${id}`),
      dnsNames,
      ipAddresses: [],
      issuer: 'kestrel-ca',
      keyAlgorithm: 'ecdsa-p256',
      state: 'present',
      drift: 'enforce',
      labels: { env: 'prod' },
      withdrawn: false,
      ...declaration,
    },
    status,
    since,
    installations,
    findings,
  };
}

export function endpoint(
  name: string,
  team: string | null,
  location: string,
  certificates: readonly string[],
  rest: Partial<EndpointRecord> = {},
): EndpointRecord {
  return {
    apiVersion: 'renewd/v1',
    kind: 'EndpointRecord',
    metadata: { name, team },
    type: 'ssh',
    location,
    status: 'reachable',
    since: '2026-09-02T06:30:00Z',
    certificates,
    findings: [],
    ...rest,
  };
}

/**
 * From judgement to records: the only place where a status or a finding gets its `since`. A record made from the same facts is the same bytes;
 * nothing here changes by itself (no ages, no counters, no "last checked").
 */
import type { Assessment, FindingDraft } from './assess.ts';
import { findingCodes, type FindingCode } from './finding-codes.ts';
import { findingDraft } from './finding-draft.ts';
import type { Installed } from './installation-state.ts';
import type { Certificate, CertificateFacts, DocumentProblem, Endpoint, Instant } from './model.ts';
import {
  recordApiVersion,
  type AddressRecord,
  type CertificateRecord,
  type EndpointRecord,
  type FindingRecord,
  type InstallationRecord,
  type IssuedRecord,
  type RepositoryFindings,
  type Timestamp,
} from './record-format.ts';
import { worstStatus } from './status.ts';
import { instantOf, timestamp } from './timestamp.ts';

/** Facts of a leaf as they stand in a record. `installedAt`, `proof` and `provedAt` are added when they happened. */
export function issuedRecord(
  facts: CertificateFacts,
  origin: Pick<IssuedRecord, 'generation' | 'because' | 'issuedBy' | 'csr' | 'source'>,
): IssuedRecord {
  return {
    generation: origin.generation,
    serial: facts.serial,
    fingerprint: facts.fingerprint,
    spki: facts.spki,
    subject: facts.subject,
    issuer: facts.issuer,
    dnsNames: [...facts.dnsNames].sort(),
    ipAddresses: [...facts.ipAddresses].sort(),
    notBefore: timestamp(facts.notBefore),
    notAfter: timestamp(facts.notAfter),
    keyAlgorithm: facts.keyAlgorithm,
    keyBits: facts.keyBits,
    signatureAlgorithm: facts.signatureAlgorithm,
    because: origin.because,
    issuedBy: origin.issuedBy,
    csr: origin.csr,
    ...(origin.source === undefined ? {} : { source: origin.source }),
    installedAt: null,
    provedAt: null,
  };
}

/** What a record knows of a certificate, as rules look at it. Usages are those that were asked for: a record does not keep them. Pure. */
export function factsOfRecord(issued: IssuedRecord, usages: readonly string[]): CertificateFacts {
  return {
    fingerprint: issued.fingerprint,
    spki: issued.spki,
    serial: issued.serial,
    subject: issued.subject,
    issuer: issued.issuer,
    dnsNames: issued.dnsNames,
    ipAddresses: issued.ipAddresses,
    notBefore: instantOf(issued.notBefore),
    notAfter: instantOf(issued.notAfter),
    keyAlgorithm: issued.keyAlgorithm,
    keyBits: issued.keyBits,
    signatureAlgorithm: issued.signatureAlgorithm,
    usages,
    isCa: false,
    selfSigned: issued.subject === issued.issuer,
  };
}

export interface CertificateRecordInput {
  readonly certificate: Certificate;
  readonly withdrawn: boolean;
  readonly assessments: readonly Assessment[];
  readonly installed: ReadonlyMap<string, Installed | null>;
  /** The record as last committed; null for a new one. Its `since` values are kept for what did not change. */
  readonly previous: CertificateRecord | null;
  readonly now: Instant;
}

/** The record of one certificate. Pure. */
export function certificateRecord(input: CertificateRecordInput): CertificateRecord {
  const { certificate, assessments, previous, now } = input;
  const status = worstStatus(assessments.map((each) => each.status));
  return {
    apiVersion: recordApiVersion,
    kind: 'CertificateRecord',
    metadata: { name: certificate.name, team: certificate.team },
    declaration: {
      file: certificate.source.file,
      blob: certificate.blob,
      dnsNames: certificate.dnsNames,
      ipAddresses: certificate.ipAddresses,
      issuer: certificate.issuer,
      keyAlgorithm: certificate.key.algorithm,
      state: certificate.state,
      drift: certificate.drift,
      labels: sortedLabels(certificate.labels),
      withdrawn: input.withdrawn,
    },
    status,
    since: previous?.status === status ? previous.since : timestamp(now),
    installations: assessments.map((assessment) => installationRecord(input, assessment)),
    findings: findingRecords(
      assessments.flatMap((each) => each.findings),
      previous?.findings ?? [],
      now,
    ),
  };
}

function sortedLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).sort(([left], [right]) => (left < right ? -1 : 1)));
}

function installationRecord(input: CertificateRecordInput, assessment: Assessment): InstallationRecord {
  const { certificate, previous, now } = input;
  const installation = certificate.installations.find((each) => each.id === assessment.installation);
  if (installation === undefined) throw new Error(`${assessment.installation} is not of ${certificate.id}`);
  const before = previous?.installations.find((each) => each.endpoint === installation.endpoint);
  const installed = input.installed.get(installation.id) ?? null;
  return {
    endpoint: installation.endpoint,
    profile: installation.profile,
    status: assessment.status,
    issued: installed?.issued ?? null,
    previous: installed?.previous ?? null,
    renewAt: installed?.renewAt == null ? null : timestamp(installed.renewAt),
    addresses: assessment.addresses.map((each): AddressRecord => {
      const { leaf, address } = each.handshake;
      const place = `${address.host}:${String(address.port)}`;
      const fingerprint = leaf?.fingerprint ?? null;
      const old = before?.addresses.find(
        (other) => other.address === place && other.serverName === address.serverName,
      );
      const same = old?.result === each.result && old.fingerprint === fingerprint;
      return {
        address: place,
        serverName: address.serverName,
        result: each.result,
        fingerprint,
        served:
          leaf === null
            ? null
            : { subject: leaf.subject, issuer: leaf.issuer, notAfter: timestamp(leaf.notAfter) },
        since: same ? old.since : timestamp(now),
      };
    }),
    since: before?.status === assessment.status ? before.since : timestamp(now),
  };
}

/** Gives each finding its `since`: that of the same finding in `previous`, or now. Sorted by id, so that order never makes a difference. */
export function findingRecords(
  drafts: readonly FindingDraft[],
  previous: readonly FindingRecord[],
  now: Instant,
): FindingRecord[] {
  const since = new Map(previous.map((each) => [each.id, each.since]));
  return [...drafts]
    .sort((left, right) => (left.id < right.id ? -1 : 1))
    .map((draft) => findingRecord(draft, since.get(draft.id) ?? timestamp(now)));
}

function findingRecord(draft: FindingDraft, since: Timestamp): FindingRecord {
  const { rule, source } = draft;
  return {
    id: draft.id,
    code: draft.code,
    severity: draft.severity,
    message: draft.message,
    remedy: draft.remedy,
    certificate: draft.certificate,
    endpoint: draft.endpoint,
    address: draft.address,
    expected: draft.expected,
    observed: draft.observed,
    rule: rule === null ? null : { id: rule.id, policy: rule.policy, at: place(rule.source) },
    at: source === null ? null : place(source),
    since,
  };
}

function place(source: { readonly file: string; readonly line: number; readonly column: number }): string {
  return `${source.file}:${String(source.line)}:${String(source.column)}`;
}

export interface EndpointRecordInput {
  readonly endpoint: Endpoint;
  /** For people: `host:port`. */
  readonly location: string;
  readonly certificates: readonly string[];
  /** null: never looked at. */
  readonly reachable: boolean | null;
  readonly findings: readonly FindingDraft[];
  readonly previous: EndpointRecord | null;
  readonly now: Instant;
}

/** The record of one endpoint. Pure. */
export function endpointRecord(input: EndpointRecordInput): EndpointRecord {
  const { endpoint, previous, now } = input;
  const status = input.reachable === null ? 'unknown' : input.reachable ? 'reachable' : 'unreachable';
  return {
    apiVersion: recordApiVersion,
    kind: 'EndpointRecord',
    metadata: { name: endpoint.name, team: endpoint.team },
    type: endpoint.type,
    location: input.location,
    status,
    since: previous?.status === status ? previous.since : timestamp(now),
    certificates: [...input.certificates].sort(),
    findings: findingRecords(input.findings, previous?.findings ?? [], now),
  };
}

/** Findings that belong to no resource: documents that could not be read, history that was rewritten. Pure. */
export function repositoryFindings(
  drafts: readonly FindingDraft[],
  previous: RepositoryFindings | null,
  now: Instant,
): RepositoryFindings {
  return {
    apiVersion: recordApiVersion,
    kind: 'RepositoryFindings',
    findings: findingRecords(drafts, previous?.findings ?? [], now),
  };
}

/** Codes of problems that are findings of their own kind. */
const findingOfProblem: Readonly<Record<string, FindingCode>> = {
  'reference-dangling': 'reference-dangling',
  'governance-unreadable': 'governance-unreadable',
  'profile-parameter': 'placement-refused',
  'path-claimed': 'placement-refused',
  'address-refused': 'address-refused',
};

/** A mistake in a document as a finding. Pure. */
export function documentFinding(problem: DocumentProblem, remedy: string): FindingDraft {
  const { source } = problem;
  const code = findingOfProblem[problem.code] ?? 'document-invalid';
  return findingDraft(code, {
    id: `document ${place(source)} ${problem.code}`,
    severity: problem.severity,
    message: problem.message,
    remedy: code === 'placement-refused' || code === 'address-refused' ? findingCodes[code].remedy : remedy,
    observed: problem.excerpt,
    source,
  });
}

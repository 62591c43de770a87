/**
 * What each kind of record has to look like: one shape a kind, beside the types of `core/record-format.ts`. A record that does not fit is never used.
 * The types say what we write; this says what we believe. Pure.
 */
import { proofStates } from '../core/proof.ts';
import { recordApiVersion } from '../core/record-format.ts';
import { statusPrecedence } from '../core/status.ts';
import {
  date,
  flag,
  labels,
  list,
  matching,
  moment,
  nullable,
  object,
  oneOf,
  optional,
  text,
  whole,
  type Shape,
} from './shape.ts';

const name = matching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/, 'name');
const oid = matching(/^[0-9a-f]{40}$/, 'commit id');
const sha256 = matching(/^[0-9a-f]{64}$/, 'SHA-256');
const serial = matching(/^[0-9a-f]{1,64}$/i, 'serial number');
const status = oneOf(...statusPrecedence);
const severity = oneOf('info', 'warning', 'error', 'critical');
const names = list(text(512));
const head = (kind: string): Readonly<Record<string, Shape>> => ({
  apiVersion: oneOf(recordApiVersion),
  kind: oneOf(kind),
});

const finding = object({
  id: text(),
  code: text(200),
  severity,
  message: text(),
  remedy: text(),
  certificate: nullable(text()),
  endpoint: nullable(text()),
  address: nullable(text()),
  expected: nullable(text()),
  observed: nullable(text()),
  rule: nullable(object({ id: text(), policy: text(), at: text() })),
  at: nullable(text()),
  since: moment,
});

const issued = object({
  generation: nullable(text(200)),
  serial,
  fingerprint: sha256,
  spki: sha256,
  subject: text(),
  issuer: text(),
  dnsNames: names,
  ipAddresses: names,
  notBefore: date,
  notAfter: date,
  chainEnds: optional(date),
  keyAlgorithm: text(100),
  keyBits: whole(0, 1_000_000),
  signatureAlgorithm: text(200),
  because: nullable(text()),
  issuedBy: nullable(name),
  csr: nullable(sha256),
  source: optional(nullable(oid)),
  installedAt: nullable(moment),
  proof: optional(oneOf(...proofStates)),
  provedAt: nullable(moment),
});

const address = object({
  address: text(1024),
  serverName: text(1024),
  result: text(100),
  fingerprint: nullable(sha256),
  served: nullable(object({ subject: text(), issuer: text(), notAfter: date })),
  since: moment,
});

const installation = object({
  endpoint: name,
  profile: name,
  status,
  issued: nullable(issued),
  previous: nullable(issued),
  renewAt: nullable(date),
  addresses: list(address),
  since: moment,
});

const certificate = object({
  ...head('CertificateRecord'),
  metadata: object({ name, team: name }),
  declaration: object({
    file: text(),
    blob: text(100),
    dnsNames: names,
    ipAddresses: names,
    issuer: text(512),
    keyAlgorithm: text(100),
    state: oneOf('present', 'retired'),
    drift: oneOf('enforce', 'report', 'observe'),
    labels,
    withdrawn: flag,
  }),
  status,
  since: moment,
  installations: list(installation),
  findings: list(finding),
});

const endpoint = object({
  ...head('EndpointRecord'),
  metadata: object({ name, team: nullable(text(512)) }),
  type: text(100),
  location: text(),
  status: oneOf('reachable', 'unreachable', 'unknown'),
  since: moment,
  certificates: list(text(1024)),
  findings: list(finding),
});

const plan = object({
  apiVersion: oneOf('renewd/v1'),
  kind: oneOf('ChangePlan'),
  documents: list(object({ path: text(), before: nullable(text(100)), after: nullable(text(100)) })),
  certificates: list(
    object({
      certificate: text(),
      change: oneOf('requested', 'changed', 'retired', 'withdrawn'),
      file: text(),
      dnsNames: names,
      issuer: text(),
      keyAlgorithm: text(),
      fields: list(object({})),
      steps: list(object({})),
    }),
  ),
  resources: list(object({ kind: text(100), name: text(), change: text(100), file: text() })),
  orders: list(object({ issuer: text(), certificates: whole(0, 1e9), names: whole(0, 1e9) })),
  reaches: optional(
    list(object({ kind: oneOf('Endpoint', 'Issuer', 'Profile'), name: text(), digest: nullable(sha256) })),
  ),
});

const change = object({
  ...head('ChangeRecord'),
  commit: oid,
  previous: nullable(oid),
  subject: text(),
  author: text(),
  // A committer chooses this date: it is not believed anywhere, so it may be any.
  committedAt: date,
  seenAt: moment,
  outcome: oneOf('accepted', 'waiting', 'refused', 'trusted'),
  acceptedAt: nullable(moment),
  reasons: list(object({ code: text(200), message: text(), fix: text() })),
  commits: list(
    object({ commit: oid, verdict: text(100), principals: list(text()), key: nullable(text(16_384)) }),
  ),
  approvals: list(
    object({
      rule: text(),
      needed: whole(0, 1e6),
      by: list(object({ principal: text(), commit: oid })),
      satisfied: flag,
    }),
  ),
  breakGlass: nullable(object({ principal: text(), reason: text() })),
  hash: nullable(sha256),
  judgedBy: list(text()),
  part: optional(object({ files: whole(1, 1e6), paths: list(text()) })),
  leftOut: optional(object({ changes: whole(1, 1e9), first: oid })),
  plan: nullable(plan),
});

const issuance = object({
  ...head('IssuanceRecord'),
  issuer: name,
  serial,
  fingerprint: sha256,
  certificate: text(),
  dnsNames: names,
  ipAddresses: names,
  spki: sha256,
  notBefore: date,
  notAfter: date,
  issuedAt: moment,
  pem: text(),
});

const instanceId = matching(/^[0-9a-f]{16}$/, 'instance id');
const mark = matching(/^[0-9a-f]{16}$/, 'mark');

/** The shape of each kind. */
export const shapes = {
  CertificateRecord: certificate,
  EndpointRecord: endpoint,
  RepositoryFindings: object({ ...head('RepositoryFindings'), findings: list(finding) }),
  Heartbeat: object({
    ...head('Heartbeat'),
    instance: text(512),
    version: text(100),
    at: moment,
    id: optional(instanceId),
    nonce: optional(mark),
    ended: optional(flag),
    since: optional(moment),
    beside: optional(
      object({
        instance: text(512),
        id: instanceId,
        nonce: mark,
        at: moment,
        since: moment,
        claims: flag,
      }),
    ),
    source: oid,
  }),
  ChangeRecord: change,
  IssuanceRecord: issuance,
} as const satisfies Readonly<Record<string, Shape>>;

export type RecordKind = keyof typeof shapes;

/**
 * The records renewd commits: the published contract of the state branch. Facts and transitions only:
 * a record that did not change produces the same bytes. Version them on purpose (`apiVersion`).
 */

export const recordApiVersion = 'renewd/v1';

/** RFC 3339, UTC, whole seconds: `2026-11-20T10:00:00Z`. */
export type Timestamp = string;

/** `certificates/<team>/<name>.json`. */
export interface CertificateRecord {
  readonly apiVersion: typeof recordApiVersion;
  readonly kind: 'CertificateRecord';
  readonly metadata: { readonly name: string; readonly team: string };
  readonly declaration: {
    readonly file: string;
    readonly blob: string;
    readonly dnsNames: readonly string[];
    readonly ipAddresses: readonly string[];
    readonly issuer: string;
    readonly keyAlgorithm: string;
    readonly state: 'present' | 'retired';
    readonly drift: 'enforce' | 'report' | 'observe';
    readonly labels: Readonly<Record<string, string>>;
    /** Set when the file is gone from the intent branch: nothing is uninstalled, everything is still watched. */
    readonly withdrawn: boolean;
  };
  /** The worst over the installations, by the precedence in `core/status.ts`. */
  readonly status: CertificateStatus;
  readonly since: Timestamp;
  readonly installations: readonly InstallationRecord[];
  readonly findings: readonly FindingRecord[];
}

/** One word a certificate, published precedence: the first that applies, in this order (see `core/status.ts`). */
export type CertificateStatus =
  | 'expired'
  | 'failing'
  | 'drift'
  | 'blocked'
  | 'overdue'
  | 'unknown'
  | 'non-compliant'
  | 'renewal-due'
  | 'pending'
  | 'retired'
  | 'ok';

export interface InstallationRecord {
  readonly endpoint: string;
  readonly profile: string;
  readonly status: CertificateStatus;
  /** null until the first certificate was issued by renewd or seen there. */
  readonly issued: IssuedRecord | null;
  /** The one before, for rollback and for naming what is served; null when there is none. */
  readonly previous: IssuedRecord | null;
  /** When renewal is due; drawn once per certificate and kept. */
  readonly renewAt: Timestamp | null;
  readonly addresses: readonly AddressRecord[];
  readonly since: Timestamp;
}

/** `served`: a handshake showed it at every declared address. `nothing-to-prove`: installed, and no address is declared. `awaited`: not yet at every one. */
export type ProofState = 'served' | 'nothing-to-prove' | 'awaited';

export interface IssuedRecord {
  readonly generation: string | null;
  readonly serial: string;
  readonly fingerprint: string;
  readonly spki: string;
  readonly subject: string;
  readonly issuer: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly notBefore: Timestamp;
  readonly notAfter: Timestamp;
  /** When the chain above it first breaks, where that is before `notAfter`: clients refuse it from then on. Missing otherwise. */
  readonly chainEnds?: Timestamp;
  readonly keyAlgorithm: string;
  readonly keyBits: number;
  readonly signatureAlgorithm: string;
  /** Why it was issued; null for one found in place. */
  readonly because: string | null;
  /** Name of the issuer resource that issued it; null for one found in place. */
  readonly issuedBy: string | null;
  /** SHA-256 of the CSR DER; null for one found in place. */
  readonly csr: string | null;
  /** Commit of the intent branch that was in force when it was issued; null or missing for one found in place and in records of an older renewd. */
  readonly source?: string | null;
  readonly installedAt: Timestamp | null;
  /** Missing in records of an older renewd, which set `provedAt` also where no address is declared. Read both through `core/proof.ts`. */
  readonly proof?: ProofState;
  /** When a handshake first proved it served at every declared address; null until then, and where none is declared. */
  readonly provedAt: Timestamp | null;
}

export interface AddressRecord {
  /** `host:port`. */
  readonly address: string;
  readonly serverName: string;
  readonly result: string;
  /** Fingerprint of the leaf that was served; null when none. */
  readonly fingerprint: string | null;
  /** Who issued what is served and until when it holds; null when none. */
  readonly served: {
    readonly subject: string;
    readonly issuer: string;
    readonly notAfter: Timestamp;
  } | null;
  readonly since: Timestamp;
}

export interface FindingRecord {
  readonly id: string;
  readonly code: string;
  readonly severity: 'info' | 'warning' | 'error' | 'critical';
  readonly message: string;
  readonly remedy: string;
  readonly certificate: string | null;
  readonly endpoint: string | null;
  readonly address: string | null;
  readonly expected: string | null;
  readonly observed: string | null;
  readonly rule: { readonly id: string; readonly policy: string; readonly at: string } | null;
  /** `file:line:column`, null where it does not come from a declaration. */
  readonly at: string | null;
  readonly since: Timestamp;
}

/** `endpoints/<name>.json`. */
export interface EndpointRecord {
  readonly apiVersion: typeof recordApiVersion;
  readonly kind: 'EndpointRecord';
  readonly metadata: { readonly name: string; readonly team: string | null };
  readonly type: string;
  /** Host and port as declared, for people. */
  readonly location: string;
  readonly status: 'reachable' | 'unreachable' | 'unknown';
  readonly since: Timestamp;
  /** `team/name` of each certificate declared there, sorted. */
  readonly certificates: readonly string[];
  readonly findings: readonly FindingRecord[];
}

/** `findings/repository.json`: trouble that belongs to no single resource: bad documents, frozen history. */
export interface RepositoryFindings {
  readonly apiVersion: typeof recordApiVersion;
  readonly kind: 'RepositoryFindings';
  readonly findings: readonly FindingRecord[];
}

/** A process as it said itself in a heartbeat. */
export interface Party {
  /** Its host. */
  readonly instance: string;
  /** Names its data directory, and this beat of it. */
  readonly id: string;
  readonly nonce: string;
  readonly at: Timestamp;
  /** Since when it works there, or waits. */
  readonly since: Timestamp;
  /** It changes things, or would if nobody else did. Otherwise it gave way. */
  readonly claims: boolean;
}

/** `heartbeat.json`: the only file that may change by itself, at most hourly. */
export interface Heartbeat {
  readonly apiVersion: typeof recordApiVersion;
  readonly kind: 'Heartbeat';
  readonly instance: string;
  readonly version: string;
  readonly at: Timestamp;
  /** Names the data directory of the daemon, and this beat: a copy of the directory makes others. Missing in beats of an older renewd. */
  readonly id?: string;
  readonly nonce?: string;
  /** True where whoever wrote it ended with its work (`renewd once`): nobody has to wait for it. */
  readonly ended?: boolean;
  /** When this process began to work there. */
  readonly since?: Timestamp;
  /** Another process beside it: one that waits, or one that worked there too, so that both stopped. */
  readonly beside?: Party;
  /** Commit of the intent branch the records are judged by. */
  readonly source: string;
}

/** `issuance/<issuer>/<serial>.json`: one line of the log of an embedded CA, written before the certificate leaves it. */
export interface IssuanceRecord {
  readonly apiVersion: typeof recordApiVersion;
  readonly kind: 'IssuanceRecord';
  readonly issuer: string;
  readonly serial: string;
  readonly fingerprint: string;
  readonly certificate: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly spki: string;
  readonly notBefore: Timestamp;
  readonly notAfter: Timestamp;
  readonly issuedAt: Timestamp;
  readonly pem: string;
}

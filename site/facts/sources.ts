/** What the reader of Git hands over: everything the site can tell, in the program's own types, nothing counted or cut yet. Values only. */
import type { Evidence } from '../../daemon/commands/evidence/pack.ts';
import type { ChangeRecord } from '../../daemon/core/change-record.ts';
import type {
  CustomRule,
  Endpoint,
  Issuer,
  Offer,
  Policy,
  PolicyPack,
  Profile,
  Program,
  Team,
  Waiver,
} from '../../daemon/core/model.ts';
import type {
  CertificateRecord,
  CertificateStatus,
  EndpointRecord,
  FindingRecord,
  Heartbeat,
  ProofState,
  RepositoryFindings,
  Timestamp,
} from '../../daemon/core/record-format.ts';
import type { AuthorityFacts, Forge, LogEntry, Redaction, Threshold } from '../src/lib/model.ts';

export interface SiteSources {
  /** The instant of the build. */
  readonly at: Timestamp;
  /** Tips that were read; empty where a branch is not there. */
  readonly state: string;
  readonly intent: string;
  readonly statePrefix: string;
  /** How people call the repository; null when nothing fit is known. Never an address with credentials. */
  readonly repository: string | null;
  readonly settings: SiteSettings;
  readonly records: {
    readonly certificates: readonly CertificateRecord[];
    readonly endpoints: readonly EndpointRecord[];
    readonly repository: RepositoryFindings | null;
    readonly heartbeat: Heartbeat | null;
  };
  readonly declared: DeclaredDocuments;
  readonly history: History;
  /** Newest first, the tip of the state branch at the front. */
  readonly log: readonly LogEntry[];
  /** True when older commits exist. */
  readonly logTruncated: boolean;
  /** How it was decided whose signature counts: by a list, or by the key of the oldest known commit, taken on trust. */
  readonly recordSigner: 'configured' | 'first-commit';
  /** Oldest first. */
  readonly changes: readonly ChangeRecord[];
  /** By quarter, newest first. */
  readonly evidence: readonly Evidence[];
  readonly authorities: readonly AuthorityFacts[];
  /** Text of the declaration by certificate id; only where it was read. */
  readonly texts: Readonly<Record<string, string>>;
  /** PEM, leaf first, by installation id `team/name@endpoint`; only where it was read. */
  readonly chains: Readonly<Record<string, string>>;
}

export interface SiteSettings {
  readonly redaction: Redaction;
  readonly forge: Forge | null;
  readonly staleAfterMs: number;
  /** Up to so many certificates, each has a page of its own; beyond, those that are in order are shown from shards. */
  readonly staticDetailMax: number;
  readonly thresholds: readonly Threshold[];
}

/** What the intent branch declares beside certificates, at the commit the records were judged by. */
export interface DeclaredDocuments {
  readonly teams: readonly Team[];
  readonly issuers: readonly Issuer[];
  readonly endpoints: readonly Endpoint[];
  readonly profiles: readonly Profile[];
  readonly policies: readonly Policy[];
  readonly packs: readonly PolicyPack[];
  readonly customRules: readonly CustomRule[];
  readonly waivers: readonly Waiver[];
  readonly offers: readonly Offer[];
  readonly programs: readonly Program[];
}

/** What the records came to say, from the newest commit back as far as it is known. */
export interface History {
  /** Newest first. */
  readonly transitions: readonly Transition[];
  /** Everything that happened at or after this instant is in `transitions`; null: nothing is known. */
  readonly knownSince: Timestamp | null;
  /** When the first record was ever made; null: before what is known. */
  readonly begun: Timestamp | null;
  /** Commits of the state branch with their instants, newest first, as far as they are known. */
  readonly commits: readonly { readonly oid: string; readonly at: Timestamp }[];
}

/** What one commit of the records changed about one certificate or endpoint. */
export interface Transition {
  readonly at: Timestamp;
  readonly commit: string;
  /** `team/name`; null: about an endpoint. */
  readonly certificate: string | null;
  readonly endpoint: string | null;
  /** Status before and after; null: it had no record, or it is no certificate. */
  readonly before: CertificateStatus | null;
  readonly after: CertificateStatus | null;
  /** What happened in words; empty when nothing a person would call a change. */
  readonly phrase: string;
  readonly issued: readonly IssuedNote[];
  /** What a handshake proved served for the first time. */
  readonly proved: readonly {
    readonly endpoint: string;
    readonly fingerprint: string;
    readonly at: Timestamp;
  }[];
  readonly opened: readonly FindingRecord[];
  /** Ids of findings that are no more. */
  readonly closed: readonly string[];
}

export interface IssuedNote {
  readonly endpoint: string;
  readonly serial: string;
  readonly fingerprint: string;
  readonly because: string | null;
  readonly issuedBy: string | null;
  readonly notBefore: Timestamp;
  readonly notAfter: Timestamp;
  /** As the first record that named it said. */
  readonly proof: ProofState;
  /** Of the certificate it took the place of; null: there was none. */
  readonly replaced: { readonly notBefore: Timestamp; readonly notAfter: Timestamp } | null;
}

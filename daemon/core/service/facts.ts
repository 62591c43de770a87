/** What the certificate service is measured by: facts of one period, all of them from records. Values only. */
import type { ChangeRecord } from '../change-record.ts';
import type { Instant, Offer, Program, Team, Waiver } from '../model.ts';
import type { Period } from '../period.ts';
import type { CertificateRecord, FindingRecord, ProofState } from '../record-format.ts';

/** One certificate that was issued and recorded. */
export interface Issuance {
  readonly installation: string;
  readonly certificate: string;
  readonly team: string;
  readonly serial: string;
  readonly fingerprint: string;
  readonly because: string | null;
  readonly issuedBy: string | null;
  /** When the records first said so. */
  readonly recordedAt: Instant;
  readonly proof: ProofState;
  /** When a handshake proved it; null unless `proof` is `served`. */
  readonly provedAt: Instant | null;
  /** Commit of the records. */
  readonly commit: string;
}

export interface ServiceFacts {
  readonly period: Period;
  /** Facts are known up to here: the end of the period, or now where it is not over. */
  readonly until: Instant;
  readonly program: Program | null;
  readonly teams: readonly Team[];
  readonly offers: readonly Offer[];
  readonly waivers: readonly Waiver[];
  readonly certificates: readonly CertificateRecord[];
  readonly repositoryFindings: readonly FindingRecord[];
  /** Seen in the period. */
  readonly changes: readonly ChangeRecord[];
  readonly issuances: readonly Issuance[];
  /** Change control demands signatures and approvals. */
  readonly controlled: boolean;
  /** The daemon's last sign of life; null: it never gave one. */
  readonly heartbeatAt: Instant | null;
}

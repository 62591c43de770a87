/** What a path is: certificates read once, the question that is asked of them, and the work that may go into the answer. */
import type { X509Certificate } from 'node:crypto';
import type { Instant } from '../core/model.ts';
import type { CertificateFields } from './certificate.ts';
import type { ComparisonBudget } from './name-constraints.ts';

/** One certificate, read once. */
export interface PathCertificate {
  readonly der: Uint8Array;
  readonly fields: CertificateFields;
  readonly parsed: X509Certificate;
  readonly selfIssued: boolean;
}

/** Leaf first, anchor last. */
export type Path = readonly PathCertificate[];

/**
 * How strictly a path is judged (docs/judgement.md). `private`: RFC 5280. `public`: the Baseline Requirements of the CA/Browser Forum on top of
 * it, for what everybody's browser trusts.
 */
export type JudgementProfile = 'public' | 'private';

export interface PathQuestion {
  readonly now: Instant;
  readonly serverName: string | null;
  readonly usage: 'serverAuth' | 'clientAuth';
  readonly profile: JudgementProfile;
  /** The anchors are trusted by somebody's decision: their own form is not judged, but all they say is obeyed. */
  readonly anchorsAsDeclared: boolean;
  readonly depthMax: number;
  readonly comparisons: ComparisonBudget;
}

export type Role = 'leaf' | 'intermediate' | 'root';

/** The role of each place in a path. */
export function roleAt(path: Path, index: number): Role {
  return index === 0 ? 'leaf' : index === path.length - 1 ? 'root' : 'intermediate';
}

/** A change of declarations as it is judged: the commits that bring it, who signed them, and what can be wrong with it. Values only. */
import type { ChangePlan, DocumentChange } from './change-plan.ts';
import type { Certificate, Desired, Instant, SourcePosition } from './model.ts';

/** What a signature says, as a judge of signatures found it. */
export interface SignatureFinding {
  readonly verdict: 'good' | 'bad' | 'unsigned' | 'unknown-key' | 'revoked' | 'expired';
  readonly principals: readonly string[];
  readonly key: string | null;
  readonly reason: string;
}

/** One new commit. */
export interface NewCommit {
  readonly oid: string;
  /** Why it cannot be read, or what in it breaks the grammar of Git; null: nothing. With such a commit a change is refused. */
  readonly malformed: string | null;
  /** It has more than one parent. */
  readonly merge: boolean;
  /** A merge that holds what Git merges without a person: every file as the side that changed it has it, or where several did, as all of them have it. */
  readonly automatic: boolean;
  readonly subject: string;
  /** As written in the commit: `Name <address>`. Anybody can write anything there; only signatures count. */
  readonly author: string;
  /** As its committer wrote it: chosen by whoever made the commit, and by nobody else where it is signed. */
  readonly committedAt: Instant;
  readonly signature: SignatureFinding;
  /** What its maker wrote: what it changes against its parent; of a merge, what is not merged by itself (a conflict solved, one side thrown away, anything new). */
  readonly paths: readonly Pick<DocumentChange, 'path' | 'after'>[];
  /** Those of `paths` that still stand as it wrote them at the end of the range: what a later commit replaced, it does not vouch for. */
  readonly brought: readonly Pick<DocumentChange, 'path' | 'after'>[];
  /**
   * Of the commit on the branch alone: what differs from its first parent. Its signer stands behind that, and not behind what came before it: a commit that could
   * not be read was stepped over, and whoever cleared it away did not look at the rest of it.
   */
  readonly changed?: readonly Pick<DocumentChange, 'path' | 'after'>[];
  /** Hashes of plans it approves (`Renewd-Approve`). */
  readonly approves: readonly string[];
  /** Commits made in an emergency that it says were reviewed (`Renewd-Review`). */
  readonly reviews: readonly string[];
  /** Why it may not wait (`Renewd-Break-Glass`); null: it may. */
  readonly breakGlass: string | null;
}

export interface ChangeInput {
  /** What is in force before the change: its policies, teams and change control judge. */
  readonly before: Desired;
  readonly after: Desired;
  readonly plan: ChangePlan;
  /** Of the plan and of what judges it; 64 hex digits. */
  readonly hash: string;
  /** The commit on the intent branch that brings the change, and every other new one it brings with it. */
  readonly tip: NewCommit;
  readonly commits: readonly NewCommit[];
  /** New commits that were not read because there are more than one merge may bring. Anything but 0 refuses the change. */
  readonly unread: number;
  /** Whether what was in force before lets a certificate be installed where it says, at the endpoints as they will be. Absent: nobody can say, and it counts as let. */
  readonly isPlaceAllowed?: (certificate: Certificate) => boolean;
  /** When it is judged: approvals count for a while. */
  readonly now: Instant;
}

export interface ChangeReason {
  readonly code:
    | 'commit-unsigned'
    | 'signature-bad'
    | 'signer-unknown'
    | 'signer-revoked'
    | 'signer-expired'
    | 'range-too-long'
    | 'change-too-large'
    | 'commit-malformed'
    | 'path-not-permitted'
    | 'label-reserved'
    | 'approval-missing'
    | 'approval-lapsed'
    | 'policy-widened'
    | 'would-lock-out';
  readonly message: string;
  readonly fix: string;
  readonly commit: string | null;
  readonly source: SourcePosition | null;
}

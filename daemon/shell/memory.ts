/**
 * What one process keeps between turns so that a turn with nothing to do costs nothing. All of it can be thrown away:
 * it is read again from the journal, from Git and from the endpoints (DESIGN section 3, level-triggered).
 */
import type { Assessment } from '../core/assess.ts';
import type { ChangeReason, NewCommit } from '../core/change-judgement.ts';
import { changeRecordKey, type ChangeRecord } from '../core/change-record.ts';
import type { Attempt, KnownLeaves } from '../core/installation-state.ts';
import type { IssuerEnd } from '../core/issuer-end.ts';
import type { Certificate, Desired, Installation, Observation } from '../core/model.ts';
import type {
  CertificateRecord,
  EndpointRecord,
  Heartbeat,
  RepositoryFindings,
} from '../core/record-format.ts';
import type { TreeEntryChange } from '../git/repository.ts';
import { calmClock, type ClockState } from './clock.ts';
import { newPresence, type Presence } from './instances.ts';
import { recallJournalTrouble, type JournalTrouble } from './journal-anchor.ts';
import { recallList } from './kept-lists.ts';
import { recallLagging, type Behind, type Rewritten } from './lagging.ts';
import { recallReleased } from './left.ts';
import { recallUnread, type UnreadIntent } from './unread.ts';
import type { WithheldChange } from './withheld.ts';
import { limits } from '../limits.ts';
import type { BelievedCommit } from '../records/signed-line.ts';
import type { Journal, StoredInstallation, StoredOperation } from '../journal/journal.ts';

/** A change that is not in force: refused, or waiting for approval. */
export interface HeldChange {
  readonly commit: string;
  readonly previous: string | null;
  readonly seenAt: number;
  /** What it would put in force. */
  readonly changes: readonly TreeEntryChange[];
  readonly tip: NewCommit;
  /** The commits that bring it, as they were judged when first seen. */
  readonly commits: readonly NewCommit[];
  /** Signed approvals of exactly this change that came after it (`joinApprovals`). Absent: none. */
  readonly approvals?: readonly NewCommit[];
  /** It can never be judged (it brings too much, or cannot be read): nobody lets it in, and only the first of its files are in `changes`. Absent: it can. */
  readonly leftBehind?: true;
  /** Commits of it that were not read: it stays refused. */
  readonly unread: number;
  readonly hash: string;
  /** What is accepted takes effect, whole or in part, and is not held. */
  readonly outcome: 'waiting' | 'refused';
  readonly reasons: readonly ChangeReason[];
}

/** A change made with the emergency key that nobody else has reviewed yet. */
export interface OpenReview {
  readonly commit: string;
  readonly subject: string;
  readonly principal: string;
  readonly reason: string;
  readonly openedAt: number;
  readonly dueAt: number;
  /** How long the review might take when it was opened. */
  readonly withinMs: number;
  /** Who made the change, by all their names and keys: no review of theirs counts. */
  readonly makers: { readonly principals: readonly string[]; readonly keys: readonly string[] };
  /** Lists of signers that were in force before; of earlier emergencies that nobody had reviewed then too. A reviewer must be on each. */
  readonly trust: readonly (readonly { readonly path: string; readonly oid: string }[])[];
  /** Principals who could change the files before, one list for each kind of file that nobody reviewed yet: one of each must. null: any signer known then. */
  readonly asks: readonly (readonly string[] | null)[];
  /** Principals of forges then: no persons. */
  readonly forges: readonly string[];
  /** It changed more than certificates, so perhaps who may review. */
  readonly governs: boolean;
}

export interface Memory {
  /** Commit of the intent branch whose documents are in force; null before the first. */
  accepted: string | null;
  desired: Desired | null;
  /** Set while the intent branch does not descend from the accepted commit, and for a while after. */
  rewritten: Rewritten | null;
  /** Set while the intent branch shows a commit older than the accepted one. */
  behind: Behind | null;
  /** Changes that are not in force, by commit. */
  readonly held: Map<string, HeldChange>;
  /** Changes that were not kept since there were too many, since the last time nothing was held: how many, and the newest of them. */
  readonly notKept: { count: number; commits: readonly string[] };
  readonly openReviews: Map<string, OpenReview>;
  /** Records of changes that are not yet published, by `changeRecordKey`. */
  readonly changeRecords: Map<string, ChangeRecord>;
  /** Changes whose records hold text that was withheld, by commit. */
  readonly withheld: Map<string, WithheldChange>;
  /** That the intent branch cannot be read, since when and why; null when it was read. */
  unread: UnreadIntent | null;
  /** Why the repository could not be read at the last try; null when it could. */
  repositoryTrouble: string | null;
  /** Tip of the state branch as we left it; null before the first look. */
  stateTip: string | null;
  /** The newest commit of it that we believe, as far as this process looked; null before it did. */
  believed: BelievedCommit | null;
  readonly installations: Map<string, StoredInstallation>;
  readonly operations: Map<string, StoredOperation>;
  readonly attempts: Map<string, Attempt>;
  readonly observations: Map<string, Observation>;
  readonly assessments: Map<string, Assessment>;
  readonly certificateRecords: Map<string, CertificateRecord>;
  readonly endpointRecords: Map<string, EndpointRecord>;
  repositoryRecord: RepositoryFindings | null;
  heartbeat: Heartbeat | null;
  /** What this process said of itself on the branch: before it said that it works there it changes nothing. */
  readonly presence: Presence;
  /**
   * The newest heartbeat of the branch that a commit of our keys wrote (`ours`), also where somebody wrote over it since: that one is `foreign`. Where there is none
   * of our keys: the one that stands there.
   */
  heard: {
    readonly beat: Heartbeat | null;
    readonly ours: boolean;
    readonly foreign: Heartbeat | null;
  } | null;
  /** Certificates whose declaration is gone: still watched. By id. */
  readonly withdrawn: Map<string, Certificate>;
  /** What declared certificates have left: installed at endpoints at which they are no longer declared, and still watched. By certificate. */
  readonly left: Map<string, readonly Installation[]>;
  /** Paths of records to be removed by the next commit: what they were of is watched no longer. */
  readonly released: Set<string>;
  /** Certificates to judge again whatever their due time. */
  readonly dirty: Set<string>;
  /** Certificates whose record must be written even if it did not change: someone else wrote over it. */
  readonly rewrite: Set<string>;
  endpointsDirty: boolean;
  /** Why the clock is not believed, and what is added to it meanwhile. */
  clock: ClockState;
  /** Endpoints, and the findings of the repository, that must be written even if they did not change. */
  readonly rewriteEndpoints: Set<string>;
  rewriteFindings: boolean;
  /** What somebody else changed on the state branch, as it was: path below the prefix to blob, null for what was not there. */
  readonly putBack: Map<string, string | null>;
  /** Tip of the records that are no longer in the history of their branch; null while nothing is lost. */
  lostTip: string | null;
  /** Endpoint to the certificates declared there. */
  readonly byEndpoint: Map<string, Set<string>>;
  /** Next instant each certificate must be judged again. */
  readonly dueAt: Map<string, number>;
  known: KnownLeaves;
  /** Why the log of issuance of an issuer is not published, by issuer. */
  readonly logTroubles: Map<
    string,
    { readonly code: 'issuance-log-changed' | 'ca-lost'; readonly message: string }
  >;
  /** When certificates of issuers in use end, and when that was looked up last. */
  issuerEnds: { readonly at: number; readonly ends: readonly IssuerEnd[] } | null;
  /** How the journal differed from what the records say of it; null when it never did. */
  journalTrouble: JournalTrouble | null;
  /** What issuers published last, by path: what a push took to the branch. */
  readonly publications: Map<string, string>;
  /** When each issuer is asked next for what it publishes, and the declaration it was asked with. An issuer that is missing here is asked with the next turn. */
  readonly publicationsDue: Map<string, { readonly blob: string; readonly at: number }>;
}

/** Memory as it is when a process starts: what the journal holds. IO: reads the journal. */
export function recall(journal: Journal): Memory {
  return {
    accepted: journal.fact('accepted-commit'),
    desired: null,
    ...recallLagging(journal),
    held: recalledHeld(journal),
    notKept: JSON.parse(journal.fact('changes-not-kept') ?? '{"count":0,"commits":[]}') as Memory['notKept'],
    openReviews: recalledReviews(journal),
    changeRecords: new Map(
      recallList<ChangeRecord>(journal, 'change-records').map((each) => [changeRecordKey(each), each]),
    ),
    withheld: recalled<WithheldChange>(journal, 'withheld-changes'),
    unread: recallUnread(journal),
    repositoryTrouble: null,
    stateTip: null,
    believed: null,
    installations: new Map(journal.installations()),
    operations: new Map(journal.operations()),
    attempts: new Map(journal.attempts()),
    observations: new Map(journal.observations()),
    assessments: new Map(),
    certificateRecords: new Map(),
    endpointRecords: new Map(),
    repositoryRecord: null,
    heartbeat: null,
    presence: newPresence(),
    heard: null,
    withdrawn: new Map(),
    left: new Map(),
    released: recallReleased(journal.fact('released-records')),
    dirty: new Set(),
    rewrite: new Set(),
    endpointsDirty: true,
    clock: calmClock,
    rewriteEndpoints: new Set(),
    rewriteFindings: false,
    putBack: new Map(),
    lostTip: null,
    byEndpoint: new Map(),
    dueAt: new Map(),
    known: new Map(),
    publications: new Map(),
    publicationsDue: new Map(),
    logTroubles: new Map(),
    issuerEnds: null,
    journalTrouble: recallJournalTrouble(journal),
  };
}

/** Held changes. What an older version kept says less: of its merges none counts as automatic, and a list as long as the bound was cut. */
function recalledHeld(journal: Journal): Map<string, HeldChange> {
  const held = new Map<string, HeldChange>();
  for (const each of recallList<KeptChange>(journal, 'held-changes')) {
    const commits = each.commits.map((one) => ({ automatic: false, brought: one.paths, ...one }));
    const cut = commits.length >= limits.governance.commitsPerMergeMax ? 1 : 0;
    const tip = { automatic: false, brought: each.tip.paths, ...each.tip };
    // An earlier version held what was accepted and widened its own policy; it is judged again with the next commit.
    const outcome = each.outcome === 'refused' ? 'refused' : 'waiting';
    held.set(each.commit, { unread: cut, ...each, tip, commits, outcome });
  }
  return held;
}

type KeptCommit = Omit<NewCommit, 'automatic' | 'brought'> & Partial<NewCommit>;
type KeptChange = Omit<HeldChange, 'tip' | 'commits' | 'unread'> &
  Partial<Pick<HeldChange, 'unread'>> & { readonly tip: KeptCommit; readonly commits: readonly KeptCommit[] };

/** Open debts. What an older version kept says less: any signer known now but the maker reviews it. */
function recalledReviews(journal: Journal): Map<string, OpenReview> {
  const open = new Map<string, OpenReview>();
  for (const each of listed<KeptReview>(journal, 'open-reviews')) {
    const makers = { principals: [each.principal], keys: [] };
    const withinMs = each.dueAt - each.openedAt;
    open.set(each.commit, { withinMs, makers, trust: [], asks: [null], forges: [], governs: true, ...each });
  }
  return open;
}

type KeptReview = Pick<OpenReview, 'commit' | 'subject' | 'principal' | 'reason' | 'openedAt' | 'dueAt'> &
  Partial<OpenReview>;

function recalled<T extends { readonly commit: string }>(journal: Journal, fact: string): Map<string, T> {
  return new Map(listed<T>(journal, fact).map((each) => [each.commit, each]));
}

function listed<T>(journal: Journal, fact: string): T[] {
  return JSON.parse(journal.fact(fact) ?? '[]') as T[];
}

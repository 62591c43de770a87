/** The record of a change: who asked, who approved exactly which plan, by which policy it was judged, and how. The first link of what an auditor follows. Pure. */
import type { ApprovalState } from './change-approval.ts';
import type { ChangeVerdict } from './change-judgement.ts';
import type { ChangePlan } from './change-plan.ts';
import type { NewCommit } from './change.ts';
import type { Instant } from './model.ts';
import { recordApiVersion, type Timestamp } from './record-format.ts';
import { timestamp } from './timestamp.ts';

/** Files in one change beyond which the plan is not written out: half a megabyte of JSON that nobody reads. */
const planDocumentsMax = 500;

/** `changes/<yyyy-mm>/<commit>.json`. */
export interface ChangeRecord {
  readonly apiVersion: typeof recordApiVersion;
  readonly kind: 'ChangeRecord';
  readonly commit: string;
  /** The commit of the intent branch before it; null for the first, which is taken on trust. */
  readonly previous: string | null;
  readonly subject: string;
  readonly author: string;
  readonly committedAt: Timestamp;
  /** When the daemon first saw it: signatures are judged at this time. */
  readonly seenAt: Timestamp;
  /** `trusted`: the first commit, which nothing before it could judge. */
  readonly outcome: ChangeVerdict['outcome'] | 'trusted';
  /** When it took effect; null while it has not. */
  readonly acceptedAt: Timestamp | null;
  readonly reasons: readonly { readonly code: string; readonly message: string; readonly fix: string }[];
  readonly commits: readonly {
    readonly commit: string;
    readonly verdict: string;
    readonly principals: readonly string[];
    readonly key: string | null;
  }[];
  readonly approvals: readonly Pick<ApprovalState, 'rule' | 'needed' | 'by' | 'satisfied'>[];
  readonly breakGlass: ChangeVerdict['breakGlass'];
  /** Hash of the plan and of what judged it; null for the first commit. */
  readonly hash: string | null;
  /** `path blob` of what judged it. */
  readonly judgedBy: readonly string[];
  /** Set where only a part of the change took effect while the rest was held: which files it is. The rest has the record of the whole change. */
  readonly part?: ChangePart;
  /** Set where changes that nobody known signed and that are not in force were too many to have a record each: this one stands for them. */
  readonly leftOut?: LeftOut;
  /** null for the first commit, for one that stands for others (`leftOut`), and for a change so large that only its hash is kept; a clone can make the plan again. */
  readonly plan: ChangePlan | null;
}

/** Changes for which one record stands. */
export interface LeftOut {
  /** How many, this one included. */
  readonly changes: number;
  /** Commit of the first of them; the one of the record is the last. */
  readonly first: string;
}

/** What of a change a record is about. */
export interface ChangePart {
  /** How many there are. */
  readonly files: number;
  /** At most 500 of them. */
  readonly paths: readonly string[];
}

export interface ChangeRecordInput {
  readonly commit: NewCommit;
  readonly previous: string | null;
  readonly seenAt: Instant;
  readonly acceptedAt: Instant | null;
  /** Files that took effect; null: the record is about the whole change. */
  readonly part: readonly string[] | null;
  readonly commits: readonly NewCommit[];
  readonly judged: {
    readonly verdict: ChangeVerdict;
    readonly plan: ChangePlan;
    readonly hash: string;
    readonly judgedBy: readonly string[];
  } | null;
}

/** The record. The same facts give the same bytes. */
export function changeRecord(input: ChangeRecordInput): ChangeRecord {
  const { commit, judged, acceptedAt } = input;
  return {
    apiVersion: recordApiVersion,
    kind: 'ChangeRecord',
    commit: commit.oid,
    previous: input.previous,
    subject: commit.subject,
    author: commit.author,
    committedAt: timestamp(commit.committedAt),
    seenAt: timestamp(input.seenAt),
    outcome: judged?.verdict.outcome ?? 'trusted',
    acceptedAt: acceptedAt === null ? null : timestamp(acceptedAt),
    reasons: (judged?.verdict.reasons ?? []).map(({ code, message, fix }) => ({ code, message, fix })),
    commits: input.commits.map(({ oid, signature }) => ({
      commit: oid,
      verdict: signature.verdict,
      principals: signature.principals,
      key: signature.key,
    })),
    approvals: (judged?.verdict.approvals ?? []).map(({ rule, needed, by, satisfied }) => ({
      rule,
      needed,
      by,
      satisfied,
    })),
    breakGlass: judged?.verdict.breakGlass ?? null,
    hash: judged?.hash ?? null,
    judgedBy: judged?.judgedBy ?? [],
    ...(input.part === null
      ? {}
      : { part: { files: input.part.length, paths: input.part.slice(0, planDocumentsMax) } }),
    plan: judged === null || judged.plan.documents.length > planDocumentsMax ? null : judged.plan,
  };
}

/** Tells records of one commit apart: of the whole change, and of the part of it that took effect first. */
export function changeRecordKey({ commit, part }: Pick<ChangeRecord, 'commit' | 'part'>): string {
  return part === undefined ? commit : `${commit}-part`;
}

/** Where it stands below the prefix of the records. */
export function changePath(record: Pick<ChangeRecord, 'commit' | 'part' | 'seenAt'>): string {
  return `changes/${record.seenAt.slice(0, 7)}/${changeRecordKey(record)}.json`;
}

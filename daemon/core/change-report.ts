/** What a pull request is told: the verdict with its lines, what will be done, what it costs, who must still approve. Values, and the verdict over them. Pure. */
import type { ApprovalState } from './change-approval.ts';
import type { ChangePlan } from './change-plan.ts';
import type { PolicyEffect } from './policy-effect.ts';

export interface ReportedProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `error` denies; `warning` breaks a rule that only reports; `note` is worth knowing. */
  readonly severity: 'error' | 'warning' | 'note';
  readonly code: string;
  readonly message: string;
  /** What to do; empty where the message says it. */
  readonly fix: string;
  /** The rule in words for people who are no TLS experts; null where it is not a rule. */
  readonly rule: {
    readonly id: string;
    readonly policy: string;
    readonly citation: string;
    readonly explanation: string;
    readonly at: string;
  } | null;
}

export interface OrderCost {
  readonly issuer: string;
  readonly certificates: number;
  /** The issuer's own limits as far as they are known, in words; null where none are known. */
  readonly limit: string | null;
}

export interface ChangeReport {
  readonly apiVersion: 'renewd/v1';
  readonly kind: 'ChangeReport';
  readonly base: string;
  readonly head: string;
  readonly verdict: 'allowed' | 'denied';
  /** Allowed, and still without approvals that change control asks for. */
  readonly waiting: boolean;
  /** What approvals are bound to. */
  readonly hash: string;
  readonly plan: ChangePlan;
  readonly problems: readonly ReportedProblem[];
  readonly cost: readonly OrderCost[];
  readonly approvals: readonly Pick<ApprovalState, 'rule' | 'needed' | 'from' | 'by' | 'why' | 'satisfied'>[];
  readonly signatures: readonly {
    readonly commit: string;
    readonly subject: string;
    readonly verdict: string;
    readonly principals: readonly string[];
  }[];
  /** null: the change touches no policy. */
  readonly policyEffect: PolicyEffect | null;
}

/** Problems in the order people read them: what denies first, then by place. Pure. */
export function orderProblems(problems: readonly ReportedProblem[]): readonly ReportedProblem[] {
  const rank = { error: 0, warning: 1, note: 2 };
  return [...problems].sort(
    (left, right) =>
      rank[left.severity] - rank[right.severity] ||
      (left.file < right.file ? -1 : left.file > right.file ? 1 : 0) ||
      left.line - right.line ||
      left.column - right.column ||
      (left.code < right.code ? -1 : 1),
  );
}

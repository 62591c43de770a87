/** Changes that are not in force and emergencies nobody reviewed, as findings of the repository. Pure. */
import type { FindingDraft } from '../core/assess.ts';
import { findingCodes, type FindingCode } from '../core/finding-codes.ts';
import type { Instant, SourcePosition } from '../core/model.ts';
import { timestamp } from '../core/timestamp.ts';
import type { Memory } from './memory.ts';

/** Every one of them. */
export function changeFindings({ held, openReviews }: Memory, now: Instant): FindingDraft[] {
  const holding = [...held.values()].flatMap(({ commit, tip, outcome, reasons }) =>
    reasons.map((reason, index) =>
      draft({
        id: `change ${commit} ${reason.code} ${String(index)}`,
        code: outcome === 'refused' ? 'change-refused' : 'change-waiting',
        message: `commit ${commit.slice(0, 10)} (${tip.subject}) by ${tip.author}: ${reason.message}`,
        remedy: reason.fix,
        observed: reason.code,
        source: reason.source,
      }),
    ),
  );
  const emergencies = [...openReviews.values()].map((review) =>
    draft({
      id: `emergency ${review.commit}`,
      code: now >= review.dueAt ? 'emergency-overdue' : 'emergency-open',
      message: `${review.principal} changed ${review.commit.slice(0, 10)} (${review.subject}) with the emergency key: ${review.reason}; to be reviewed by ${timestamp(review.dueAt)}`,
      remedy: `Somebody else than ${review.principal} looks at it and says so: git commit --allow-empty -S -m "Review ${review.commit.slice(0, 10)}" --trailer "Renewd-Review: ${review.commit}"`,
      observed: review.commit,
      source: null,
    }),
  );
  return [...holding, ...emergencies];
}

function draft(part: {
  readonly id: string;
  readonly code: FindingCode;
  readonly message: string;
  readonly remedy: string;
  readonly observed: string;
  readonly source: SourcePosition | null;
}): FindingDraft {
  return {
    ...part,
    severity: findingCodes[part.code].severity,
    certificate: null,
    installation: null,
    endpoint: null,
    address: null,
    expected: null,
    rule: null,
  };
}

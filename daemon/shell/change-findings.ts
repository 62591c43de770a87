/** Changes that are not in force and emergencies nobody reviewed, as findings of the repository. Pure. */
import { counted } from '../core/count.ts';
import type { FindingDraft } from '../core/assess.ts';
import { findingCodes, type FindingCode } from '../core/finding-codes.ts';
import { findingDraft } from '../core/finding-draft.ts';
import type { Instant, SourcePosition } from '../core/model.ts';
import { timestamp } from '../core/timestamp.ts';
import { lapsed } from './held.ts';
import type { HeldChange, Memory, OpenReview } from './memory.ts';

/** What of memory it looks at. */
export type ChangeMemory = Pick<Memory, 'held' | 'notKept' | 'openReviews' | 'desired'>;

/** Every one of them. */
export function changeFindings(memory: ChangeMemory, now: Instant): FindingDraft[] {
  const { held, notKept, openReviews, desired } = memory;
  const control = desired?.changeControl ?? null;
  const holding = [...held.values()].flatMap((change) => {
    const { commit, tip, reasons } = change;
    // A request lapses by time alone: nobody need push for that.
    const late = lapsed(control, change, now);
    const outcome = late === null ? change.outcome : 'refused';
    return (late === null ? reasons : [late]).map((reason, index) =>
      draft({
        id: `change ${commit} ${reason.code} ${String(index)}`,
        code: outcome === 'refused' ? 'change-refused' : 'change-waiting',
        message: `commit ${commit.slice(0, 10)} (${tip.subject}) by ${tip.author}: ${reason.message}`,
        remedy: `${reason.fix}${orRevert(reason.fix, change)}`,
        observed: reason.code,
        source: reason.source,
      }),
    );
  });
  const emergencies = [...openReviews.values()].map((review) =>
    draft({
      id: `emergency ${review.commit}`,
      code: now >= review.dueAt ? 'emergency-overdue' : 'emergency-open',
      message: `${review.principal} changed ${review.commit.slice(0, 10)} (${review.subject}) with the emergency key: ${review.reason}; to be reviewed by ${timestamp(review.dueAt)}`,
      remedy: reviewRemedy(review),
      observed: review.commit,
      source: null,
    }),
  );
  const lost =
    notKept.count === 0
      ? []
      : [
          draft({
            id: 'repository changes-not-kept',
            code: 'changes-not-kept',
            message: `${counted(notKept.count, 'change that is not in force was', 'changes that are not in force were')} too many to be kept, the newest ${notKept.commits.map((each) => each.slice(0, 10)).join(', ')}; none of them takes effect`,
            remedy: findingCodes['changes-not-kept'].remedy,
            observed: String(notKept.count),
            source: null,
          }),
        ];
  return [...holding, ...lost, ...emergencies];
}

/** A plain revert on top, by whoever made it or may change its files: a request of others is nobody else's to take away. A forced push would freeze changes (`history-rewritten`). */
function orRevert(fix: string, { commit, tip, leftBehind }: HeldChange): string {
  // What can never be judged says so itself.
  if (leftBehind === true) return '';
  return `${fix.endsWith('.') ? '' : '.'} Or have its maker, or who may change its files, take it back: git revert ${tip.merge ? '-m 1 ' : ''}-S ${commit.slice(0, 10)}`;
}

/** At most this many names in one finding. */
const namedMax = 10;

/** Who still has to look at it, and how they say so. */
function reviewRemedy({ commit, principal, asks }: OpenReview): string {
  const [open = null] = asks;
  const how = `looks at it and says so: git commit --allow-empty -S -m "Review ${commit.slice(0, 10)}" --trailer "Renewd-Review: ${commit}"`;
  if (open === null) return `Somebody else than ${principal} who could sign before it ${how}`;
  if (open.length === 0)
    return `Nobody but ${principal} could change it before, so no review counts and this stays. Let two people or more change each file (ChangeControl, paths).`;
  const names = open.slice(0, namedMax).join(', ') + (open.length > namedMax ? ', ...' : '');
  return `One of ${names}${asks.length === 1 ? '' : ', and others for other files of it,'} ${how}`;
}

function draft(part: {
  readonly id: string;
  readonly code: FindingCode;
  readonly message: string;
  readonly remedy: string;
  readonly observed: string;
  readonly source: SourcePosition | null;
}): FindingDraft {
  const { code, ...known } = part;
  return findingDraft(code, known);
}

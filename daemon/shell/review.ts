/** Changes made with the emergency key: each opens a debt that only a review by somebody else closes, in sight of all. */
import type { ChangeVerdict, NewCommit } from '../core/change-judgement.ts';
import type { Advance } from './advance.ts';
import type { OpenReview } from './memory.ts';

/** Opens the debt of a change that was let in without approval. IO: the journal. */
export function noteBreakGlass(
  { memory, world }: Pick<Advance, 'memory' | 'world'>,
  tip: NewCommit,
  verdict: ChangeVerdict | null,
): void {
  const control = memory.desired?.changeControl ?? null;
  if (verdict?.breakGlass == null || control?.breakGlass == null) return;
  const now = world.now();
  const review: OpenReview = {
    commit: tip.oid,
    subject: tip.subject,
    principal: verdict.breakGlass.principal,
    reason: verdict.breakGlass.reason,
    openedAt: now,
    dueAt: now + control.breakGlass.reviewWithinMs,
  };
  memory.openReviews.set(tip.oid, review);
  world.journal.append(now, 'repository', 'emergency', `${tip.oid} by ${review.principal}: ${review.reason}`);
  save({ memory, world });
}

/** Closes debts that a signed commit of somebody else says were reviewed. IO: the journal. */
export function noteReviews(
  { memory, world }: Pick<Advance, 'memory' | 'world'>,
  commits: readonly NewCommit[],
): void {
  let closed = false;
  const forges = memory.desired?.changeControl?.forges ?? [];
  for (const { reviews, signature, oid } of commits) {
    for (const commit of reviews) {
      const open = memory.openReviews.get(commit);
      if (open === undefined || signature.verdict !== 'good') continue;
      if (signature.principals.includes(open.principal)) continue;
      // A forge signs what anybody does in a browser, the one who used the emergency key included.
      if (signature.principals.some((each) => forges.includes(each))) continue;
      memory.openReviews.delete(commit);
      world.journal.append(
        world.now(),
        'repository',
        'reviewed',
        `${commit} by ${signature.principals.join(', ')} in ${oid}`,
      );
      closed = true;
    }
  }
  if (closed) save({ memory, world });
}

function save({ memory, world }: Pick<Advance, 'memory' | 'world'>): void {
  world.journal.setFact('open-reviews', JSON.stringify([...memory.openReviews.values()]));
}

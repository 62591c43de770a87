/** From needs to an ordered, bounded list of actions, each with its reason. Pure. */
import type { Assessment, Need } from './assess.ts';
import type { Certificate, Installation, Instant } from './model.ts';

/** What will be done to the world in this turn. `observe` needs are not actions: looking changes nothing. */
export interface Action {
  readonly kind: 'issue' | 'continue' | 'abandon' | 'restore' | 'reload' | 'adopt';
  readonly installation: string;
  readonly certificate: string;
  readonly endpoint: string;
  readonly issuer: string;
  readonly dnsNames: readonly string[];
  readonly because: string;
  /** Entries of policy that it is to satisfy; empty or not there when none demands it. */
  readonly demanded?: readonly string[];
}

export interface Candidate {
  readonly certificate: Certificate;
  readonly installation: Installation;
  readonly assessment: Assessment;
  /** End of what is installed; null when nothing is. */
  readonly notAfter: Instant | null;
}

/** Orders by urgency: what is under way first (it may hold a broken state), then repairs, then by how soon the present certificate ends. */
export function planActions(
  candidates: readonly Candidate[],
  actionsMax = Number.POSITIVE_INFINITY,
): readonly Action[] {
  const rank: Readonly<Record<Action['kind'], number>> = {
    abandon: 0,
    continue: 0,
    adopt: 1,
    reload: 2,
    restore: 3,
    issue: 4,
  };
  return candidates
    .flatMap((candidate) => {
      const kind = actionKind(candidate.assessment.need);
      return kind === null ? [] : [{ candidate, kind }];
    })
    .sort(
      (left, right) =>
        rank[left.kind] - rank[right.kind] ||
        (left.candidate.notAfter ?? 0) - (right.candidate.notAfter ?? 0) ||
        (left.candidate.installation.id < right.candidate.installation.id ? -1 : 1),
    )
    .slice(0, actionsMax)
    .map(({ candidate, kind }) => {
      const { certificate, installation, assessment } = candidate;
      return {
        kind,
        installation: installation.id,
        certificate: certificate.id,
        endpoint: installation.endpoint,
        issuer: certificate.issuer,
        dnsNames: certificate.dnsNames,
        because: assessment.need.kind === 'none' ? '' : assessment.need.because,
        ...(assessment.need.kind === 'issue' && assessment.need.demanded !== undefined
          ? { demanded: assessment.need.demanded }
          : {}),
      };
    });
}

function actionKind(need: Need): Action['kind'] | null {
  switch (need.kind) {
    case 'none':
    case 'observe':
      return null;
    case 'issue':
    case 'continue':
    case 'abandon':
    case 'restore':
    case 'reload':
    case 'adopt':
      return need.kind;
  }
}

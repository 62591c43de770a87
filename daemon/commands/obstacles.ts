/** What keeps a plan from being whole: endpoints that could not be read, and what waits until when. Pure. */
import { endsWhenAsked } from '../core/stall.ts';
import { timestamp } from '../core/timestamp.ts';
import type { Memory } from '../shell/memory.ts';

/** An endpoint that was to be looked at and could not be; what would be done there is not known. */
export interface UnreadEndpoint {
  readonly endpoint: string;
  readonly code: string;
  readonly message: string;
  readonly installations: readonly string[];
}

/** Something that failed and is tried again: an installation, an endpoint or an issuer, with all that depends on it. */
export interface Waiting {
  /** `installation:team/name@endpoint`, `endpoint:name` or `issuer:name`. */
  readonly subject: string;
  readonly code: string;
  readonly message: string;
  /** RFC 3339, UTC. */
  readonly nextAt: string;
  /** `renewd once`, or SIGHUP to the daemon, tries it now. */
  readonly isAsked: boolean;
}

/** Each endpoint once, by name, with every installation there. */
export function unreadEndpoints({
  observations,
  assessments,
}: Pick<Memory, 'observations' | 'assessments'>): UnreadEndpoint[] {
  const found = new Map<string, UnreadEndpoint>();
  for (const { installation, storeFailure } of observations.values()) {
    // What may not be done at a place was not to be read there; what is no longer judged is nobody's question.
    if (storeFailure === null || storeFailure.code === 'placement-refused' || !assessments.has(installation))
      continue;
    const endpoint = installation.slice(installation.lastIndexOf('@') + 1);
    const { installations = [] } = found.get(endpoint) ?? {};
    found.set(endpoint, {
      endpoint,
      ...storeFailure,
      installations: [...installations, installation].sort(),
    });
  }
  return [...found.values()].sort((one, other) => (one.endpoint < other.endpoint ? -1 : 1));
}

/** What is not tried now, the soonest first. */
export function waitingNow({ attempts }: Pick<Memory, 'attempts'>, now: number): Waiting[] {
  return [...attempts]
    .flatMap(([subject, attempt]) => {
      const { code, message, nextAt } = attempt;
      if (nextAt === null || nextAt <= now) return [];
      return [
        { subject, code, message, nextAt: timestamp(nextAt), isAsked: endsWhenAsked(subject, attempt) },
      ];
    })
    .sort((one, other) => (one.nextAt < other.nextAt ? -1 : one.nextAt > other.nextAt ? 1 : 0));
}

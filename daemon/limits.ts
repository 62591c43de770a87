/**
 * Every bound in the system, with its unit and its reason. Nothing else in the program states a number that bounds something.
 * Sections follow the corridor: documents, git, ssh, tls, issuers, work, http.
 */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

export const limits = {
  turn: {
    /** How often the intent branch is looked at when nothing else calls (a webhook makes it sooner). */
    pollIntervalMs: minute,
    /** Installations acted upon at the same time; each endpoint still sees one at a time. */
    concurrentEndpoints: 16,
    /** Observations at the same time: sockets, not CPU, are the cost. */
    concurrentObservations: 64,
    /** Time between two looks at an installation that gives no cause for worry. */
    observeIntervalMs: 6 * hour,
    /** Time between two looks at one that has an open finding. */
    observeAgainMs: 10 * minute,
    /** Heartbeat commits: at most this often (DESIGN section 2). */
    heartbeatIntervalMs: hour,
  },
  backoff: {
    /** Let's Encrypt's published schedule for failed renewals: 1 min, 10 min, 100 min, 1 day. */
    stepsMs: [minute, 10 * minute, 100 * minute, day],
    /** Retry-After is honoured up to here; a longer one is looked at again. */
    retryAfterMaxMs: day,
  },
} as const;

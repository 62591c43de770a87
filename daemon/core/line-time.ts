/** Time along a line of commits. A date in a commit is chosen by whoever makes it; on one line it can only be believed not to go backwards. Pure. */

/** The time of each commit, oldest first: its own date, or that of one before it where that is later. Same length and order as `dates`. */
export function lineTimes(dates: readonly number[]): number[] {
  let latest = Number.NEGATIVE_INFINITY;
  return dates.map((each) => (latest = Math.max(latest, each)));
}

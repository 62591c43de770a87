/** The two refs of one watched repository: where intent is read and where records are written. */
import type { IntentSource } from './intent.ts';
import type { StateBranch } from './records.ts';

export interface Estate {
  readonly intent: IntentSource;
  readonly state: StateBranch;
}

/** The references a turn needs, that of the declarations first. Pure. */
export function watchedRefs({ intent, state }: Estate): readonly string[] {
  return [`refs/heads/${intent.branch}`, state.ref];
}

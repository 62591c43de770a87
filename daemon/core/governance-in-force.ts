/** Which documents judge, as ids: two states with the same list judge alike. Pure. */
import type { Desired } from './model.ts';

/** `path blob` of every document of the repository that judges changes and certificates, sorted. What renewd brings itself is not of the repository. */
export function governanceOf(desired: Desired): readonly string[] {
  const judging = [
    ...desired.teams.values(),
    ...desired.policies,
    ...desired.packs.values(),
    ...desired.customRules.values(),
    ...desired.waivers.values(),
    ...(desired.changeControl === null ? [] : [desired.changeControl]),
  ];
  return judging
    .filter((each) => !each.source.file.startsWith('built-in/'))
    .map((each) => `${each.source.file} ${each.blob}`)
    .sort();
}

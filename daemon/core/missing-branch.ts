/** What is said where a branch is looked for and is not there: which there are, so that the right one can be named. Pure. */
import { nearestWord } from './nearest.ts';

/** What the branch was looked for as: its flag, and how it comes to be. */
export type BranchUse = 'declarations' | 'records' | 'revision';

const flags: Readonly<Record<BranchUse, string>> = {
  declarations: '--branch',
  records: '--state',
  revision: '--trust',
};

const namedMax = 5;
const own = 'refs/heads/';
const remote = 'refs/remotes/origin/';

/**
 * One sentence on a branch that is not there: what there is instead and what to do next. `refs` is what the repository shows.
 * Advice to fetch is given in a clone only, and advice to name another branch only where one is likely meant.
 */
export function missingBranch(branch: string, refs: Iterable<string>, use: BranchUse): string {
  const all = [...refs];
  const named = (prefix: string): string[] =>
    all.filter((each) => each.startsWith(prefix)).map((each) => each.slice(prefix.length));
  const there = [...new Set([...named(own), ...named(remote)])]
    .filter((each) => each !== 'HEAD' && each !== branch)
    .sort();
  if (there.length === 0)
    return use === 'declarations'
      ? `the repository is empty: it has no commit on any branch. Commit the declarations and push them as ${branch}`
      : `the repository is empty: it has no commit on any branch, so there is no ${branch}`;
  const shown = there.slice(0, namedMax).map((each) => JSON.stringify(each));
  const more = there.length > namedMax ? ` and ${String(there.length - namedMax)} more` : '';
  const meant = likelyMeant(branch, there, use);
  const other = meant === null ? '' : `If that is meant, give ${flags[use]} ${meant}; otherwise `;
  const step = nextStep(branch, use, named(remote).length > 0);
  return `the repository has no branch ${branch}; it has ${shown.join(', ')}${more}. ${other}${meant === null ? capital(step) : step}`;
}

function likelyMeant(branch: string, there: readonly string[], use: BranchUse): string | null {
  const near = nearestWord(branch, there);
  if (near !== null || use !== 'declarations') return near;
  if (there.includes('master')) return 'master';
  const candidates = there.filter((each) => !each.startsWith('renewd/'));
  return candidates.length === 1 ? (candidates[0] ?? null) : null;
}

function nextStep(branch: string, use: BranchUse, isClone: boolean): string {
  if (isClone) return `fetch it: git fetch origin ${branch}:${branch}`;
  if (use === 'records') return `have it made by the daemon (renewd once), or name it with ${flags[use]}`;
  return use === 'declarations'
    ? `push it, or name another with ${flags[use]}`
    : `name another with ${flags[use]}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

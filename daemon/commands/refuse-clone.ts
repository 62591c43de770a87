/**
 * A daemon does not begin a second life of an estate beside the first: where the records stand on a branch that was only fetched, this repository is a clone of the
 * one that is watched. A daemon that begins here would see no records, make another root of each embedded CA and replace what is served.
 */
import type { House } from '../assembly.ts';
import type { Config } from '../config.ts';
import { fetchedBranches, type StandingBranch } from '../core/standing-branch.ts';
import { remotesWithout } from '../git/local.ts';
import { parseAddress } from '../git/transport.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { stateTipFact } from '../shell/record-trust.ts';
import { EarlyExit } from './early-exit.ts';

/**
 * Refuses a repository on this machine that has fetched records and has no branch of its own with them. A data directory that knows no records yet is not let in
 * either where the fetched ones are ahead. IO: reads Git. Safe to repeat.
 * @throws EarlyExit `configuration` that says what to do; OperationError `git-*` when it cannot be told and nothing is known of the records
 */
export async function refuseClone(config: Config, { world, estate }: House): Promise<void> {
  const { repository, ref } = estate.state;
  // A server is asked for its branches alone: what it fetched from others never counts.
  const address = parseAddress(config.repo);
  if (address.kind !== 'local') return;
  const signal = AbortSignal.timeout(limits.work.publishedTimeoutMs);
  const isKnown = world.journal.fact(stateTipFact) !== null;
  const all = async (): Promise<ReadonlyMap<string, string>> =>
    new Map([...(await repository.advertise(signal, [])), ...(await repository.advertise(signal, [ref]))]);
  const refs = await all().catch((error: unknown) => {
    // What is away for a while stops no daemon that knows its records: the turn says so.
    if (isKnown && error instanceof OperationError) return new Map<string, string>();
    throw error;
  });
  const own = refs.get(ref) ?? null;
  for (const each of fetchedBranches(refs, config.state.branch)) {
    if (own === null) throw refusal(config, each, 'has no such branch of its own');
    if (isKnown || own === each.tip || (await repository.isAncestor(each.tip, own))) continue;
    throw refusal(config, each, 'has an older or another one of its own');
  }
  const [unasked] = own === null && !isKnown ? remotesWithout(address.path, ref) : [];
  if (unasked !== undefined)
    throw new EarlyExit(
      'configuration',
      `${config.repo} is a clone of a part: of its remote ${unasked} it does not fetch ${config.state.branch}, so nobody can tell from here whether there are records; nothing was done. Fetch all branches: git remote set-branches ${unasked} '*' && git fetch ${unasked}`,
    );
}

function refusal({ repo, state }: Config, fetched: StandingBranch, lacks: string): EarlyExit {
  const theirs = fetched.ref.slice('refs/remotes/'.length);
  const take = lacks.startsWith('has no') ? 'git branch' : 'git branch -f';
  return new EarlyExit(
    'configuration',
    `${repo} is a clone: it fetched the records (${theirs}) and ${lacks}. A daemon that begins here would make another certificate authority and replace what is served; nothing was done.\n` +
      `  To work on the repository that it was cloned from, give its address: repo: in renewd.yaml, or --repo <url>.\n` +
      `  To see how things stand, renewd status, site, diff and audit read ${theirs} from here.\n` +
      `  Only where this clone is the one source of truth from now on, and no daemon works on the other: ${take} ${state.branch} ${theirs}`,
  );
}

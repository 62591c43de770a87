/**
 * The way the branch of declarations went. Whoever makes a merge chooses the order of its parents: that the first one is where the branch stood before is only said
 * by its maker, and counts for nothing where nobody known made it. Reads Git.
 */
import type { Instant } from '../core/model.ts';
import type { Repository } from '../git/repository.ts';
import type { ParentChoice } from '../git/ranges.ts';
import { limits } from '../limits.ts';
import { allowedSignersPath, revokedKeysPath, type TrustFile } from './in-force.ts';
import type { Judging } from './judging.ts';
import { isUnreadable, signatureJudge, type JudgeSignature } from './new-commits.ts';

type Reading = Pick<
  Repository,
  'way' | 'independent' | 'commit' | 'rawCommit' | 'commitsBetween' | 'readFile'
>;

/**
 * From what is accepted to `to`, oldest first, by the lists of signers in force; null where nothing is accepted yet, or `to` does not come after it. IO: reads Git.
 * @throws OperationError `git-incomplete`, `git-malformed`
 */
export async function wayTo(
  { intent, memory, world }: Pick<Judging, 'intent' | 'memory' | 'world'>,
  to: string,
): Promise<readonly string[] | null> {
  const { accepted, desired } = memory;
  if (accepted === null) return null;
  const signed = desired?.changeControl?.signatures === 'required';
  const { repository, trust } = intent;
  return repository.way(
    accepted,
    to,
    signed ? choiceBySigners({ repository, trust, from: accepted, at: world.now() }) : firstOfThem,
  );
}

/** Without signatures nobody is known, and the order of parents is all there is. */
const firstOfThem: ParentChoice = (merge, [first = merge]) => first;

/** For reading what is past, where nothing is decided: a parent that is in the past of another was not where the branch stood last. */
export function newestParent(repository: Pick<Repository, 'independent'>): ParentChoice {
  return async (merge, among) => (await repository.independent(among))[0] ?? merge;
}

interface Signers {
  readonly repository: Reading;
  readonly trust: ReadonlyMap<string, TrustFile>;
  /** What is accepted. */
  readonly from: string;
  readonly at: Instant;
}

/**
 * The maker of a merge is believed where a key that counts signed it, and no side of the merge takes that key away; `git pull` says the branch in second place.
 * Else the branch stood where everything since is signed by keys that count, also by the lists of the other sides where those are: whoever pushes a merge with
 * an old commit or one of their own in first place holds up nobody, and a key that was revoked on one side says nothing against it on the other.
 */
function choiceBySigners(signers: Signers): ParentChoice {
  const { repository, trust, at } = signers;
  const judge = signatureJudge(trust);
  return async (merge, among) => {
    const sides = await repository.independent(among);
    if (await isGood(repository, judge, merge, at)) {
      const listed = await Promise.all(
        sides.map(async (side) => judgeOf(await listsAt(repository, trust, side))),
      );
      const stays = await Promise.all(listed.map((by) => isGood(repository, by, merge, at)));
      if (!stays.includes(false)) return maker(await repository.commit(merge), among);
    }
    return sides.length === 1 ? (sides[0] ?? merge) : bestOf(signers, judge, sides);
  };
}

const judgeOf = (trust: ReadonlyMap<string, TrustFile>): JudgeSignature => signatureJudge(trust);

/** Where the maker says that the branch stood. */
function maker(
  {
    oid,
    parents,
    message,
  }: { readonly oid: string; readonly parents: readonly string[]; readonly message: string },
  among: readonly string[],
): string {
  const pulled = isPull(message) ? among.find((each) => each === parents[1]) : undefined;
  return pulled ?? among[0] ?? oid;
}

/**
 * Whether a merge says that the branch itself was merged into work of the maker's, as `git pull` does: "Merge branch 'main' of URL", with "into main" unless the branch
 * has one of the usual names (merge.suppressDest). Pure.
 */
export function isPull(message: string): boolean {
  const form = /^Merge (?:remote-tracking branch '[^'\s/]+\/|branch ')([^'\s]+)'( of \S+)?(?: into (\S+))?$/;
  const [subject = ''] = message.split('\n', 1);
  const found = form.exec(subject);
  if (found === null) return false;
  const [, merged = '', of, into] = found;
  const isRemote = of !== undefined || subject.startsWith('Merge remote-tracking');
  return isRemote && (into === undefined ? usualNames.has(merged) : into === merged);
}

const usualNames: ReadonlySet<string> = new Set(['main', 'master']);

async function isGood(
  repository: Reading,
  judge: JudgeSignature,
  oid: string,
  at: Instant,
): Promise<boolean> {
  try {
    return (await judge(await repository.rawCommit(oid), at)).verdict === 'good';
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return false;
  }
}

/** The lists in force, with those of a side in their place. */
async function listsAt(
  repository: Reading,
  trust: ReadonlyMap<string, TrustFile>,
  side: string,
): Promise<ReadonlyMap<string, TrustFile>> {
  const lists = new Map(trust);
  for (const path of [allowedSignersPath, revokedKeysPath]) {
    const bytes = await repository.readFile(side, path);
    if (bytes === null) lists.delete(path);
    else lists.set(path, { oid: side, bytes });
  }
  return lists;
}

/** The side with the most commits among those that are signed throughout, and whose signers none of the others takes away. */
async function bestOf(
  { repository, trust, from, at }: Signers,
  judge: JudgeSignature,
  sides: readonly string[],
): Promise<string> {
  const commits = new Map<string, readonly string[]>();
  for (const side of sides) commits.set(side, await repository.commitsBetween([from], side));
  const isWhole = async (side: string, by: JudgeSignature): Promise<boolean> => {
    const all = commits.get(side) ?? [];
    if (all.length > limits.governance.commitsPerTurnMax) return false;
    for (const oid of all) if (!(await isGood(repository, by, oid, at))) return false;
    return true;
  };
  const whole: string[] = [];
  for (const side of sides) if (await isWhole(side, judge)) whole.push(side);
  const standing: string[] = [];
  for (const side of whole) {
    let holds = true;
    for (const other of whole)
      holds &&= other === side || (await isWhole(side, judgeOf(await listsAt(repository, trust, other))));
    if (holds) standing.push(side);
  }
  const [first, ...rest] = standing.length > 0 ? standing : whole.length > 0 ? whole : sides;
  return rest.reduce(
    (best, side) => ((commits.get(side)?.length ?? 0) > (commits.get(best)?.length ?? 0) ? side : best),
    first ?? from,
  );
}

/**
 * The way the branch of declarations went. Whoever makes a merge chooses the order of its parents: that the first one is where the branch stood before is only said
 * by its maker, and counts for nothing where nobody known made it. Reads Git.
 */
import type { SignatureFinding } from '../core/change.ts';
import type { Instant } from '../core/model.ts';
import type { Repository } from '../git/repository.ts';
import type { ParentChoice } from '../git/ranges.ts';
import { limits } from '../limits.ts';
import { allowedSignersPath, revokedKeysPath, type TrustFile } from './in-force.ts';
import type { Judging } from './judging.ts';
import { isUnreadable, signatureJudge } from './new-commits.ts';
import { rightsIn } from './rights-decided.ts';

type Way = Pick<Judging, 'intent' | 'memory' | 'world'>;

type Reading = Pick<
  Repository,
  'way' | 'independent' | 'commit' | 'rawCommit' | 'commitsBetween' | 'readFile'
>;

/**
 * From what is accepted to `to`, oldest first, by the lists of signers in force; null where nothing is accepted yet, or `to` does not come after it. IO: reads Git.
 * @throws OperationError `git-incomplete`, `git-malformed`
 */
export async function wayTo(context: Way, to: string): Promise<readonly string[] | null> {
  const { intent, memory } = context;
  const { accepted, desired } = memory;
  if (accepted === null) return null;
  const signed = desired?.changeControl?.signatures === 'required';
  const choice = signed ? choiceBySigners(signersAt(context, accepted)) : firstOfThem;
  return intent.repository.way(accepted, to, choice);
}

/** Without signatures nobody is known, and the order of parents is all there is. */
const firstOfThem: ParentChoice = (merge, [first = merge]) => first;

/** For reading what is past, where nothing is decided: a parent that is in the past of another was not where the branch stood last. */
export function newestParent(repository: Pick<Repository, 'independent'>): ParentChoice {
  return async (merge, among) => (await repository.independent(among))[0] ?? merge;
}

/** What a choice is made by. */
interface Signers {
  readonly repository: Reading;
  readonly trust: ReadonlyMap<string, TrustFile>;
  /** What is accepted. */
  readonly from: string;
  readonly at: Instant;
  /** Whether somebody changes there what decides about rights, and may. */
  readonly decides: (commit: string, by: SignatureFinding) => Promise<boolean>;
}

function signersAt({ intent, memory, world }: Way, from: string): Signers {
  const { repository, trust } = intent;
  return { repository, trust, from, at: world.now(), decides: rightsIn(intent, memory.desired) };
}

/** What one side of a merge brings. */
interface Side {
  readonly tip: string;
  /** Since what is accepted, and on none of the other sides: the newest, where they are more than a turn judges. */
  readonly commits: readonly string[];
  /** How many there are. */
  readonly length: number;
  /** All of them are signed by keys that count. */
  readonly isWhole: boolean;
  /** Not of the maker of the merge alone: somebody else who is known signed one, or there are more than are read. */
  readonly isOthers: boolean;
  /** Somebody who may changes there what decides about rights. */
  readonly decides: boolean;
}

/**
 * The maker of a merge is believed where a key that counts signed it, and no side of the merge takes that key away; yet nobody leads the way away from what others signed. Where
 * several sides came since, it stays with one that is not the maker's alone, first with one where rights are decided: whoever loses a right gains nothing by a merge that puts
 * their own work in front. Where nobody known made the merge, the branch stood where everything since is signed by keys that count, also by the lists of the other sides
 * where those are: whoever pushes a merge with an old commit or one of their own in first place holds up nobody, and a key that was revoked on one side says nothing against
 * it on the other.
 */
function choiceBySigners(signers: Signers): ParentChoice {
  const { repository } = signers;
  const judge = verdictsOf(signers, signers.trust);
  return async (merge, among) => {
    const sides = await repository.independent(among);
    const maker = await believedMaker(signers, judge, merge, sides);
    if (maker === null)
      return sides.length === 1
        ? (sides[0] ?? merge)
        : best(await standing(signers, await sidesOf(signers, judge, sides, null))).tip;
    const said = saidBy(await repository.commit(merge), among);
    if (sides.length === 1) return said;
    const others = (await sidesOf(signers, judge, sides, maker)).filter((each) => each.isOthers);
    if (others.length === 0) return said;
    const first = await standing(signers, others);
    return (first.find((each) => each.decides) ?? first.find((each) => each.tip === said) ?? best(first)).tip;
  };
}

/**
 * The side of a merge on top of what is accepted that can be judged before it, commit by commit: what somebody else signed who is known. null where there is none. Whether it
 * was pushed before or is merged as a request nothing in a history tells. IO: reads Git. @throws OperationError `git-incomplete`, `git-malformed`
 */
export async function sideBefore(context: Way, merge: string): Promise<string | null> {
  const { intent, memory } = context;
  const { accepted, desired } = memory;
  if (accepted === null || desired?.changeControl?.signatures !== 'required') return null;
  const { repository } = intent;
  const among: string[] = [];
  for (const parent of (await repository.commit(merge)).parents)
    if (parent !== accepted && (await repository.isAncestor(accepted, parent))) among.push(parent);
  if (among.length === 0) return null;
  const signers = signersAt(context, accepted);
  const judge = verdictsOf(signers, signers.trust);
  const maker = await judge(merge);
  const sides = await sidesOf(signers, judge, await repository.independent(among), maker);
  const others = sides.filter((each) => each.isOthers);
  if (others.length === 0) return null;
  const first = await standing(signers, others);
  return (first.find((each) => each.decides) ?? best(first)).tip;
}

/** By the lists in force; null where the merge is nobody's, or a side takes its maker's key away. */
async function believedMaker(
  signers: Signers,
  judge: Verdicts,
  merge: string,
  sides: readonly string[],
): Promise<SignatureFinding | null> {
  const maker = await judge(merge);
  if (maker.verdict !== 'good') return null;
  for (const side of sides) {
    const by = verdictsOf(signers, await listsAt(signers, side));
    if ((await by(merge)).verdict !== 'good') return null;
  }
  return maker;
}

/** Who signed a commit. Each is judged once. */
type Verdicts = (oid: string) => Promise<SignatureFinding>;

const unreadable: SignatureFinding = {
  verdict: 'bad',
  principals: [],
  key: null,
  reason: 'it cannot be read',
};

function verdictsOf({ repository, at }: Signers, trust: ReadonlyMap<string, TrustFile>): Verdicts {
  const judge = signatureJudge(trust);
  const known = new Map<string, SignatureFinding>();
  return async (oid) => {
    let verdict = known.get(oid);
    if (verdict === undefined) {
      try {
        verdict = await judge(await repository.rawCommit(oid), at);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        verdict = unreadable;
      }
      known.set(oid, verdict);
    }
    return verdict;
  };
}

/** Reads what each side brings, the newest of it where it is more than a turn judges. */
async function sidesOf(
  { repository, from, decides }: Signers,
  judge: Verdicts,
  tips: readonly string[],
  maker: SignatureFinding | null,
): Promise<Side[]> {
  const sides: Side[] = [];
  for (const tip of tips) {
    const commits = await repository.commitsBetween([from, ...tips.filter((each) => each !== tip)], tip);
    let isWhole = commits.length <= limits.governance.commitsPerTurnMax;
    let isOthers = !isWhole;
    let decided = false;
    const newest = commits.slice(0, limits.governance.commitsPerTurnMax);
    for (const oid of newest) {
      const by = await judge(oid);
      const isGood = by.verdict === 'good';
      isWhole &&= isGood;
      isOthers ||= isGood && !by.principals.some((each) => maker?.principals.includes(each));
      decided ||= isGood && (await decides(oid, by));
    }
    sides.push({ tip, commits: newest, length: commits.length, isWhole, isOthers, decides: decided });
  }
  return sides;
}

/** Where the maker says that the branch stood. */
function saidBy(
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

/** The lists in force, with those of a side in their place. */
async function listsAt(
  { repository, trust }: Signers,
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

/**
 * Those sides that are signed throughout, and whose signers none of the others takes away; those that are signed throughout, or all, where there is none such. Where rights are
 * decided comes first.
 */
async function standing(signers: Signers, sides: readonly Side[]): Promise<readonly Side[]> {
  const whole = sides.filter((each) => each.isWhole);
  const holding: Side[] = [];
  for (const side of whole) {
    let holds = true;
    for (const other of whole) {
      if (other === side || !holds) continue;
      const by = verdictsOf(signers, await listsAt(signers, other.tip));
      for (const oid of side.commits) holds &&= (await by(oid)).verdict === 'good';
    }
    if (holds) holding.push(side);
  }
  return holding.length > 0 ? holding : whole.length > 0 ? whole : sides;
}

/** Where rights are decided; of those alike the one with the most commits, the first of these. */
function best(sides: readonly Side[]): Side {
  return sides.reduce((found, side) => {
    if (found.decides !== side.decides) return side.decides ? side : found;
    return side.length > found.length ? side : found;
  });
}

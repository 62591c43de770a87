/**
 * Changes made with the emergency key: each opens a debt that only a review by somebody else closes, in sight of all. Who may review is what was in force before
 * the change: nobody whom it lists, names or lets in.
 */
import { addPerson, isOneOf, noPeople, peopleWhoMade, type People } from '../core/change-people.ts';
import type { DocumentChange } from '../core/change-plan.ts';
import {
  permittedFor,
  type ChangeVerdict,
  type NewCommit,
  type SignatureFinding,
} from '../core/change-judgement.ts';
import type { ChangeControl, Desired } from '../core/model.ts';
import { isForges, personBehind, signersOf } from '../core/signers.ts';
import type { Repository } from '../git/repository.ts';
import type { Judging } from './judging.ts';
import type { TrustFile } from './in-force.ts';
import type { OpenReview } from './memory.ts';
import { isUnreadable, signatureJudge, type JudgeSignature } from './new-commits.ts';

type Opening = Pick<Judging, 'world' | 'memory'> & { readonly intent: Pick<Judging['intent'], 'trust'> };

/** What takes effect without approval. */
export interface Emergency {
  readonly tip: NewCommit;
  readonly commits: readonly NewCommit[];
  /** The files that take effect. */
  readonly documents: readonly DocumentChange[];
  readonly verdict: ChangeVerdict | null;
}

/**
 * Opens the debt of a change that was let in without approval: called before it takes its place, so that what is in force is what was before it. A debt
 * of the same commit grows and keeps its time. IO: the journal.
 */
export function noteBreakGlass({ memory, world, intent }: Opening, emergency: Emergency): void {
  const { tip, commits, documents, verdict } = emergency;
  const { desired } = memory;
  const control = desired?.changeControl ?? null;
  if (verdict?.breakGlass == null || desired === null || control?.breakGlass == null) return;
  const { principal, reason } = verdict.breakGlass;
  const now = world.now();
  const makers = peopleWhoMade(control, commits, documents);
  for (const each of commits) {
    const person = personBehind(control, each);
    if (person?.principals.includes(principal) === true) addPerson(makers, person);
  }
  // What an emergency nobody reviewed let in does not choose who reviews the next one, nor by when.
  const shaping = [...memory.openReviews.values()].filter((each) => each.governs);
  const same = memory.openReviews.get(tip.oid);
  const earlier = same === undefined ? shaping : [...shaping, same];
  const within = Math.min(control.breakGlass.reviewWithinMs, ...shaping.map((each) => each.withinMs));
  const trust = [...intent.trust].map(([path, { oid }]) => ({ path, oid }));
  const review: OpenReview = {
    commit: tip.oid,
    subject: tip.subject,
    principal,
    reason,
    openedAt: same?.openedAt ?? now,
    dueAt: Math.min(same?.dueAt ?? Infinity, now + within),
    withinMs: within,
    makers: {
      principals: [...new Set([...makers.principals, ...(same?.makers.principals ?? [])])],
      keys: [...new Set([...makers.keys, ...(same?.makers.keys ?? [])])],
    },
    trust: distinct([...earlier.flatMap((each) => each.trust), trust]),
    asks: distinct([...earlier.flatMap((each) => each.asks), ...asksOf(desired, control, documents, makers)]),
    forges: [...new Set([...earlier.flatMap((each) => each.forges), ...control.forges])],
    governs:
      same?.governs === true || documents.some(({ path }) => !path.startsWith('inventory/certificates/')),
  };
  memory.openReviews.set(tip.oid, review);
  world.journal.append(now, 'repository', 'emergency', `${tip.oid} by ${principal}: ${reason}`);
  save({ memory, world });
}

/** Who may change the files, without the makers: each group must have one of its own review. Where nobody else may, the other holders of an emergency key. */
function asksOf(
  desired: Desired,
  control: ChangeControl,
  documents: readonly DocumentChange[],
  makers: People,
): OpenReview['asks'][number][] {
  const others = (names: ReadonlySet<string>): string[] =>
    [...names]
      .filter((each) => !makers.principals.has(each) && !isForges(control, { principals: [each] }))
      .sort();
  const context = { teams: desired.teams, owner: null, forges: [] };
  return documents.map(({ path }) => {
    const permitted = permittedFor(control, desired, path);
    if (permitted === null) return null;
    const may = others(permitted);
    return may.length > 0 ? may : others(signersOf(control.breakGlass?.signers ?? [], context));
  });
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Map(values.map((each) => [JSON.stringify(each), each])).values()];
}

type Reviewing = Pick<Judging, 'world' | 'memory'> & {
  readonly intent: Pick<Judging['intent'], 'repository'>;
};

/**
 * Closes debts that signed commits say were reviewed by people who could have done so before the emergency: their key counts by the lists of then and of now, they did
 * not make the change under any name or key, and each file has one among them who could change it. IO: Git and the journal.
 */
export async function noteReviews(context: Reviewing, commits: readonly NewCommit[]): Promise<void> {
  const { memory, world } = context;
  let changed = false;
  for (const commit of commits) {
    for (const reviewed of new Set(commit.reviews)) {
      const open = memory.openReviews.get(reviewed);
      if (open === undefined || commit.signature.verdict !== 'good') continue;
      const reviewer = await reviewerOf(context, open, commit);
      if (reviewer === null) continue;
      const asks = open.asks.filter((each) => each !== null && !each.some((one) => reviewer.includes(one)));
      if (asks.length === open.asks.length) continue;
      changed = true;
      const said = `${reviewed} by ${reviewer.join(', ')} in ${commit.oid}`;
      world.journal.append(
        world.now(),
        'repository',
        asks.length === 0 ? 'reviewed' : 'reviewed in part',
        said,
      );
      if (asks.length === 0) memory.openReviews.delete(reviewed);
      else memory.openReviews.set(reviewed, { ...open, asks });
    }
  }
  if (changed) save(context);
}

/** Names under which the signer of a commit may review the change by every list that counts for it; null: they may not. */
async function reviewerOf(
  { intent, memory, world }: Reviewing,
  open: OpenReview,
  { oid, signature }: NewCommit,
): Promise<readonly string[] | null> {
  const makers = noPeople();
  for (const each of open.makers.principals) makers.principals.add(each);
  for (const each of open.makers.keys) makers.keys.add(each);
  // A forge signs what anybody does in a browser, the one who used the emergency key included.
  const forges = [...open.forges, ...(memory.desired?.changeControl?.forges ?? [])];
  const counts = (each: SignatureFinding): boolean =>
    personBehind({ forges }, { signature: each }) !== null && !isOneOf(makers, each);
  if (!counts(signature)) return null;
  let names = open.trust.length === 0 ? signature.principals : null;
  for (const files of open.trust) {
    const judge = await judgeOf(intent.repository, files);
    const then = judge === null ? null : await judge(await intent.repository.rawCommit(oid), world.now());
    if (then === null || !counts(then)) return null;
    names = names?.filter((each) => then.principals.includes(each)) ?? then.principals;
  }
  return names;
}

/** A judge by the lists of then; null when they cannot be read any more: then nobody is proved to be on them. */
async function judgeOf(
  repository: Pick<Repository, 'readBlobs'>,
  files: OpenReview['trust'][number],
): Promise<JudgeSignature | null> {
  const bytes = new Map<string, Uint8Array>();
  try {
    await repository.readBlobs(
      files.map((each) => each.oid),
      (oid, content) => {
        bytes.set(oid, content);
      },
    );
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return null;
  }
  const trust = new Map<string, TrustFile>();
  for (const { path, oid } of files) {
    const content = bytes.get(oid);
    if (content === undefined) return null;
    trust.set(path, { oid, bytes: content });
  }
  return signatureJudge(trust);
}

function save({ memory, world }: Pick<Judging, 'memory' | 'world'>): void {
  world.journal.setFact('open-reviews', JSON.stringify([...memory.openReviews.values()]));
}

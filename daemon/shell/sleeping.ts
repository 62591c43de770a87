/**
 * Certificates that are declared and cannot be used yet, accepted by a version that judged certificates only once they could be used. They are judged once, before the
 * next commit can let them come into force: as if they came in now, by the commit that put them there. What does not pass is held, and nothing else is.
 */
import type { ChangeReason, ChangeVerdict } from '../core/change-judgement.ts';
import type { Desired } from '../core/model.ts';
import type { TreeEntryChange } from '../git/repository.ts';
import { limits } from '../limits.ts';
import { hold, type Bringing } from './hold.ts';
import type { Judging } from './judging.ts';
import { declaredDiff, type DeclaredDiff } from './declared-changes.ts';
import { applyChange, type FilesInForce } from './in-force.ts';
import { judgeApart } from './judge-apart.ts';
import { isUnreadable } from './new-commits.ts';
import { newestParent } from './way.ts';

/** A file of such a certificate, and what its path has while the certificate is set aside: what is in force of it, or nothing. */
interface Sleeper {
  readonly asleep: TreeEntryChange;
  readonly aside: TreeEntryChange;
}

const mode = '100644';

function sleepersIn({ unusable, certificates }: Desired): Map<string, Sleeper> {
  const sleepers = new Map<string, Sleeper>();
  for (const [id, { source, blob }] of unusable ?? []) {
    const old = certificates.get(id);
    const path = source.file;
    const oid = old?.source.file === path ? old.blob : null;
    if (oid !== blob) sleepers.set(path, { asleep: { path, oid: blob, mode }, aside: { path, oid, mode } });
  }
  return sleepers;
}

/**
 * Judges what sleeps in force and was never judged. IO: Git and the journal, in one transaction. Safe to repeat: what passed passes again. Without change control
 * nothing is judged.
 * @throws OperationError `git-incomplete` where the history is cut
 */
export async function judgeSleepers(context: Judging): Promise<void> {
  const { intent, memory, world, build } = context;
  const { accepted, desired } = memory;
  if (accepted === null || desired === null || desired.changeControl === null) return;
  const sleepers = sleepersIn(desired);
  if (sleepers.size === 0) return;
  const awake = await applyChange(
    intent.repository,
    intent.reader,
    intent,
    [...sleepers.values()].map((each) => each.aside),
  );
  const before = build(accepted, awake.files);
  const held: Judged[] = [];
  for (const each of await broughtBy(context, accepted, sleepers)) {
    const on = { files: awake, before, ...each };
    // One by one, so that what passes by itself is not held along with the others of its commit.
    const changes: TreeEntryChange[] = [];
    for (const change of each.changes) {
      const alone = await judgeBrought(context, { ...on, changes: [change] });
      if (alone !== null && alone.outcome !== 'accepted') changes.push(change);
    }
    const bringing = changes.length === 0 ? null : await judgeBrought(context, { ...on, changes });
    if (bringing !== null) held.push(bringing);
  }
  if (held.length === 0) return;
  const aside = held.flatMap(({ changes }) => changes.flatMap(({ path }) => sleepers.get(path)?.aside ?? []));
  const applied = await applyChange(intent.repository, intent.reader, intent, aside);
  const left = build(accepted, applied.files);
  for (const each of held)
    hold(context, { ...each, outcome: each.outcome === 'refused' ? 'refused' : 'waiting' });
  context.take(applied, left, accepted);
  world.log.warn(
    { files: aside.map((each) => each.path) },
    'certificates that cannot be used yet were never judged, and wait now',
  );
}

type Judged = Bringing & Pick<ChangeVerdict, 'outcome'>;

interface Brought {
  readonly commit: string;
  readonly parent: string | null;
  readonly changes: readonly TreeEntryChange[];
  /** The commit was not found among those that were looked at; this is the oldest of them. */
  readonly lost: boolean;
}

/** The newest commit of the branch that put each of them there. */
async function broughtBy(
  { intent }: Judging,
  accepted: string,
  sleepers: ReadonlyMap<string, Sleeper>,
): Promise<Brought[]> {
  const { repository } = intent;
  const diff = declaredDiff(repository, intent);
  const line = (await repository.way(null, accepted, newestParent(repository))) ?? [];
  const missing = new Map([...sleepers].map(([path, { asleep }]) => [path, asleep]));
  const found: Brought[] = [];
  const oldest = Math.max(0, line.length - limits.governance.sleepersLookBackCommits);
  for (let at = line.length - 1; at >= oldest && missing.size > 0; at--) {
    const [commit, parent = null] = [line[at] ?? accepted, line[at - 1]];
    const entries = await changesOf(diff, parent, commit);
    const changes = entries.flatMap(({ path, oid }) => {
      const asleep = missing.get(path);
      return asleep?.oid === oid ? [asleep] : [];
    });
    for (const { path } of changes) missing.delete(path);
    if (changes.length > 0) found.push({ commit, parent, changes, lost: false });
  }
  if (missing.size === 0) return found;
  const commit = line[oldest] ?? accepted;
  const together = found.find((each) => each.commit === commit);
  const changes = [...(together?.changes ?? []), ...missing.values()];
  return [
    ...found.filter((each) => each !== together),
    { commit, parent: line[oldest - 1] ?? null, changes, lost: true },
  ];
}

/** Nothing of a commit that cannot be read was ever taken. */
async function changesOf(
  diff: DeclaredDiff,
  parent: string | null,
  commit: string,
): Promise<readonly TreeEntryChange[]> {
  try {
    return await diff(parent, commit);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return [];
  }
}

/** Never null for a commit of the line: it is new to its parent. */
async function judgeBrought(
  context: Judging,
  {
    files,
    before,
    commit,
    parent,
    changes,
    lost,
  }: Brought & { readonly files: FilesInForce; readonly before: Desired },
): Promise<Judged | null> {
  const entriesOf = (): Promise<readonly TreeEntryChange[]> => Promise.resolve(changes);
  const unreadBeside = lost ? 1 : 0;
  const brought = await judgeApart(context, { commit, parent, on: files, before, entriesOf, unreadBeside });
  if (brought === null) return null;
  const { verdict, widened } = brought.judged;
  const reasons: readonly ChangeReason[] = [...verdict.reasons, ...widened];
  const outcome = verdict.outcome === 'accepted' && widened.length > 0 ? 'waiting' : verdict.outcome;
  return { ...brought, judged: { ...brought.judged, verdict: { ...verdict, reasons } }, outcome };
}

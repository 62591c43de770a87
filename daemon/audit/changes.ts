/** Compares the daemon's records of changes with a judgement made again from the clone. Pure. */
import { counted } from '../core/count.ts';
import type { ChangeRecord } from '../core/change-record.ts';
import type { Claims } from './claim.ts';
import type { Replay } from './replay.ts';

/** One claim a change: who asked, who approved exactly which plan, how it was judged. */
export function auditChanges(
  replayed: Replay,
  recorded: ReadonlyMap<string, ChangeRecord>,
  claims: Claims,
): void {
  for (const [key, ours] of replayed.records) {
    const part = ours.part === undefined ? '' : `, ${String(ours.part.files)} of its files`;
    const subject = `change ${ours.commit.slice(0, 10)} (${ours.subject})${part}`;
    const theirs = recorded.get(key);
    if (ours.outcome === 'trusted') {
      claims.add(
        subject,
        'is the first commit that counts',
        'assumed',
        'nothing before it could judge it; whoever set up the service vouches for it',
      );
      continue;
    }
    if (theirs === undefined) {
      claims.add(subject, `was ${ours.outcome}`, 'unproven', 'the daemon left no record of its verdict');
      continue;
    }
    const different = differences(ours, theirs);
    claims.prove(
      subject,
      `was ${theirs.outcome}: ${storyOf(theirs)}`,
      different.length === 0,
      different.length === 0 ? evidenceOf(ours) : different.join('; '),
    );
  }
  for (const [commit, { code, message }] of replayed.refused) {
    // What is malformed is so in every clone; what is missing may be missing in this one only.
    const word = code === 'git-malformed' ? 'proved' : 'unproven';
    claims.add(`change ${commit.slice(0, 10)}`, 'cannot be read: nothing of it is in force', word, message);
  }
  for (const [key, { commit, subject, outcome, part }] of recorded) {
    if (replayed.records.has(key)) continue;
    const why = replayed.line.includes(commit)
      ? part === undefined
        ? null
        : 'the history says that no part of it took effect by itself'
      : 'the commit is not in the history of the intent branch';
    if (why !== null)
      claims.add(`change ${commit.slice(0, 10)} (${subject})`, `was ${outcome}`, 'failed', why);
  }
}

function differences(ours: ChangeRecord, theirs: ChangeRecord): string[] {
  const different: string[] = [];
  const compare = (what: string, mine: unknown, written: unknown): void => {
    if (JSON.stringify(mine) !== JSON.stringify(written)) {
      different.push(
        `${what}: the record says ${JSON.stringify(written)}, the history ${JSON.stringify(mine)}`,
      );
    }
  };
  compare('outcome', ours.outcome, theirs.outcome);
  compare('plan', ours.hash, theirs.hash);
  compare('files in force', ours.part ?? null, theirs.part ?? null);
  compare('judged by', ours.judgedBy, theirs.judgedBy);
  compare('signatures', signaturesOf(ours), signaturesOf(theirs));
  compare('approvals', ours.approvals, theirs.approvals);
  return different;
}

/** By id: the order in which commits of one range are listed says nothing. */
function signaturesOf({ commits }: ChangeRecord): unknown[] {
  return commits
    .map((each) => [each.commit, each.verdict, each.principals] as const)
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
}

function storyOf({ commits, approvals, breakGlass, author }: ChangeRecord): string {
  const signers = [...new Set(commits.flatMap((each) => (each.verdict === 'good' ? each.principals : [])))];
  const asked = signers.length === 0 ? `asked by ${author}, not signed` : `signed by ${signers.join(', ')}`;
  const approved = approvals.map(
    (each) => `${each.rule} approved by ${each.by.map((one) => one.principal).join(', ') || 'nobody'}`,
  );
  const emergency = breakGlass === null ? [] : [`with the emergency key of ${breakGlass.principal}`];
  return [asked, ...approved, ...emergency].join('; ');
}

function evidenceOf({ hash, judgedBy }: ChangeRecord): string {
  return `judged again from the clone: plan ${hash?.slice(0, 16) ?? 'none'}, by ${counted(judgedBy.length, 'document')} in force before it`;
}

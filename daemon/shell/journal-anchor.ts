/**
 * The head of the journal in the signed commits of the state branch: whoever can write the journal can make its hashes anew or cut its end,
 * but not what was signed and pushed. Reads Git and the journal; renewals never wait for it.
 */
import { verifyCommitSignature } from '../git/signature.ts';
import type { Journal, JournalHead } from '../journal/journal.ts';
import { limits } from '../limits.ts';
import type { StateBranch } from './records.ts';

export const journalTrailer = 'Renewd-Journal';

/** The trailer's value. */
export function anchorText({ id, count, hash }: JournalHead): string {
  return `${id} ${String(count)} ${hash}`;
}

/** How the journal differs from itself or from what the newest commit of ours says of it; null when it does not, or nothing is said of this journal. IO: reads Git. */
export async function journalTrouble(
  journal: Journal,
  state: StateBranch,
  tip: string,
): Promise<string | null> {
  const head = journal.head();
  // A new data directory: what it does not know it takes over from the endpoints.
  if (head === null) return null;
  const broken = journal.verify();
  if (broken !== null)
    return `entry ${String(broken)} of the journal was changed or taken out after it was written`;
  const anchor = await newestAnchor(state, tip, head.id);
  if (anchor === null) return null;
  const seen = `the commit ${anchor.commit.slice(0, 10)} of the records`;
  if (head.count < anchor.count) {
    return `the journal ends at entry ${String(head.count)}, but ${seen} knows of entry ${String(anchor.count)}: its end was cut off, or an old copy was put back`;
  }
  return journal.hashAt(anchor.count) === anchor.hash
    ? null
    : `entry ${String(anchor.count)} of the journal, or one before it, is not what ${seen} knows: it was written anew`;
}

async function newestAnchor(
  { repository, signer }: StateBranch,
  tip: string,
  id: string,
): Promise<(JournalHead & { readonly commit: string }) | null> {
  let commit: string | undefined = tip;
  for (let steps = 0; commit !== undefined && steps < limits.records.anchorStepsMax; steps++) {
    const raw: Uint8Array = await repository.rawCommit(commit);
    const text = Buffer.from(raw).toString('utf8');
    const found = [...text.matchAll(/^Renewd-Journal: ([0-9a-f]{16}) ([0-9]{1,15}) ([0-9a-f]{64})$/gm)].at(
      -1,
    );
    const at = Number(/^committer .* (\d{1,12}) [+-]\d{4}$/m.exec(text)?.[1] ?? Number.NaN) * 1000;
    if (
      found?.[1] === id &&
      (signer === null || verifyCommitSignature(raw, `records ${signer.publicKey}`, at).verdict === 'good')
    )
      return { id, count: Number(found[2]), hash: found[3] ?? '', commit };
    commit = /^parent ([0-9a-f]{40})$/m.exec(text.slice(0, Math.max(0, text.indexOf('\n\n'))))?.[1];
  }
  return null;
}

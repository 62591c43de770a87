/**
 * Compares what an issuer wants published with what the signed history of the state branch already says: an entry of a log of issuance never
 * changes and never vanishes. Reads Git; decides nothing but that.
 */
import { createHash } from 'node:crypto';
import { judgeLine, type RecordTrust } from '../records/signed-line.ts';
import type { StateBranch } from './records.ts';

/**
 * Why these publications of `issuer` contradict what was published, as the end of a sentence; null when they do not. IO: reads Git, the whole line only
 * where something differs from the tip. What others wrote to the branch counts for nothing; `trust` null: records are not signed, and all count.
 */
export async function contradiction(
  state: StateBranch,
  tip: string | null,
  issuer: string,
  publications: ReadonlyMap<string, string>,
  trust: RecordTrust | null,
): Promise<string | null> {
  if (tip === null) return null;
  const folder = `${state.prefix}issuance/${issuer}`;
  const differing: string[] = [];
  for (const { path, oid } of await state.repository.changes(null, tip, [folder])) {
    const text = publications.get(path.slice(state.prefix.length));
    if (oid !== null && (text === undefined || blobId(text) !== oid)) differing.push(path);
  }
  if (differing.length === 0) return null;
  const first = await firstPublished(state, tip, folder, trust);
  for (const path of differing) {
    const oid = first.get(path);
    const text = publications.get(path.slice(state.prefix.length));
    if (oid === undefined || (text !== undefined && blobId(text) === oid)) continue;
    const what = text === undefined ? 'is not in its log any more' : 'stands otherwise in its log';
    return `${path.slice(state.prefix.length)}, which was published, ${what}`;
  }
  return null;
}

/** Path to the object that a commit of ours first put there. */
async function firstPublished(
  { repository }: StateBranch,
  tip: string,
  folder: string,
  trust: RecordTrust | null,
): Promise<ReadonlyMap<string, string>> {
  const first = new Map<string, string>();
  const line = (await repository.firstParentLine(null, tip)) ?? [];
  const judged = trust === null ? null : await judgeLine(repository, line, trust);
  let previous: string | null = null;
  for (const [index, commit] of line.entries()) {
    const changes = await repository.changes(previous, commit.oid, [folder]);
    previous = commit.oid;
    if (judged !== null && judged[index]?.verdict !== 'good') continue;
    for (const { path, oid } of changes) if (oid !== null && !first.has(path)) first.set(path, oid);
  }
  return first;
}

/** The id Git gives these bytes as a blob. */
function blobId(text: string): string {
  const bytes = Buffer.from(text);
  return createHash('sha1')
    .update(`blob ${String(bytes.length)}\0`)
    .update(bytes)
    .digest('hex');
}

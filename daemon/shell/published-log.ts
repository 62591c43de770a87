/**
 * What the signed history of the state branch says of what issuers publish: an entry of a log of issuance never changes and never vanishes, and a root that
 * was ever published is what clients trust. Who pushed what stands at the tip is never asked. Reads Git; decides nothing but that.
 */
import { createHash } from 'node:crypto';
import type { Repository } from '../git/repository.ts';
import { OperationError } from '../ports/failure.ts';
import type { PublishedRecord } from '../ports/plugin.ts';
import { recordsLine } from '../records/line-of.ts';
import { judgeLine, type RecordTrust } from '../records/signed-line.ts';
import { allowedSignersPath } from './in-force.ts';
import type { StateBranch } from './records.ts';

/** What is wrong with what an issuer would publish. */
export interface Contradiction {
  /** The end of a sentence. */
  readonly message: string;
  /** Objects of the entries that its log lacks, where it contradicts nothing else; else empty. */
  readonly missing: readonly string[];
}

/**
 * Why these publications of `issuer` contradict what was published; null when they do not. IO: reads Git, the whole line only
 * where something differs from the tip. What others wrote to the branch counts for nothing; `trust` null: records are not signed, and all count.
 */
export async function contradiction(
  state: StateBranch,
  tip: string | null,
  issuer: string,
  publications: ReadonlyMap<string, string>,
  trust: RecordTrust | null,
): Promise<Contradiction | null> {
  if (tip === null) return null;
  const folder = `${state.prefix}issuance/${issuer}`;
  const differing: string[] = [];
  for (const { path, oid } of await state.repository.changes(null, tip, [folder])) {
    const text = publications.get(path.slice(state.prefix.length));
    if (oid !== null && (text === undefined || blobId(text) !== oid)) differing.push(path);
  }
  if (differing.length === 0) return null;
  const first = await firstPublished(state, tip, folder, trust);
  const missing: string[] = [];
  let lacks: string | null = null;
  for (const path of differing) {
    const oid = first.get(path);
    const name = path.slice(state.prefix.length);
    const text = publications.get(name);
    if (oid === undefined || (text !== undefined && blobId(text) === oid)) continue;
    if (text !== undefined)
      return { message: `${name}, which was published, stands otherwise in its log`, missing: [] };
    missing.push(oid);
    lacks ??= name;
  }
  return lacks === null
    ? null
    : { message: `${lacks}, which was published, is not in its log any more`, missing };
}

/** Path to the object that a commit of ours first put there. */
async function firstPublished(
  { repository }: StateBranch,
  tip: string,
  folder: string,
  trust: RecordTrust | null,
): Promise<ReadonlyMap<string, string>> {
  const first = new Map<string, string>();
  const line = (await recordsLine(repository, { from: null, tip, trust })) ?? [];
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

/**
 * The newest text that a commit of ours ever put at a path of the records, on the lines of these tips (what the branch shows, and what we left there); a removal
 * takes nothing away. `trust` null: records are not signed, and all count. Commits before the first of ours may be those of an earlier data directory whose key
 * nobody listed: what they put there is not believed, and is said in `unsure`, as is a line that is not all here. IO: reads Git. @throws OperationError `git-*`
 */
export async function publishedRecord(
  { repository, prefix }: Pick<StateBranch, 'repository' | 'prefix'>,
  tips: readonly string[],
  path: string,
  trust: RecordTrust | null,
): Promise<PublishedRecord> {
  const place = prefix + path;
  const seen = new Set<string>();
  let unsure: string | null = null;
  for (const tip of tips) {
    if (seen.has(tip)) continue;
    try {
      const versions = await versionsOf(repository, tip, place, { trust, seen });
      if (versions.ours !== null) {
        let text = '';
        await repository.readBlobs([versions.ours], (_, bytes) => {
          text = Buffer.from(bytes).toString('utf8');
        });
        return { text, unsure: null };
      }
      if (versions.unknown !== null)
        unsure ??= `commit ${versions.unknown.slice(0, 10)} of the records put ${path} there, and no key that counts signed it. If it is of an earlier data directory, list its key for renewd in ${allowedSignersPath}`;
    } catch (error) {
      if (!(error instanceof OperationError) || !notAllHere.has(error.code)) throw error;
      unsure ??= `the history of the records up to ${tip.slice(0, 10)} is not all here (${error.message}), so nothing says whether ${path} was ever there`;
    }
  }
  return { text: null, unsure };
}

const notAllHere: ReadonlySet<string> = new Set(['git-incomplete', 'git-corrupt']);

/** The newest object that ours put there, and the first commit that may be ours and put one there. */
async function versionsOf(
  repository: Repository,
  tip: string,
  place: string,
  { trust, seen }: { readonly trust: RecordTrust | null; readonly seen: Set<string> },
): Promise<{ readonly ours: string | null; readonly unknown: string | null }> {
  const line = (await recordsLine(repository, { from: null, tip, trust })) ?? [];
  const judged = trust === null ? null : await judgeLine(repository, line, trust);
  const first = judged?.findIndex(({ verdict }) => verdict === 'good') ?? 0;
  let ours: string | null = null;
  let unknown: string | null = null;
  let previous: string | null = null;
  for (const [index, { oid: commit }] of line.entries()) {
    seen.add(commit);
    const verdict = judged === null ? 'good' : (judged[index]?.verdict ?? 'none');
    const changes = await repository.changes(previous, commit, [place]);
    previous = commit;
    const put = changes.find((each) => each.path === place)?.oid ?? null;
    if (put === null) continue;
    if (verdict === 'good') ours = put;
    else if (first === -1 || index < first || verdict === 'retired') unknown ??= commit;
  }
  return { ours, unknown };
}

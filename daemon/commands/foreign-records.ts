/**
 * Whether what the records say was written by the daemon: for commands that only read. Who may push may write a record that says all is well, and until the daemon
 * puts it back, or where none runs any more, it stands there. Reads Git only.
 */
import { headAgrees, provenRecords } from '../audit/proven-records.ts';
import { counted } from '../core/count.ts';
import type { Commit, Repository } from '../git/repository.ts';
import { signerOf } from '../git/signature.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Log } from '../ports/plugin.ts';
import { isUnreadable } from '../shell/new-commits.ts';
import { escapeControls } from '../terminal.ts';
import type { Invocation } from './command.ts';
import { silentLog } from './silent-log.ts';
import { instanceTrailer, recordsBeginning } from '../records/beginning.ts';
import { recordsLine } from '../records/line-of.ts';
import { examineLine, type ForeignCommit, type Lineage } from '../records/lineage.ts';

export interface ForeignRecords {
  /**
   * `one-key`: all of the commits looked at have the key that most of them have; that it is the daemon's is taken on trust. `listed`: compared with
   * policies/allowed_signers in force. `nobody`: no commit of records is signed, so nothing can be told. `unsure`: which key is the daemon's cannot be told (`why`).
   */
  readonly comparedWith: 'one-key' | 'listed' | 'nobody' | 'unsure';
  /** Records that stand as somebody else left them, below the prefix, sorted. */
  readonly paths: readonly string[];
  /** Who left them so. */
  readonly commits: readonly ForeignCommit[];
  /** Why it cannot be told, and what to do; null where it can. */
  readonly why: string | null;
}

export interface RecordsRead {
  readonly repository: Repository;
  /** Tip of the records; null: there are none. */
  readonly state: string | null;
  /** Tip of the declarations; null: it is not here, and no list is asked. */
  readonly intent: string | null;
  readonly prefix: string;
  /** UTC epoch ms. */
  readonly now: number;
}

/**
 * Judges the last `limits.records.lineJudgedMax` commits by their key, where that is the key of the first commit of all and no list says otherwise. Else the list in force is worked
 * out, which takes as long as an audit, and all are judged by it. IO: reads Git. @throws OperationError `git-*`
 */
export async function foreignRecords(read: RecordsRead, log: Log): Promise<ForeignRecords> {
  const { repository, state, intent, prefix } = read;
  if (state === null) return nothingToSay('nobody');
  const newest = limits.records.lineJudgedMax;
  const line = (await recordsLine(repository, { from: null, tip: state, trust: null, newest })) ?? [];
  const key = await commonSigner(repository, line, prefix);
  const from = line[0]?.parents[0] ?? null;
  const alike = key === null ? null : await judged(read, state, from, `records ${key}`);
  try {
    const begin = await recordsBeginning(repository, state, prefix);
    if (!begin.isSigned) return nothingToSay('nobody');
    const isFirst = key !== null && key === begin.key && (await headAgrees(repository, intent, key));
    if (isFirst && alike?.believed.size === 0) return nothingToSay('one-key');
    const listed = intent === null ? null : await listedKeys({ ...read, state, intent }, log);
    if (listed !== null) return foreignIn((await judged(read, state, null, listed)) ?? alike, 'listed');
    if (begin.key !== null)
      return foreignIn((await judged(read, state, null, `records ${begin.key}`)) ?? alike, 'one-key');
  } catch (error) {
    if (error instanceof OperationError && error.code === 'unsupported')
      return { comparedWith: 'unsure', paths: [], commits: [], why: error.message };
    // A clone that is cut holds neither the first commit nor what was in force.
    if (!isUnreadable(error)) throw error;
  }
  return foreignIn(alike, 'one-key');
}

function nothingToSay(comparedWith: ForeignRecords['comparedWith']): ForeignRecords {
  return { comparedWith, paths: [], commits: [], why: null };
}

async function judged(
  { repository, prefix, now }: RecordsRead,
  tip: string,
  from: string | null,
  signers: string,
): Promise<Lineage | null> {
  const trust = { signers, now, believed: null };
  return examineLine({ repository, from, tip, prefix, trust, pending: new Map() });
}

/** The keys that the list in force gives to renewd; null for none. */
async function listedKeys(
  {
    repository,
    state,
    intent,
    prefix,
    now,
  }: RecordsRead & { readonly state: string; readonly intent: string },
  log: Log,
): Promise<string | null> {
  const question = { intent, state, prefix, trusted: null, own: [], now };
  return (await provenRecords(repository, question, log))?.listed ?? null;
}

/** What to say of them; null where there are none. */
export function foreignText({ paths, commits, comparedWith, why: unsure }: ForeignRecords): string | null {
  if (unsure !== null) return `${unsure}. What is said below may be somebody else’s`;
  if (paths.length === 0) return null;
  const shown = paths.slice(0, limits.records.pathsNamed).join(', ');
  const more = paths.length - limits.records.pathsNamed;
  const who = commits
    .slice(-limits.records.pathsNamed)
    .map(({ commit, author, verdict }) => `${commit.slice(0, 10)} by ${author} (${verdict})`)
    .join(', ');
  const why =
    comparedWith === 'listed'
      ? 'no key signed them that policies/allowed_signers gives to renewd'
      : 'the key of the commits around them did not sign them; where the daemon has a new key, list it in policies/allowed_signers';
  return `${counted(paths.length, 'record')} not written by the daemon: ${shown}${more > 0 ? ` and ${String(more)} more` : ''}, left so by ${who}: ${why}. What is said of them below is not believed. The daemon puts them back at its next turn; renewd audit looks at all of the history`;
}

/** Says on the error stream that records are not the daemon's, and whether any are. IO: reads Git, writes. @throws OperationError `git-*` */
export async function warnOfForeign(
  { err }: Pick<Invocation, 'err'>,
  read: Omit<RecordsRead, 'now'>,
): Promise<boolean> {
  const text = foreignText(await foreignRecords({ ...read, now: Date.now() }, silentLog));
  if (text !== null) err.write(`${escapeControls(text)}\n`);
  return text !== null;
}

function foreignIn(lineage: Lineage | null, comparedWith: 'one-key' | 'listed'): ForeignRecords {
  const paths = [...(lineage?.believed.keys() ?? [])].sort();
  return { comparedWith, paths, commits: paths.length === 0 ? [] : (lineage?.foreign ?? []), why: null };
}

/** The key that most commits of records were signed with; null for none. */
async function commonSigner(
  repository: Repository,
  line: readonly Commit[],
  prefix: string,
): Promise<string | null> {
  const counts = new Map<string, number>();
  for (const { oid, trailers } of line) {
    // On a branch shared with people theirs stand between ours.
    if (prefix !== '' && !trailers.some(([name]) => name === instanceTrailer)) continue;
    const key = signerOf(await repository.rawCommit(oid));
    if (key !== null) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, left], [, right]) => right - left);
  return most?.[0] ?? null;
}

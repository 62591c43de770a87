/**
 * The first commit is taken on trust, and what of it cannot be read is not: the history of the branch is asked for the last version that could be. What no history
 * knows leaves nobody able to say what is allowed, and that is said (`broken.ts`). Reads Git; writes nothing.
 */
import type { DocumentReader, ParsedFile } from '../documents/read.ts';
import type { Repository, TreeEntryChange } from '../git/repository.ts';
import type { SourceRow } from '../journal/journal.ts';
import { limits } from '../limits.ts';
import { brokenPrefix, brokenRow, keptFile, mistakesOf, notAFile, unknownFile } from './broken.ts';
import { declaredChanges } from './declared-changes.ts';
import {
  applyChange,
  declaredPrefixes,
  isDeclared,
  isRegular,
  type AppliedChange,
  type FilesInForce,
} from './in-force.ts';
import { newestParent } from './way.ts';

/** What a whole commit puts in force. IO: reads Git. `entries`: everything at the commit below the prefixes. */
export async function applyFirst(
  repository: Repository,
  reader: DocumentReader,
  commit: string,
  entries: readonly TreeEntryChange[],
): Promise<AppliedChange> {
  const nothing: FilesInForce = { files: new Map(), trust: new Map() };
  const applied = await applyChange(repository, reader, nothing, entries);
  const unreadable = [...applied.files.values()]
    .filter((file) => !isWhole(file) || file.documents.length === 0)
    .map((file) => file.path);
  // A link, a submodule or a file without an ending may stand where a folder of declarations was.
  const inTheWay = entries
    .filter(({ path, mode }) => !isDeclared(path) && (!isRegular(mode) || !/\.[^/]*$/.test(path)))
    .map((each) => each.path);
  const known = await lastReadable(repository, reader, commit, unreadable, inTheWay);
  return complete(applied, known, entries, inTheWay);
}

function isWhole(file: ParsedFile): boolean {
  return mistakesOf(file, []).length === 0;
}

interface Known extends FilesInForce {
  /** The last content that could be used, by path. */
  readonly rows: ReadonlyMap<string, SourceRow>;
}

/** The line of first parents, applied in order as far as these paths go. */
async function lastReadable(
  repository: Repository,
  reader: DocumentReader,
  commit: string,
  unreadable: readonly string[],
  inTheWay: readonly string[],
): Promise<Known> {
  let state: FilesInForce = { files: new Map(), trust: new Map() };
  const rows = new Map<string, SourceRow>();
  if (unreadable.length + inTheWay.length === 0) return { ...state, rows };
  const wanted = new Set(unreadable);
  const concerns = (path: string): boolean =>
    wanted.has(path) || inTheWay.some((each) => path === each || path.startsWith(`${each}/`));
  const line = (await repository.way(null, commit, newestParent(repository))) ?? [];
  let previous: string | null = null;
  for (const oid of line.slice(-limits.governance.commitsPerTurnMax)) {
    const changes = await repository.changes(previous, oid, declaredPrefixes);
    const about = declaredChanges(state, changes).filter((each) => concerns(each.path));
    previous = oid;
    if (about.length === 0) continue;
    const applied: AppliedChange = await applyChange(repository, reader, state, about, 'any name');
    for (const path of applied.removed) rows.delete(path);
    for (const row of applied.rows) if (!row.path.startsWith(brokenPrefix)) rows.set(row.path, row);
    state = applied;
  }
  return { ...state, rows };
}

/** The first load with what history knows, and with what it does not know named. */
function complete(
  applied: AppliedChange,
  known: Known,
  entries: readonly TreeEntryChange[],
  inTheWay: readonly string[],
): AppliedChange {
  const files = new Map(applied.files);
  const trust = new Map(applied.trust);
  const rows = new Map(applied.rows.map((row) => [row.path, row]));
  const documents = new Map(applied.documents.map((each) => [each.path, each]));
  for (const [path, file] of known.files) {
    if (file.documents.length === 0 && !known.trust.has(path)) continue;
    const here = files.get(path);
    if (here !== undefined && here.oid === file.oid && isWhole(here) && isWhole(file)) continue;
    files.set(path, file);
    const good = known.rows.get(path);
    if (good !== undefined) rows.set(path, good);
    if (isWhole(file)) rows.delete(brokenPrefix + path);
    else rows.set(brokenPrefix + path, brokenRow(file));
    if (!documents.has(path)) documents.set(path, { path, before: null, after: file.oid });
  }
  for (const [path, file] of known.trust) {
    if (trust.has(path)) continue;
    trust.set(path, file);
    rows.set(path, { path, ...file });
  }
  for (const path of inTheWay) {
    const entry = entries.find((each) => each.path === path);
    const isTop = (declaredPrefixes as readonly string[]).includes(path);
    const shadows = [...known.files.keys()].some((each) => each.startsWith(`${path}/`));
    // Nothing is known to have stood below a link in a folder: it is in nobody's way, unless the whole folder is one.
    if (entry === undefined || shadows || !isTop) continue;
    files.set(
      path,
      keptFile({ path, oid: entry.oid ?? '', mode: entry.mode }, [notAFile(path, entry.mode)], []),
    );
  }
  for (const [path, file] of files) {
    if (isWhole(file) || (file.documents.length > 0 && known.files.has(path)) || known.trust.has(path))
      continue;
    const unknown = unknownFile(file);
    files.set(path, unknown);
    // The content itself stays beside it: what of it could be read counts.
    rows.set(brokenPrefix + path, brokenRow(unknown));
  }
  return {
    files,
    trust,
    documents: [...documents.values()],
    rows: [...rows.values()],
    removed: applied.removed,
  };
}

/**
 * What is in force: the declarations and the lists of signers of the accepted commits, by path. A change is first applied to a copy, judged, and only then takes
 * its place. Reads blobs; writes nothing.
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextTick } from 'node:timers/promises';
import { canonicalJson } from '../core/canonical.ts';
import type { ChangePlan, DocumentChange } from '../core/change-plan.ts';
import type { Desired } from '../core/model.ts';
import { allKinds } from '../documents/kinds/index.ts';
import type { DocumentReader, ParsedFile } from '../documents/read.ts';
import { tooLarge } from '../git/object.ts';
import type { Repository, TreeEntryChange } from '../git/repository.ts';
import type { SourceRow } from '../journal/journal.ts';
import { limits } from '../limits.ts';
import { belowPrefix, brokenPrefix, brokenRow, keptFile, mistakesOf, notAFile } from './broken.ts';
import { holdersIn, refusedClaims } from './claims.ts';

/** A file that says who may sign. Kept as bytes: the judge of signatures reads it. */
export interface TrustFile {
  readonly oid: string;
  readonly bytes: Uint8Array;
}

export interface FilesInForce {
  readonly files: ReadonlyMap<string, ParsedFile>;
  readonly trust: ReadonlyMap<string, TrustFile>;
}

/** Where declarations stand. Everything else in the repository is not ours to read. */
export const declaredPrefixes = ['inventory', 'policies'] as const;

/** Lists of signers (docs/signatures.md). */
export const allowedSignersPath = 'policies/allowed_signers';
export const revokedKeysPath = 'policies/revoked_keys';
const openPgpPath = /^policies\/openpgp\/([^/]+)\.asc$/;

/** The principal an OpenPGP key file is for; null when the path is none. Pure. */
export function openPgpPrincipal(path: string): string | null {
  return openPgpPath.exec(path)?.[1] ?? null;
}

function isTrustFile(path: string): boolean {
  return path === allowedSignersPath || path === revokedKeysPath || openPgpPath.test(path);
}

/** Whether a path below the prefixes means anything to renewd. `A.YAML` does: it is told that it has the wrong name, not passed over. Pure. */
export function isDeclared(path: string): boolean {
  return isYaml(path) || isTrustFile(path);
}

/** Whether a file of this name is read as YAML. Pure. */
export function isYaml(path: string): boolean {
  return /\.ya?ml$/i.test(path);
}

const blobModes = new Set(['100644', '100755', '100664']);

/** Whether an entry of this mode is a regular file. Pure. */
export function isRegular(mode: string): boolean {
  return blobModes.has(mode);
}

/**
 * Whether an entry stands where a folder of declarations may be meant, and nothing behind it is read: a symbolic link or a submodule without an ending. It is named,
 * so that nobody takes it for declared; it stops nothing, since nothing is known to have stood there. Pure.
 */
export function isObstacle({ path, mode }: Pick<TreeEntryChange, 'path' | 'mode'>): boolean {
  return !isRegular(mode) && !mode.startsWith(belowPrefix) && !isDeclared(path) && !/\.[^/]*$/.test(path);
}

/** Files after a change, and what to keep of it in the journal. */
export interface AppliedChange extends FilesInForce {
  readonly documents: readonly DocumentChange[];
  readonly rows: readonly SourceRow[];
  readonly removed: readonly string[];
}

/**
 * Applies changed entries to a copy of what is in force. IO: reads blobs. Nothing is checked out, links are never followed. What cannot be used leaves what
 * it would replace in force (`broken.ts`, `claims.ts`), and the file says why. @throws OperationError `git-too-large`
 */
export async function applyChange(
  repository: Repository,
  reader: DocumentReader,
  before: FilesInForce,
  changes: readonly TreeEntryChange[],
  /** `any name`: files may declare names that are not theirs, as earlier versions let them. */
  names: 'own name' | 'any name' = before.files.size === 0 ? 'any name' : 'own name',
  /** Bytes that may be parsed, one content once for each path. What was let in under another bound is judged again without one. */
  textMaxBytes = Number.POSITIVE_INFINITY,
): Promise<AppliedChange> {
  const files = new Map(before.files);
  const trust = new Map(before.trust);
  const documents: DocumentChange[] = [];
  const wanted = new Map<string, string[]>();
  const rows: SourceRow[] = [];
  const removed: string[] = [];
  const had = (path: string): ParsedFile['documents'] => before.files.get(path)?.documents ?? [];
  const keep = (file: ParsedFile): void => {
    files.set(file.path, file);
    rows.push(brokenRow(file));
  };
  for (const change of changes.filter(
    (each) => isDeclared(each.path) || isObstacle(each) || before.files.has(each.path),
  )) {
    const { path, oid, mode } = change;
    const file = before.files.get(path);
    const old = file?.oid ?? before.trust.get(path)?.oid ?? null;
    const regular = isRegular(mode);
    if (old === oid && (oid === null || file?.mode === (regular ? undefined : mode))) continue;
    documents.push({ path, before: old, after: oid });
    if (oid === null) {
      removed.push(path, brokenPrefix + path);
      files.delete(path);
      trust.delete(path);
    } else if (regular) {
      const paths = wanted.get(oid);
      if (paths === undefined) wanted.set(oid, [path]);
      else paths.push(path);
    } else if (isObstacle(change))
      keep({ path, oid, mode, documents: [], problems: [{ ...notAFile(path, mode), severity: 'warning' }] });
    else keep(keptFile({ path, oid, mode }, [notAFile(path, mode)], had(path)));
  }
  refuseTooMany(before, documents.length);
  const contents = new Map<string, ParsedFile>();
  const blobs = new Map<string, Uint8Array>();
  await repository.readBlobs([...wanted.keys()], (oid, bytes) => {
    blobs.set(oid, bytes);
  });
  let text = 0;
  for (const [oid, paths] of wanted) text += (blobs.get(oid)?.length ?? 0) * paths.length;
  if (before.files.size > 0 && text > textMaxBytes)
    throw tooLarge(
      `a change with ${String(text)} bytes of declarations, counted at each path, is more than the ${String(textMaxBytes)} that are judged at once; make it in parts`,
    );
  let sliced = 0;
  for (const [oid, bytes] of blobs) {
    for (const path of wanted.get(oid) ?? []) {
      rows.push({ path, oid, bytes });
      if (isTrustFile(path)) {
        trust.set(path, { oid, bytes });
        files.delete(path);
        removed.push(brokenPrefix + path);
      } else contents.set(path, reader.parseFile({ path, oid, bytes }));
      // One content can stand at any number of paths: whoever pushed that must not hold up everything else.
      sliced += bytes.length + parseCostBytes;
      if (sliced < limits.governance.parseSliceBytes) continue;
      sliced = 0;
      await nextTick();
    }
  }
  const broken = new Set<string>();
  const usable = new Map<string, ParsedFile['documents']>(
    documents.flatMap(({ path }) => (contents.has(path) || files.has(path) ? [] : [[path, []]])),
  );
  for (const [path, file] of contents) {
    // The first load has nothing to keep: of a file with a mistake what can be read counts.
    const mistakes = before.files.size === 0 ? [] : mistakesOf(file, had(path));
    if (mistakes.length > 0) {
      broken.add(path);
      keep(
        keptFile(file, [...mistakes, ...file.problems.filter((each) => !mistakes.includes(each))], had(path)),
      );
    } else {
      files.set(path, file);
      usable.set(path, file.documents);
    }
  }
  const holders = holdersIn(before.files);
  for (const [path, problems] of refusedClaims(before.files, usable, names)) {
    const file = contents.get(path);
    if (file === undefined) continue;
    broken.add(path);
    keep(keptFile(file, [...problems, ...file.problems], had(path)));
    // A document that was moved to where it cannot be accepted is not thereby taken away.
    for (const { path: from, oid } of holders(file.documents)) {
      if (files.has(from) || from === path) continue;
      keep(
        keptFile(
          { path: from, oid },
          problems.map((each) => ({ ...each, message: `${from} was moved: ${each.message}` })),
          had(from),
        ),
      );
      removed.splice(removed.indexOf(from), 2);
    }
  }
  for (const path of contents.keys()) if (!broken.has(path)) removed.push(brokenPrefix + path);
  return {
    files,
    trust,
    documents,
    rows: rows.filter((row) => !broken.has(row.path)),
    removed,
  };
}

/** What one file costs beside its bytes, as bytes. */
const parseCostBytes = 1024;

/** @throws OperationError `git-too-large` for a change of more files than are looked at together. The first commit is the estate as it is, and has no such bound */
function refuseTooMany(before: FilesInForce, count: number): void {
  if (before.files.size === 0 || count <= limits.governance.filesPerChangeMax) return;
  throw tooLarge(
    `a change of ${String(count)} declarations is more than the ${String(limits.governance.filesPerChangeMax)} that are judged at once; make it in parts`,
  );
}

/** What judges a change made on top of this state: documents of governance and lists of signers, as `path blob`. Pure. */
export function judgedBy(desired: Desired, trust: ReadonlyMap<string, TrustFile>): readonly string[] {
  const governing = allKinds
    .filter((each) => each.governs)
    .flatMap((kind) => [...kind.of(desired).values()])
    // What renewd brings itself is not of the repository.
    .filter((each) => !each.source.file.startsWith('built-in/'))
    .map((each) => `${each.source.file} ${each.blob}`);
  return [...governing, ...[...trust].map(([path, { oid }]) => `${path} ${oid}`)].sort();
}

/** The plan without what a newer renewd may do otherwise: the commands of its own profiles. An approval, and an audit years later, must not depend on its version. */
function hashedPlan(plan: ChangePlan): ChangePlan {
  return {
    ...plan,
    certificates: plan.certificates.map((certificate) => ({
      ...certificate,
      steps: certificate.steps.map((step) =>
        step.profileFrom === 'renewd' ? { ...step, commands: [] } : step,
      ),
    })),
  };
}

/** The hash that approvals are bound to: SHA-256, hex, over the canonical JSON of the plan and of what judges it. Pure. */
export function planHash(plan: ChangePlan, judging: readonly string[]): string {
  return digestOf({ judgedBy: judging, plan: hashedPlan(plan) });
}

/** SHA-256, hex, over the canonical JSON of a value. Pure. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

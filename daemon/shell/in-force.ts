/**
 * What is in force: the declarations and the lists of signers of the accepted commits, by path. A change is first applied to a copy, judged, and only then takes
 * its place. Reads blobs; writes nothing.
 */
import { createHash } from 'node:crypto';
import { dirname } from 'node:path/posix';
import { canonicalJson } from '../core/canonical.ts';
import type { ChangePlan, DocumentChange } from '../core/change-plan.ts';
import { governanceOf } from '../core/governance-in-force.ts';
import type { Desired } from '../core/model.ts';
import type { DocumentReader, ParsedFile } from '../documents/read.ts';
import type { Repository, TreeEntryChange } from '../git/repository.ts';
import type { SourceRow } from '../journal/journal.ts';

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

/** Whether a path below the prefixes means anything to renewd. Pure. */
export function isDeclared(path: string): boolean {
  return /\.ya?ml$/.test(path) || isTrustFile(path);
}

const blobModes = new Set(['100644', '100755', '100664']);

/** Files after a change, and what to keep of it in the journal. */
export interface AppliedChange extends FilesInForce {
  readonly documents: readonly DocumentChange[];
  readonly rows: readonly SourceRow[];
  readonly removed: readonly string[];
}

/** In the journal: the broken version of a file whose last good version stands under its own path. */
export const brokenPrefix = 'broken:';

/** Applies changed entries to a copy of what is in force. IO: reads blobs. Nothing is checked out, links are never followed. */
export async function applyChange(
  repository: Repository,
  reader: DocumentReader,
  before: FilesInForce,
  changes: readonly TreeEntryChange[],
): Promise<AppliedChange> {
  const files = new Map(before.files);
  const trust = new Map(before.trust);
  const documents: DocumentChange[] = [];
  const wanted = new Map<string, string[]>();
  const rows: SourceRow[] = [];
  const removed: string[] = [];
  for (const change of changes.filter((each) => isDeclared(each.path))) {
    const { path, oid, mode } = change;
    const old = before.files.get(path)?.oid ?? before.trust.get(path)?.oid ?? null;
    if (old === oid) continue;
    documents.push({ path, before: old, after: oid });
    if (oid === null || !blobModes.has(mode)) {
      removed.push(path, brokenPrefix + path);
      files.delete(path);
      trust.delete(path);
      if (oid !== null) files.set(path, refusedEntry(change));
    } else wanted.set(oid, [...(wanted.get(oid) ?? []), path]);
  }
  await repository.readBlobs([...wanted.keys()], (oid, bytes) => {
    for (const path of wanted.get(oid) ?? []) {
      if (isTrustFile(path)) {
        trust.set(path, { oid, bytes });
        rows.push({ path, oid, bytes });
        continue;
      }
      const parsed = reader.parseFile({ path, oid, bytes });
      // The last version that could be read stays beside a broken one, so that a restart loses nothing that was in force.
      const broken = parsed.problems.length > 0 && (before.files.get(path)?.documents.length ?? 0) > 0;
      files.set(path, parsed);
      rows.push({ path: broken ? brokenPrefix + path : path, oid, bytes });
      if (!broken) removed.push(brokenPrefix + path);
    }
  });
  return { files, trust, documents, rows, removed };
}

/** A symbolic link or submodule where a declaration should be: named, never followed. */
function refusedEntry(change: TreeEntryChange): ParsedFile {
  const what =
    change.mode === '160000'
      ? 'a submodule'
      : change.mode === '120000'
        ? 'a symbolic link'
        : 'no regular file';
  return {
    path: change.path,
    oid: change.oid ?? '',
    documents: [],
    problems: [
      {
        code: 'document-not-a-file',
        message: `${change.path} is ${what}; declarations must be regular files`,
        source: { file: change.path, line: 1, column: 1 },
        excerpt: null,
        severity: 'error',
        scope: dirname(change.path),
      },
    ],
  };
}

/** What judges a change made on top of this state: documents of governance and lists of signers, as `path blob`. Pure. */
export function judgedBy(desired: Desired, trust: ReadonlyMap<string, TrustFile>): readonly string[] {
  return [...governanceOf(desired), ...[...trust].map(([path, { oid }]) => `${path} ${oid}`)].sort();
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
  return createHash('sha256')
    .update(canonicalJson({ judgedBy: judging, plan: hashedPlan(plan) }))
    .digest('hex');
}

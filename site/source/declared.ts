/** What the intent branch declares beside certificates, and the texts of certificates where a page shows them. Reads Git only. */
import { buildDesired } from '../../daemon/core/desired.ts';
import type { Desired } from '../../daemon/core/model.ts';
import type { CertificateRecord } from '../../daemon/core/record-format.ts';
import type { ParsedFile } from '../../daemon/documents/read.ts';
import type { Repository } from '../../daemon/git/repository.ts';
import { limits } from '../../daemon/limits.ts';
import { builtIns, documentReader } from '../../daemon/reader.ts';
import { declaredPrefixes } from '../../daemon/shell/in-force.ts';
import type { DeclaredDocuments } from '../facts/sources.ts';
import { certificateId } from '../src/lib/model.ts';

/**
 * Everything declared at a commit. In a large estate files that records name as those of certificates are not read: what else stands in the same file is then
 * not seen. IO: Git, read-only. Mistakes in documents are the daemon's to report, not ours.
 */
export async function readDesired(
  repository: Repository,
  commit: string,
  certificates: readonly CertificateRecord[],
): Promise<Desired> {
  const reader = documentReader();
  const known =
    certificates.length > limits.site.sharedFilesReadMax
      ? new Set(certificates.map((each) => each.declaration.file))
      : new Set<string>();
  const files: ParsedFile[] = [];
  const paths = new Map<string, string>();
  for (const change of await repository.changes(null, commit, declaredPrefixes)) {
    if (change.oid === null || known.has(change.path)) continue;
    if (/\.ya?ml$/.test(change.path) && change.mode.startsWith('100')) paths.set(change.oid, change.path);
  }
  await repository.readBlobs([...paths.keys()], (oid, bytes) => {
    files.push(reader.parseFile({ path: paths.get(oid) ?? '', oid, bytes }));
  });
  return buildDesired(commit, files, builtIns(reader));
}

/** The documents as lists. Pure. */
export function documentsOf(desired: Desired | null): DeclaredDocuments {
  const list = <Item>(map: ReadonlyMap<string, Item> | undefined): Item[] => [...(map?.values() ?? [])];
  return {
    teams: list(desired?.teams),
    issuers: list(desired?.issuers),
    endpoints: list(desired?.endpoints),
    profiles: list(desired?.profiles),
    policies: desired?.policies ?? [],
    packs: list(desired?.packs),
    customRules: list(desired?.customRules),
    waivers: list(desired?.waivers),
    offers: list(desired?.offers),
    programs: list(desired?.programs),
  };
}

/** Text of declarations by certificate id, for those given, as they stand at a commit. What is gone, too large or no regular file is left out. IO: Git, read-only. */
export async function readTexts(
  repository: Repository,
  commit: string,
  certificates: readonly CertificateRecord[],
): Promise<Readonly<Record<string, string>>> {
  const byFile = Map.groupBy(certificates, (each) => each.declaration.file);
  const ids = new Map<string, string[]>();
  for (const { path, oid, mode } of await repository.changes(null, commit, declaredPrefixes)) {
    if (oid === null || !mode.startsWith('100')) continue;
    for (const each of byFile.get(path) ?? []) ids.set(oid, [...(ids.get(oid) ?? []), certificateId(each)]);
  }
  const texts: Record<string, string> = {};
  await repository.readBlobs([...ids.keys()], (oid, bytes) => {
    if (bytes.length > limits.site.declarationMaxBytes) return;
    for (const id of ids.get(oid) ?? []) texts[id] = Buffer.from(bytes).toString('utf8');
  });
  return texts;
}

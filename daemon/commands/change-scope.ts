/**
 * What of a repository must be read to judge a change: where it touches certificates alone, what governs, the files it touches, the endpoints they name, and files that
 * may declare the same certificate. A pull request is judged in a part of a second however large the estate is. A test compares the verdict with that of reading everything.
 */
import type { Certificate } from '../core/model.ts';
import type { DocumentReader } from '../documents/read.ts';
import type { Repository, TreeEntryChange } from '../git/repository.ts';
import { applyChange, type AppliedChange, type FilesInForce } from '../shell/in-force.ts';

const nothing: FilesInForce = { files: new Map(), trust: new Map() };
const certificatesFolder = 'inventory/certificates/';
const endpointsFolder = 'inventory/endpoints/';

/** The state of the base as far as the change needs it. IO: reads Git. */
export async function readForChange(
  repository: Repository,
  reader: DocumentReader,
  entries: readonly TreeEntryChange[],
  changes: readonly TreeEntryChange[],
): Promise<AppliedChange> {
  if (!changes.every((each) => each.path.startsWith(certificatesFolder))) {
    return applyChange(repository, reader, nothing, entries);
  }
  const touched = new Set(changes.map((each) => each.path));
  const governing = entries.filter(
    ({ path }) =>
      touched.has(path) || !(path.startsWith(certificatesFolder) || path.startsWith(endpointsFolder)),
  );
  const base = await applyChange(repository, reader, nothing, governing);
  const after = await applyChange(repository, reader, base, changes);
  const wanted = [...base.files.values(), ...after.files.values()].flatMap((file) =>
    touched.has(file.path)
      ? file.documents.filter((each): each is Certificate => each.kind === 'Certificate')
      : [],
  );
  const twins = await possibleTwins(repository, entries, touched, wanted);
  const endpoints = await endpointEntries(repository, reader, entries, wanted);
  return applyChange(repository, reader, nothing, [...governing, ...twins, ...endpoints]);
}

/** Files of the same team's folder whose text holds the name of a touched certificate: only they can declare it too. */
async function possibleTwins(
  repository: Repository,
  entries: readonly TreeEntryChange[],
  touched: ReadonlySet<string>,
  wanted: readonly Certificate[],
): Promise<TreeEntryChange[]> {
  const names = new Map<string, string[]>();
  for (const { team, name } of wanted) names.set(team, [...(names.get(team) ?? []), name]);
  const candidates = entries.filter(({ path }) => {
    const team = path.startsWith(certificatesFolder)
      ? path.slice(certificatesFolder.length).split('/')[0]
      : undefined;
    return team !== undefined && names.has(team) && !touched.has(path);
  });
  const holding = new Set<string>();
  const all = [...new Set(wanted.map((each) => each.name))];
  const oids = candidates.flatMap((each) => each.oid ?? []);
  await repository.readBlobs([...new Set(oids)], (oid, bytes) => {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (all.some((name) => text.includes(name))) holding.add(oid);
  });
  return candidates.filter(({ oid }) => oid !== null && holding.has(oid));
}

/** The endpoints that are named, and those they are reached through. By the usual file name; where one is not there, all are read. */
async function endpointEntries(
  repository: Repository,
  reader: DocumentReader,
  entries: readonly TreeEntryChange[],
  wanted: readonly Certificate[],
): Promise<readonly TreeEntryChange[]> {
  const byPath = new Map(entries.map((each) => [each.path, each]));
  const everyone = entries.filter(({ path }) => path.startsWith(endpointsFolder));
  const found = new Map<string, TreeEntryChange>();
  let names = [...new Set(wanted.flatMap((each) => each.installations.map((one) => one.endpoint)))];
  while (names.length > 0) {
    const next: TreeEntryChange[] = [];
    for (const name of names) {
      const entry = byPath.get(`${endpointsFolder}${name}.yaml`);
      if (entry === undefined) return everyone;
      found.set(name, entry);
      next.push(entry);
    }
    const read = await applyChange(repository, reader, nothing, next);
    const declared = [...read.files.values()].flatMap((file) => file.documents);
    if (names.some((name) => !declared.some((each) => each.kind === 'Endpoint' && each.name === name)))
      return everyone;
    names = declared.flatMap((each) => {
      const jump = each.kind === 'Endpoint' ? each.config['jump'] : undefined;
      return typeof jump === 'string' && !found.has(jump) ? [jump] : [];
    });
  }
  return [...found.values()];
}

/**
 * Who may declare which name: the file that has it. A name in force beats every new claimant, wherever that sorts; a name that nobody has goes to the one file of
 * that name. Without this a second file could answer for somebody else's endpoint, team or issuer. Pure.
 */
import type { DocumentProblem } from '../core/model.ts';
import type { ParsedFile, Resource } from '../core/parsed-document.ts';
import { keyOf } from '../documents/kinds/index.ts';
import { hasItsFile, homeOf } from '../documents/placement.ts';

type Files = ReadonlyMap<string, ParsedFile>;

/** Why files of a change may not declare what they do, by path. `changed`: their new contents, as far as they can be used. */
export function refusedClaims(
  before: Files,
  changed: ReadonlyMap<string, readonly Resource[]>,
  /** `any name`: on the first load nothing is in force that could hold a name, and all is taken as it stands. */
  names: 'own name' | 'any name',
): ReadonlyMap<string, readonly DocumentProblem[]> {
  const holders = pathsByKey(before);
  const refused = new Map<string, DocumentProblem[]>();
  const refuse = (resource: Resource, message: string, code: string): void => {
    const { source } = resource;
    const scope = source.file.slice(0, Math.max(source.file.lastIndexOf('/'), 0));
    const problem: DocumentProblem = { code, message, source, excerpt: null, severity: 'error', scope };
    refused.set(source.file, [...(refused.get(source.file) ?? []), problem]);
  };
  for (const [path, documents] of changed) {
    for (const resource of documents) {
      if (names === 'any name' || hasItsFile(resource) || holders.get(keyOf(resource)) === path) continue;
      refuse(
        resource,
        `${resource.kind} ${resource.name} is new in ${path}, which has another name; declare it in ${homeOf(resource)}`,
        'document-place',
      );
    }
  }
  // Each round a file that is refused goes back to what it declared before, which may in turn be claimed by another.
  for (let more = true; more;) {
    more = false;
    for (const [key, claimants] of claimsOn(before, changed, refused)) {
      if (claimants.length < 2) continue;
      const holder = holders.get(key);
      const wins = claimants.some((each) => each.source.file === holder) ? holder : undefined;
      for (const each of claimants) {
        const { file } = each.source;
        if (file === wins || refused.has(file) || !changed.has(file)) continue;
        const other = claimants.find((one) => one.source.file === (wins ?? one.source.file) && one !== each);
        refuse(each, taken(each, other?.source.file ?? wins ?? '', wins !== undefined), 'duplicate-resource');
        more = true;
      }
    }
  }
  return refused;
}

function taken({ kind, name }: Resource, other: string, held: boolean): string {
  return held
    ? `${kind} ${name} is declared in ${other}, which is in force; this one is not used. Change it there, or delete it there in the same commit`
    : `${kind} ${name} is declared in ${other} too, by the same change; neither is used. Keep one`;
}

/** Finds the files in which names are in force. All are looked at once, and only when somebody asks: a change may be refused in thousands of places. Pure. */
export function holdersIn(before: Files): (documents: readonly Resource[]) => readonly ParsedFile[] {
  let byName: Map<string, Set<ParsedFile>> | null = null;
  return (documents) => {
    if (byName === null) {
      byName = new Map();
      for (const file of before.values())
        for (const each of file.documents)
          byName.set(keyOf(each), (byName.get(keyOf(each)) ?? new Set()).add(file));
    }
    const found = new Set<ParsedFile>();
    for (const each of documents) for (const file of byName.get(keyOf(each)) ?? []) found.add(file);
    return [...found];
  };
}

function pathsByKey(files: Files): Map<string, string> {
  const holders = new Map<string, string>();
  for (const [path, { documents }] of files) for (const each of documents) holders.set(keyOf(each), path);
  return holders;
}

/** Everything that is declared if the refused files stay as they were. */
function claimsOn(
  before: Files,
  changed: ReadonlyMap<string, readonly Resource[]>,
  refused: ReadonlyMap<string, unknown>,
): Map<string, Resource[]> {
  const claims = new Map<string, Resource[]>();
  const add = (documents: readonly Resource[]): void => {
    for (const each of documents) {
      const list = claims.get(keyOf(each));
      if (list === undefined) claims.set(keyOf(each), [each]);
      else list.push(each);
    }
  };
  for (const [path, { documents }] of before) if (!changed.has(path) || refused.has(path)) add(documents);
  for (const [path, documents] of changed) if (!refused.has(path)) add(documents);
  return claims;
}

/**
 * Where a document must stand. Rights go by file, so a file declares one thing and has its name: whoever may change the file may change what it
 * declares, and there is no second answer to who that is.
 */
import type { Resource } from '../core/parsed-document.ts';
import { kinds } from './kinds/index.ts';

/** A document that stands in a file of another name. What was in force there before stays; nothing new is accepted so. */
export const placementCode = 'document-place';

/** What renewd brings itself, and an example in a page, stand where they like. */
function isDeclaredHere(path: string): boolean {
  return path.startsWith('inventory/') || path.startsWith('policies/');
}

/** The file a document of this name belongs in, in the folder where it stands. Pure. */
export function homeOf(resource: Resource): string {
  const { kind, name, source } = resource;
  const { folder } = kinds[kind];
  const inside = resource.kind === 'Certificate' ? `${folder}${resource.team}/` : folder;
  const at = source.file.lastIndexOf('/') + 1;
  const base = source.file.startsWith(inside) ? source.file.slice(0, at) : inside;
  return `${base}${name}.yaml`;
}

/** Whether a document stands in the file of its name. Pure. */
export function hasItsFile({ kind, name, source }: Resource): boolean {
  if (!isDeclaredHere(source.file)) return true;
  const file = source.file.slice(source.file.lastIndexOf('/') + 1).replace(/\.ya?ml$/, '');
  return file === name || file === kinds[kind].fileName;
}

/** Why a document in this folder is not believed; null where it may stand here. Pure. */
export function wrongFolder(resource: Resource): string | null {
  const { kind, name, source } = resource;
  if (!isDeclaredHere(source.file)) return null;
  const { folder } = kinds[kind];
  if (!source.file.startsWith(folder)) {
    return `${kind} ${name} is not used: a ${kind} belongs below ${folder}. Move it to ${homeOf(resource)}`;
  }
  if (resource.kind !== 'Certificate') return null;
  // The folder is what CODEOWNERS and change control protect, so it must say the truth.
  const team = /^inventory\/certificates\/([^/]+)\//.exec(source.file)?.[1];
  if (team === resource.team) return null;
  return `${resource.id} belongs to team ${resource.team} but stands in the folder of ${team ?? 'no team'}; move it to ${homeOf(resource)}`;
}

/** What to do with a document that stands in a file of another name, or beside another; null where it has its file. Pure. */
export function misplaced(resource: Resource, all: readonly Resource[]): string | null {
  const first = all.find(hasItsFile);
  if (resource === first || !isDeclaredHere(resource.source.file)) return null;
  const { kind, name, source } = resource;
  const home = homeOf(resource);
  // Bytes that are no UTF-8 come as U+FFFD.
  const odd = source.file.includes('\ufffd') ? ' (the name of the file is not UTF-8)' : '';
  const why =
    'Who may change a file may change what it declares, so a file declares one thing and has its name';
  if (all.length > 1) {
    return `${kind} ${name} stands in ${source.file} together with others; move this document to a file of its own, ${home}. ${why}`;
  }
  return `${kind} ${name} stands in ${source.file}${odd}; rename the file: git mv ${source.file} ${home}. ${why}`;
}

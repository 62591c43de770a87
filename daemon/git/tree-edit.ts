/** Makes the trees of a commit out of a tip and a set of file edits; untouched entries keep their bytes. Refuses names git must not hold. */
import { OperationError } from '../ports/failure.ts';
import { corrupt } from './object.ts';
import type { ObjectStore } from './object-store.ts';
import type { PackWriter } from './pack-write.ts';
import { isFolder, parseTree, rawNameOf, renderTree, treeMode, type TreeEntry } from './tree.ts';

interface EditFolder {
  readonly files: Map<string, string | null>;
  readonly folders: Map<string, EditFolder>;
}

/**
 * Applies edits (path to text, null deletes) to a tree and adds what is new to the pack. Returns the id of the new tree, null when it
 * is empty. Deleting what is not there is no change; a folder that becomes empty goes. A file takes the place of a folder, and a folder that of a file: what
 * somebody put in the way of a record must not end all records. Reads only the folders it touches.
 * @throws OperationError `unsupported` on a path git must not hold, `git-corrupt`
 */
export function editTree(
  store: ObjectStore,
  tree: string | null,
  edits: ReadonlyMap<string, string | null>,
  pack: PackWriter,
): string | null {
  const root: EditFolder = { files: new Map(), folders: new Map() };
  for (const [path, text] of edits) insert(root, path, text);
  return applyFolder(store, tree, root, pack);
}

function insert(root: EditFolder, path: string, text: string | null): void {
  const parts = path.split('/');
  // What is there already may be taken away whatever it is called: somebody else gave it its name.
  if (text !== null) for (const part of parts) checkPathComponent(part, path);
  let folder = root;
  for (const part of parts.slice(0, -1)) {
    let next = folder.folders.get(part);
    if (next === undefined) {
      next = { files: new Map(), folders: new Map() };
      folder.folders.set(part, next);
    }
    folder = next;
  }
  folder.files.set(parts.at(-1) ?? '', text);
}

function applyFolder(
  store: ObjectStore,
  tree: string | null,
  folder: EditFolder,
  pack: PackWriter,
): string | null {
  const before = tree === null ? [] : parseTree(store.require(tree, 'tree'));
  const entries = new Map<string, TreeEntry>(before.map((entry) => [entry.rawName, entry]));
  if (entries.size !== before.length) throw corrupt('a tree has a name twice');
  let changed = false;
  const put = (rawName: string, mode: string, oid: string): void => {
    const old = entries.get(rawName);
    if (old?.mode === mode && old.oid === oid) return;
    entries.set(rawName, { mode, rawName, oid });
    changed = true;
  };
  for (const [name, text] of folder.files) {
    const rawName = rawNameOf(name);
    if (text === null) {
      const old = entries.get(rawName);
      if (old === undefined || isFolder(old)) continue;
      entries.delete(rawName);
      changed = true;
    } else {
      put(rawName, '100644', addBlob(entries.get(rawName), text, pack));
    }
  }
  for (const [name, inner] of folder.folders) {
    const rawName = rawNameOf(name);
    const old = entries.get(rawName);
    if (typeof folder.files.get(name) === 'string') {
      // The file stands where the folder was, so what is deleted below is gone already.
      if (onlyDeletes(inner)) continue;
      throw notAPath(name, 'is both a file and a folder in one publish');
    }
    const below = old !== undefined && isFolder(old) ? old : null;
    const made = applyFolder(store, below?.oid ?? null, inner, pack);
    if (made !== null) put(rawName, treeMode, made);
    else if (below !== null) {
      entries.delete(rawName);
      changed = true;
    }
  }
  if (entries.size === 0) return null;
  if (!changed && tree !== null) return tree;
  return pack.add('tree', renderTree([...entries.values()]));
}

function onlyDeletes({ files, folders }: EditFolder): boolean {
  return [...files.values()].every((text) => text === null) && [...folders.values()].every(onlyDeletes);
}

function addBlob(old: TreeEntry | undefined, text: string, pack: PackWriter): string {
  const bytes = Buffer.from(text);
  return pack.addUnless('blob', bytes, old?.oid ?? null);
}

/** Letters HFS+ ignores in names (git's utf8.c, next_hfs_char): `.g\u200cit` is `.git` there. */
const ignoredByHfs = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/**
 * Refuses a name that git fsck refuses or that some file system reads as `.git` or as a way out (fsck `hasDot`, `hasDotdot`,
 * `hasDotgit`, `fullPathname`, `nullSha1`; git's verify_path, is_ntfs_dotgit, is_hfs_dotgit). Pure.
 */
export function checkPathComponent(name: string, path: string): void {
  // NTFS ignores trailing dots and spaces, and a stream name after a colon; GIT~1 is the short name of .git.
  const folded = name
    .replace(ignoredByHfs, '')
    .toLowerCase()
    .replace(/:.*$/, '')
    .replace(/[. ]{1,255}$/, '');
  const refused =
    name === '' ||
    name === '.' ||
    name === '..' ||
    folded === '.git' ||
    folded === 'git~1' ||
    /^\.gitmodules|^gitmod~[1-4]$/.test(folded) ||
    name.includes('\\') ||
    /\p{Cc}/u.test(name) ||
    Buffer.byteLength(name) > 255;
  if (refused) throw notAPath(path, 'is no path that a commit may hold');
}

/** Names come from declarations and issuers: one that cannot be written stops that publish with its name, never the process. */
function notAPath(path: string, why: string): OperationError {
  return new OperationError('unsupported', `${JSON.stringify(path)} ${why}; rename what it is made of`, {
    disposition: 'stall',
    endsWhen: ['declaration'],
  });
}

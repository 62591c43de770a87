/** Trees as bytes, preserved exactly: names are kept as the bytes they are, so an untouched entry is written back unchanged. */
import { malformed } from './object.ts';

export interface TreeEntry {
  /** As stored: `40000`, `100644`, `100755`, `120000`, `160000`, and the legacy `100664`. */
  readonly mode: string;
  /** One character per byte (latin1), so that equal names are equal bytes. */
  readonly rawName: string;
  readonly oid: string;
}

export const treeMode = '40000';

/** Reads a tree object. Pure. @throws OperationError `git-malformed` */
export function parseTree(bytes: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const zero = bytes.indexOf(0, at);
    if (space < 0 || zero < space || zero + 21 > bytes.length) throw malformed('a tree is cut short');
    const mode = bytes.toString('latin1', at, space);
    if (!/^[0-7]{5,6}$/.test(mode)) throw malformed('a tree has an entry without a mode');
    entries.push({
      mode: mode === '040000' ? treeMode : mode,
      rawName: bytes.toString('latin1', space + 1, zero),
      oid: bytes.toString('hex', zero + 1, zero + 21),
    });
    at = zero + 21;
  }
  return entries;
}

/** Writes a tree object in git's order. Pure. */
export function renderTree(entries: readonly TreeEntry[]): Buffer {
  const sorted = entries.map((entry) => ({ entry, key: sortKey(entry) })).sort((a, b) => order(a.key, b.key));
  return Buffer.concat(
    sorted.flatMap(({ entry }) => [
      Buffer.from(`${entry.mode} ${entry.rawName}\0`, 'latin1'),
      Buffer.from(entry.oid, 'hex'),
    ]),
  );
}

/** Git compares names as bytes, a folder as if its name ended in a slash. One character is one byte here. */
export function sortKey(entry: TreeEntry): string {
  return entry.mode === treeMode ? `${entry.rawName}/` : entry.rawName;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function isFolder(entry: TreeEntry): boolean {
  return entry.mode === treeMode;
}

/** The name as text. Bytes that are no UTF-8 show as U+FFFD: such a name equals no name a declaration can have. */
export function nameText(rawName: string): string {
  return Buffer.from(rawName, 'latin1').toString('utf8');
}

/** The bytes of a name given as text. */
export function rawNameOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

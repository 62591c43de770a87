/** Where things stand in a parsed YAML document: the one piece of knowledge about the parser's tree that the readers share. */
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type Node, visit } from 'yaml';

/** Offsets of every alias: none is wanted in what people write here, and each could be a bomb. */
export function findAliases(document: Document): number[] {
  const offsets: number[] = [];
  visit(document, { Alias: (_, node) => void offsets.push(node.range?.[0] ?? 0) });
  return offsets;
}

/** Offsets of every value with an anchor. Harmless without an alias, but nobody writes one for nothing. */
export function findAnchors(document: Document): number[] {
  const offsets: number[] = [];
  visit(document, {
    Node: (_, node) => {
      if (!isAlias(node) && node.anchor !== undefined) offsets.push(node.range?.[0] ?? 0);
    },
  });
  return offsets;
}

/** Offset of the key at the path where there is one (a person looks for the key), else of the nearest parent. */
export function offsetOf(document: Document, path: readonly (string | number)[]): number {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(part),
      );
      if (pair === undefined) return offset;
      offset = startOf(pair.key);
      node = pair.value;
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(part)];
      if (item === undefined) return offset;
      offset = startOf(item);
      node = item;
    } else return offset;
  }
  return offset;
}

function startOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0;
}

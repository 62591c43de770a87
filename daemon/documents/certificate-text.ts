/** A new Certificate as YAML text for people: made of nodes, never of pieces of text, so that nothing that is typed can be anything but text. Pure; runs in a browser too. */
import { Document, isMap, isPair, isScalar, isSeq, type Pair, type YAMLMap, type YAMLSeq } from 'yaml';

/** What stands under `spec` and in `metadata`; keys in the order in which they are written. */
export interface CertificateDraft {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Comments: above the whole, and above keys by their path (`spec.installations`, `spec.installations.0.parameters`). One line each. */
export interface DraftComments {
  readonly top: string;
  readonly above: Readonly<Record<string, string>>;
}

/** Longest list or map that stands on one line; longer ones have a line for each item, so that a change shows as one. */
const flowMaxChars = 90;

/** The text. The same draft gives the same bytes, and reads back as the same values. */
export function certificateText(draft: CertificateDraft, comments: DraftComments): string {
  // Programs that read YAML 1.1 take `on` and `no` for truth values: such words are quoted.
  const document = new Document(
    { apiVersion: 'renewd/v1', kind: 'Certificate', ...draft },
    // Two servers with the same paths are written out twice: anchors are not used in declarations.
    { compat: 'yaml-1.1', aliasDuplicateObjects: false },
  );
  if (isMap(document.contents)) {
    layOut(document.contents, '', comments.above);
    document.contents.commentBefore = commented(comments.top);
  }
  return document.toString({ lineWidth: 0 });
}

/** Metadata, the key and short lists on one line, everything else in a line of its own. */
function layOut(map: YAMLMap, path: string, above: DraftComments['above']): void {
  for (const pair of map.items) {
    if (!isPair(pair) || !isScalar(pair.key)) continue;
    const at = path === '' ? String(pair.key.value) : `${path}.${String(pair.key.value)}`;
    const comment = above[at];
    if (comment !== undefined) pair.key.commentBefore = commented(comment);
    layOutValue(pair, at, above);
  }
}

function layOutValue({ value }: Pair, path: string, above: DraftComments['above']): void {
  if (isSeq(value)) {
    if (value.items.every(isScalar)) onOneLine(value, false);
    for (const [index, item] of value.items.entries())
      if (isMap(item)) layOut(item, `${path}.${String(index)}`, above);
    return;
  }
  if (!isMap(value)) return;
  layOut(value, path, above);
  if (path === 'metadata' || path === 'spec.key') onOneLine(value, true);
}

/** Flow form when it is short: `{ name: shop }` with spaces inside, `[shop.example.com]` without, as every example has it. */
function onOneLine(node: YAMLMap | YAMLSeq, padded: boolean): void {
  if (JSON.stringify(node.toJSON()).length > flowMaxChars) return;
  node.flow = true;
  const write = node.toString.bind(node);
  node.toString = (context, ...rest) =>
    write(
      context === undefined ? context : { ...context, flowCollectionPadding: padded ? ' ' : '' },
      ...rest,
    );
}

/** A comment is one line: what comes after a line end would be YAML. */
function commented(text: string): string {
  return ` ${text.replaceAll(/[\r\n\u0085\u2028\u2029]+/g, ' ')}`;
}

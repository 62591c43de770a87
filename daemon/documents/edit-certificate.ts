/** Changes one field of a declaration that a person wrote, and leaves every other byte as it stands: comments, order and layout are theirs. Pure. */
import { isMap, isScalar, type Pair, type YAMLMap } from 'yaml';
import { yamlLine } from './yaml-line.ts';
import { readStream } from './yaml-stream.ts';

/** The certificate whose file it is. */
export interface CertificateName {
  readonly team: string;
  readonly name: string;
}

/**
 * The text with `spec.<field>` set to `value`, on one line: in the place where it stands, or before `installations`. null where that cannot be done without touching
 * something else (no such document, `spec` in braces): a person then writes the line. Whoever calls reads the result as a declaration again.
 */
export function withSpecField(
  text: string,
  of: CertificateName,
  field: string,
  value: unknown,
): string | null {
  for (const { document, base } of readStream(text)) {
    const root = document.contents;
    if (document.errors.length > 0 || !isMap(root)) continue;
    if (document.getIn(['metadata', 'name']) !== of.name || document.getIn(['metadata', 'team']) !== of.team)
      continue;
    const spec = root.get('spec', true);
    if (!isMap(spec) || spec.flow === true) return null;
    return edited(text, base, spec, field, yamlLine(field, value));
  }
  return null;
}

function edited(text: string, base: number, spec: YAMLMap, field: string, line: string): string | null {
  const there = pairOf(spec, field);
  if (there !== null) {
    const from = startOf(there);
    const to = endOf(there);
    if (from === null || to === null) return null;
    // The end of a map in block form is after its last line.
    const tail = text.slice(base + from, base + to).endsWith('\n') ? '\n' : '';
    return `${text.slice(0, base + from)}${line}${tail}${text.slice(base + to)}`;
  }
  const next = pairOf(spec, 'installations') ?? spec.items[0];
  const at = next === undefined ? null : startOf(next);
  if (at === null) return null;
  const lineStart = text.lastIndexOf('\n', base + at - 1) + 1;
  const indent = text.slice(lineStart, base + at);
  // Something else stands before it on its line.
  if (!/^ *$/.test(indent)) return null;
  return `${text.slice(0, lineStart)}${indent}${line}\n${text.slice(lineStart)}`;
}

function pairOf(map: YAMLMap, key: string): Pair | null {
  return map.items.find((each) => isScalar(each.key) && each.key.value === key) ?? null;
}

function startOf({ key }: Pair): number | null {
  return isScalar(key) ? (key.range?.[0] ?? null) : null;
}

function endOf({ value }: Pair): number | null {
  const range = (value as { readonly range?: readonly number[] | null } | null)?.range;
  return range?.[1] ?? null;
}

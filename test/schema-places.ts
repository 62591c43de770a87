/** Where a value may stand by a schema, so that a test can answer for each place and a place that is added later fails it. */

type Tree = Readonly<Record<string, unknown>>;

/** `a.b`, `a[]` for what is in a list, `a.*` for what a name of somebody's own leads to. */
export function places(schema: unknown, path = ''): string[] {
  const { properties, additionalProperties, items, anyOf } = schema as Tree;
  const below = (part: string): string => (path === '' ? part : `${path}.${part}`);
  const found: string[] = [];
  for (const [name, each] of Object.entries((properties as Tree | undefined) ?? {}))
    found.push(...places(each, below(name)));
  if (typeof additionalProperties === 'object') found.push(...places(additionalProperties, below('*')));
  for (const each of (anyOf as unknown[] | undefined) ?? []) found.push(...places(each, path));
  if (typeof items === 'object') found.push(...places(items, `${path}[]`));
  return found.length > 0 ? [...new Set(found)] : [path];
}

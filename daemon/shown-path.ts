/** Places that messages call by another name: a copy that is thrown away is nothing that a person could put in order. */

const names = new Map<string, string>();

/** From now on texts name `path` as `shown`. Returns what ends that. */
export function showAs(path: string, shown: string): () => void {
  names.set(path, shown);
  return () => {
    names.delete(path);
  };
}

/** The text with each such place by the name that people know it by. */
export function withShownPaths(text: string): string {
  let shown = text;
  for (const [path, name] of names) shown = shown.replaceAll(path, name);
  return shown;
}

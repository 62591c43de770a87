/** Paths by the object that stands at them: one object may stand at as many as somebody likes. Pure. */

export interface PathsByObject {
  readonly add: (object: string, path: string) => void;
  readonly objects: () => string[];
  /** In the order in which they were added. */
  readonly pathsOf: (object: string) => readonly string[];
}

/** None yet. Adding takes the same time whatever is there: a tree with 100,000 names for one object is 4 MB. */
export function pathsByObject(): PathsByObject {
  const known = new Map<string, string[]>();
  return {
    add: (object, path) => {
      const paths = known.get(object);
      if (paths === undefined) known.set(object, [path]);
      else paths.push(path);
    },
    objects: () => [...known.keys()],
    pathsOf: (object) => known.get(object) ?? [],
  };
}

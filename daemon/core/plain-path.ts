/** Paths on endpoints that mean what they say: absolute, no way up, nothing a shell, a server or a person could read otherwise. Pure. */

const pathMaxChars = 500;

/** What is wrong with `path` as the place of a file on an endpoint, to be read after the path itself; null when nothing is. */
export function plainPathFault(path: string): string | null {
  if (!path.startsWith('/')) return 'is not an absolute path';
  if (path.length > pathMaxChars) return `is longer than ${String(pathMaxChars)} characters`;
  if (!/^[A-Za-z0-9._@+=,/-]*$/.test(path))
    return 'holds a character that is not used in paths of certificates: letters, digits and . _ @ + = , - are';
  for (const segment of path.slice(1).split('/')) {
    if (segment === '')
      return 'holds an empty part: write it with single slashes, and without one at the end';
    if (segment === '.' || segment === '..') return `holds the part ${segment}: write the path itself`;
    if (segment.startsWith('-')) return 'holds a part that begins with a dash';
  }
  // The script on the endpoint makes a link under this name first and renames it.
  return path.endsWith('.renewd-new') ? 'ends with .renewd-new, which renewd uses itself' : null;
}

/** Whether `path` is `directory` or stands below it. Both plain. */
export function isAtOrBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

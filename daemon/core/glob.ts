/** Patterns with `*` and `?` over text from outside. The only place that matches them: no regular expression is ever made of a pattern. Pure. */

/**
 * ssh_config(5), "PATTERNS": `*` is any text, `?` any character. The last star takes one more character at a time, and never is an earlier one tried
 * again: at most length of the pattern times length of the text.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let [at, from, star, mark] = [0, 0, -1, 0];
  while (from < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      mark = from;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[from])) {
      at++;
      from++;
    } else if (star >= 0) {
      at = star + 1;
      from = ++mark;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

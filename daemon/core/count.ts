/** Numbers of things in a sentence. Pure. The only place that knows how a plural is made. */

/**
 * `1 action`, `0 actions`, `3 entries`. `many` is given where the plural is not made the usual way or a verb goes with it:
 * `counted(n, 'file is', 'files are')`.
 */
export function counted(count: number, one: string, many: string = plural(one)): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}

function plural(noun: string): string {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}

/** Names one after the other, all that a message has room for: `a, b and 12 more`. Pure. */
export function listed(names: readonly string[], most = 40): string {
  const shown = names.slice(0, most).join(', ');
  const more = names.length - most;
  return more > 0 ? `${shown} and ${String(more)} more` : shown;
}

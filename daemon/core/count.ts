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

/** One text for one value, so that a hash over it means the same everywhere: keys sorted, no space, as RFC 8785 does for what JSON can say exactly. Pure. */

/** Canonical JSON of any plain data; undefined members are left out. Numbers of a declaration reach it, so every number has a text. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    // As RFC 8785 section 3.2.2.3 writes numbers; what JSON has no number for is its name.
    return Number.isFinite(value) ? JSON.stringify(value) : JSON.stringify(String(value));
  }
  if (Array.isArray(value)) return `[${value.map((each) => canonicalJson(each)).join(',')}]`;
  if (typeof value !== 'object') return JSON.stringify(typeof value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

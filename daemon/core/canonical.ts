/** One text for one value, so that a hash over it means the same everywhere: keys sorted, no space, as RFC 8785 does for what JSON can say exactly. Pure. */

/** Canonical JSON. Numbers must be whole (nothing that is hashed has others); undefined members are left out. @throws TypeError for what JSON cannot say */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError(`${String(value)} is not a whole number`);
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map((each) => canonicalJson(each)).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`JSON cannot say ${typeof value}`);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/** Values that a schema has checked, as the types the schema promises. What is absent is empty. Pure. */

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');
export const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as unknown[]) : [];
export const texts = (value: unknown): readonly string[] => list(value).map(text);
export const map = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
/** A map of texts. */
export const textMap = (value: unknown): Readonly<Record<string, string>> =>
  map(value) as Readonly<Record<string, string>>;
/** Text, or null where there is none. */
export const textOrNull = (value: unknown): string | null => text(value) || null;

/**
 * Whether two things are the same, and one text for several values as the key of a map. Texts that are joined are for people alone: a value may hold the separator, so
 * that two different things join to one text. Pure.
 */
import { canonicalJson } from './canonical.ts';

/** Whether two pieces of plain data say the same, whatever the order of their members. */
export function sameValue(left: unknown, right: unknown): boolean {
  return canonicalJson(left) === canonicalJson(right);
}

/** Whether two lists hold the same texts, each as often, in whatever order. */
export function sameSet(left: readonly string[], right: readonly string[]): boolean {
  if (left.length !== right.length) return false;
  const [one, other] = [[...left].sort(), [...right].sort()];
  return one.every((each, at) => each === other[at]);
}

/** One text for these values in this order, and another for any others. */
export function keyOf(...parts: readonly (string | number | boolean | null)[]): string {
  return canonicalJson(parts);
}

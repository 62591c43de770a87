/**
 * Shapes: what a value read from the state branch has to look like before any of it is used. A shape answers with what is wrong and where, never throws, and never
 * changes the value. Pure. Fields it does not name are let be: a newer renewd may have written them.
 */
import { limits } from '../limits.ts';
import { firstOf } from '../said-text.ts';

/** What holds while one record is checked. */
export interface ShapeContext {
  /** UTC epoch ms: what claims to have happened later than this, and a tolerance, did not happen. */
  readonly now: number;
}

/** What is wrong with a value, or null. `at` names the value: `installations[0].issued`. */
export type Shape = (value: unknown, at: string, context: ShapeContext) => string | null;

/** Text of at most `maxChars`. Control characters are not refused here: whoever prints escapes them. */
export function text(maxChars: number = limits.records.textMaxChars): Shape {
  return (value, at) =>
    typeof value !== 'string'
      ? `${at} is no text`
      : value.length > maxChars
        ? `${at} is longer than ${String(maxChars)} characters`
        : null;
}

/** Text that matches. `what` names what it should be. */
export function matching(pattern: RegExp, what: string): Shape {
  return (value, at) =>
    typeof value === 'string' && value.length <= limits.records.textMaxChars && pattern.test(value)
      ? null
      : `${at} is no ${what}`;
}

/** Exactly one of these texts. */
export function oneOf(...values: readonly string[]): Shape {
  return (value, at) =>
    typeof value === 'string' && values.includes(value)
      ? null
      : `${at} is none of ${values.slice(0, 12).join(', ')}`;
}

/** A whole number in a range. */
export function whole(min: number, max: number): Shape {
  return (value, at) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? null
      : `${at} is no whole number from ${String(min)} to ${String(max)}`;
}

/** True or false. */
export const flag: Shape = (value, at) => (typeof value === 'boolean' ? null : `${at} is not true or false`);

/** An instant as certificates may carry any: RFC 3339, UTC, whole seconds. */
export const date: Shape = (value, at) => (instantIn(value) === null ? `${at} is no instant` : null);

/** An instant at which something happened: not in the future, beyond the skew of clocks. */
export const moment: Shape = (value, at, { now }) => {
  const instant = instantIn(value);
  if (instant === null) return `${at} is no instant`;
  return instant > now + limits.clock.skewMaxMs ? `${at} is in the future: ${String(value)}` : null;
};

function instantIn(value: unknown): number | null {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value)) return null;
  const instant = Date.parse(value);
  // Date.parse reads the 30th of February as a day of March.
  return Number.isNaN(instant) || new Date(instant).toISOString().slice(0, 19) !== value.slice(0, 19)
    ? null
    : instant;
}

/** null, or the shape. */
export function nullable(shape: Shape): Shape {
  return (value, at, context) => (value === null ? null : shape(value, at, context));
}

/** Not there (records of an older renewd), or the shape. */
export function optional(shape: Shape): Shape {
  return (value, at, context) => (value === undefined ? null : shape(value, at, context));
}

/** A list of at most `max`, each of the shape. */
export function list(shape: Shape, max: number = limits.records.listMax): Shape {
  return (value, at, context) => {
    if (!Array.isArray(value)) return `${at} is no list`;
    if (value.length > max) return `${at} has more than ${String(max)} entries`;
    for (const [index, each] of value.entries()) {
      const wrong = shape(each, `${at}[${String(index)}]`, context);
      if (wrong !== null) return wrong;
    }
    return null;
  };
}

/** An object with these fields. */
export function object(fields: Readonly<Record<string, Shape>>): Shape {
  const wanted = Object.entries(fields);
  return (value, at, context) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${at} is no object`;
    const given = value as Readonly<Record<string, unknown>>;
    for (const [name, shape] of wanted) {
      const own = Object.hasOwn(given, name) ? given[name] : undefined;
      const wrong = shape(own, at === '' ? name : `${at}.${name}`, context);
      if (wrong !== null) return wrong;
    }
    return null;
  };
}

/** An object from any short names to texts. */
export const labels: Shape = (value, at, context) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${at} is no object`;
  const entries = Object.entries(value);
  if (entries.length > limits.records.listMax) return `${at} has too many entries`;
  for (const [name, each] of entries) {
    const wrong = text()(name, at, context) ?? text()(each, `${at}.${firstOf(name, 60)}`, context);
    if (wrong !== null) return wrong;
  }
  return null;
};

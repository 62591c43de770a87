/**
 * Secret values. They travel as `Secret`, which shows nothing by accident; their texts are made known to `daemon/record-text.ts`,
 * which withholds them from whatever is written. It refuses to be the only line of defence.
 */
import { inspect } from 'node:util';
import type { Secret } from './ports/plugin.ts';
import { withhold, withholdFromNowOn } from './record-text.ts';
import { withShownPaths } from './shown-path.ts';

const shown = '[secret]';

/** Makes a secret of a text. It shows as `[secret]` in strings, JSON and `util.inspect`; only `reveal()` gives the text. Pure but for redaction, which learns the value. */
export function createSecret(text: string): Secret {
  const trimmed = text.trim();
  // Also the forms a value takes on its way: as URL part, in Basic authentication's base64.
  withholdFromNowOn([
    trimmed,
    encodeURIComponent(trimmed.toWellFormed()),
    Buffer.from(trimmed)
      .toString('base64')
      .replace(/={1,2}$/, ''),
  ]);
  const secret: Secret & { readonly [inspect.custom]: () => string } = {
    reveal: () => text,
    toString: () => shown,
    toJSON: () => shown,
    [inspect.custom]: () => shown,
  };
  return Object.freeze(secret);
}

/** Is this value a `Secret`? Pure. */
export function isSecret(value: unknown): value is Secret {
  return (
    typeof value === 'object' && value !== null && 'reveal' in value && typeof value.reveal === 'function'
  );
}

/** The text without secrets (see `withhold`); control characters stay. For sinks that escape in a way of their own, as JSON does. */
export function redact(text: string): string {
  return withhold(withShownPaths(text));
}

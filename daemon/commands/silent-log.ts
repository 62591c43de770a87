/** A log that writes nothing. */
import type { Log } from '../ports/plugin.ts';

/** For work whose trouble the caller says in its own words. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

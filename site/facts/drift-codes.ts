/** Which findings are drift. Pure. */

/** Codes of findings that say: something other than what was installed is there or is served. */
export const driftCodes: ReadonlySet<string> = new Set([
  'served-previous',
  'served-other-known',
  'served-unknown',
  'store-changed',
  'rolled-back',
]);

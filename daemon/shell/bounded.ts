/** Bounded concurrency: many things at once, but never more than a number, and one at a time per key. Knows nothing of certificates. */

/**
 * Runs `work` over `items`, at most `width` at a time, items with the same key one after the other in their order.
 * Resolves when all have ended; `work` must not reject (a rejection ends the whole with that error).
 */
export async function eachBounded<T>(
  items: readonly T[],
  width: number,
  key: (item: T) => string,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const lanes = new Map<string, T[]>();
  for (const item of items) {
    const lane = lanes.get(key(item));
    if (lane === undefined) lanes.set(key(item), [item]);
    else lane.push(item);
  }
  const waiting = [...lanes.values()];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < waiting.length) {
      const lane = waiting[next++] ?? [];
      for (const item of lane) await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, waiting.length) }, worker));
}

/** An AbortSignal that fires when `parent` does or after `timeoutMs`. */
export function bounded(parent: AbortSignal, timeoutMs: number): AbortSignal {
  return AbortSignal.any([parent, AbortSignal.timeout(timeoutMs)]);
}

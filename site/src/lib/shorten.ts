/** Long lists, bounded: a page shows the first and says how many it leaves out, and never pretends to be whole. */
import { limits } from '../../../daemon/limits.ts';

/** The first `max` items and how many were left out. */
export function shorten<Item>(
  items: readonly Item[],
  max: number = limits.site.listItemsMax,
): { readonly shown: readonly Item[]; readonly more: number } {
  return { shown: items.slice(0, max), more: Math.max(0, items.length - max) };
}

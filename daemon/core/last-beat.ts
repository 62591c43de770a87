/** Whether the records are still kept: what was ok ten days ago may be anything today. Pure. */
import type { Heartbeat } from './record-format.ts';

export interface BeatBounds {
  /** Of a daemon, which records its heartbeat by itself, ms. */
  readonly daemonMs: number;
  /** Of `renewd once`, which somebody has to run, ms. */
  readonly onceMs: number;
}

/** Since when nobody recorded anything, where that is too long; null where it is not. `now`: UTC epoch ms. No heartbeat at all says nothing. */
export function silentSince(
  heartbeat: Heartbeat | null,
  now: number,
  { daemonMs, onceMs }: BeatBounds,
): { readonly at: string; readonly by: 'daemon' | 'once' } | null {
  if (heartbeat === null) return null;
  const by = heartbeat.ended === true ? 'once' : 'daemon';
  const age = now - Date.parse(heartbeat.at);
  return age > (by === 'once' ? onceMs : daemonMs) ? { at: heartbeat.at, by } : null;
}

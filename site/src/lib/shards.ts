/** Which shard holds a record that has no page of its own. The same on both sides: the build writes by it and the browser reads by it. Pure. */
import { hash53 } from './links.ts';

/** Hex digits so that a shard holds about 25 records: 16 KB compressed. */
export function shardWidth(records: number): number {
  return Math.min(4, Math.max(1, Math.ceil(Math.log(Math.max(1, records / 25)) / Math.log(16))));
}

/** Name of the shard of a certificate. */
export function shardOf(id: string, width: number): string {
  return hash53(id).slice(-width);
}

/** All kinds of data files, in the order of `/data/`. */
import { atomFeeds } from './atom.ts';
import { badges } from './badge.ts';
import { calendars } from './calendar.ts';
import { cboms } from './cbom.ts';
import type { FeedMaker } from './feed.ts';
import { schemas, summaries } from './summary.ts';
import { certificateTables } from './tables.ts';

export const feedMakers: readonly FeedMaker[] = [
  calendars,
  atomFeeds,
  summaries,
  certificateTables,
  badges,
  cboms,
  schemas,
];

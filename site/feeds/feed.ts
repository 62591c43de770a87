/** What every maker of a file of data gets and gives. Values only. */
import type { Estate } from '../facts/estate.ts';
import type { SiteSources } from '../facts/sources.ts';
import type { Feed, SiteModel } from '../src/lib/model.ts';

export interface FeedInput {
  /** Redacted. Strings in it are as strangers wrote them: `clean` before use. */
  readonly sources: SiteSources;
  readonly estate: Estate;
  /** Counted, cut and cleaned; without data files yet. */
  readonly model: SiteModel;
  /** Where the site will stand: `/` or `/a/b/`. */
  readonly base: string;
}

export interface DataFile {
  /** Below the base, without a slash at the front. */
  readonly path: string;
  readonly text: string;
  /** How it stands on `/data/`; null: it is for the pages only. */
  readonly feed: Omit<Feed, 'path'> | null;
}

/** Makes files of one kind. Pure: the same input gives the same bytes. Made one by one, so that a large one can go before the next is made. */
export type FeedMaker = (input: FeedInput) => Iterable<DataFile>;

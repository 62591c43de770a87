/** Records that have no page of their own, in small files that the browser reads one of. Read by `site/src/client/view.ts`. */
import { clean } from '../src/lib/clean.ts';
import { certificateId } from '../src/lib/model.ts';
import { shardOf, shardWidth } from '../src/lib/shards.ts';
import type { DataFile, FeedInput } from './feed.ts';

/**
 * The shards, one file each; none when every certificate has a page, and none for the public. `path` holds the name of the shard. One that has a page is there
 * too, as null: a link to it may be older than its page.
 */
export function* shardFiles(
  { estate, model }: FeedInput,
  pages: ReadonlySet<string>,
  detailOf: (id: string) => string | null,
): Generator<DataFile> {
  if (model.inventory.allHavePages || model.redaction === 'public') return;
  const ids = estate.certificates.map(certificateId);
  const width = shardWidth(ids.length - pages.size);
  // The browser knows names as they are shown.
  for (const [shard, own] of [...Map.groupBy(ids, (id) => shardOf(clean(id), width))].sort(([a], [b]) =>
    a < b ? -1 : 1,
  )) {
    const details = own.map(
      (id) => `${JSON.stringify(clean(id))}:${(pages.has(id) ? null : detailOf(id)) ?? 'null'}`,
    );
    yield { path: `data/certificates/${shard}.json`, text: `{${details.join(',')}}`, feed: null };
  }
}

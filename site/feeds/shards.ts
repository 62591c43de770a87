/** Records that have no page of their own, in small files that the browser reads one of. Read by `site/src/client/view.ts`. */
import { clean } from '../src/lib/clean.ts';
import { certificateId } from '../src/lib/model.ts';
import { shardOf, shardWidth } from '../src/lib/shards.ts';
import type { DataFile, FeedInput } from './feed.ts';

/** The shards, one file each; none when every certificate has a page, and none for the public. `path` holds the name of the shard. */
export function* shardFiles(
  { estate, model }: FeedInput,
  pages: ReadonlySet<string>,
  detailOf: (id: string) => string | null,
): Generator<DataFile> {
  if (model.inventory.allHavePages || model.redaction === 'public') return;
  const rest = estate.certificates.map(certificateId).filter((id) => !pages.has(id));
  const width = shardWidth(rest.length);
  for (const [shard, ids] of [...Map.groupBy(rest, (id) => shardOf(id, width))].sort(([a], [b]) =>
    a < b ? -1 : 1,
  )) {
    const details = ids.flatMap((id) => {
      const detail = detailOf(id);
      return detail === null ? [] : [`${JSON.stringify(clean(id))}:${detail}`];
    });
    yield { path: `data/certificates/${shard}.json`, text: `{${details.join(',')}}`, feed: null };
  }
}

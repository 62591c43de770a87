/**
 * The first process of a build: reads Git, works out the model, writes the files of data. It ends before Astro starts, so that the memory of the whole
 * estate is never held beside Astro's. Started by `build.ts` with the path of a `GatherRequest`; says what went wrong and ends with 1.
 */
import { createHash } from 'node:crypto';
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { openRepository } from '../daemon/git/repository.ts';
import { certificateDetails, endpointDetails } from './facts/details.ts';
import { noDataFiles, siteModel } from './facts/index.ts';
import { estateOf } from './facts/estate.ts';
import { detailed, redactSources } from './facts/redact.ts';
import type { SiteSources } from './facts/sources.ts';
import type { DataFile } from './feeds/feed.ts';
import { feedMakers } from './feeds/index.ts';
import { inventoryFile } from './feeds/inventory.ts';
import { shardFiles } from './feeds/shards.ts';
import type { GatherRequest, RepositorySource } from './request.ts';
import { readSources } from './source/read.ts';
import { keepKnownHistory, readKnownHistory } from './source/known-history.ts';
import { certificateId, type Feed, type ShardIndex, type SiteModel } from './src/lib/model.ts';
import { shardWidth } from './src/lib/shards.ts';
import { makeDirectory } from '../daemon/make-directory.ts';

async function sourcesOf(source: RepositorySource): Promise<SiteSources> {
  const repository = await openRepository({
    url: source.directory,
    directory: source.directory,
    now: () => source.now,
  });
  try {
    const { sources, history } = await readSources({
      ...source,
      repository,
      known: source.cacheFile === null ? null : readKnownHistory(source.cacheFile),
      onBad: (path, reason) => {
        process.stderr.write(`${path} could not be read and is not shown: ${reason}\n`);
      },
    });
    if (source.cacheFile !== null && history !== null) keepKnownHistory(source.cacheFile, history);
    return sources;
  } finally {
    await repository.close();
  }
}

/** Writes data files below `scratch/data-files/`, those for pages under a name with a digest of their bytes, and remembers what there is. */
function createDataWriter(scratch: string): {
  readonly write: (file: DataFile) => string;
  readonly feeds: Feed[];
} {
  const feeds: Feed[] = [];
  return {
    feeds,
    write: ({ path, text, feed }) => {
      // Data that a page loads may be kept by browsers for ever: another content has another name.
      const name =
        feed === null
          ? path.replace(/\.json$/, `.${createHash('sha256').update(text).digest('hex').slice(0, 8)}.json`)
          : path;
      const full = join(scratch, 'data-files', name);
      makeDirectory(dirname(full));
      writeFileSync(full, text);
      if (feed !== null) feeds.push({ path, ...feed });
      return name;
    },
  };
}

function writeData(
  sources: SiteSources,
  estate: ReturnType<typeof estateOf>,
  model: SiteModel,
  request: GatherRequest,
  pages: ReadonlySet<string>,
  detailOf: ReturnType<typeof certificateDetails>,
): SiteModel {
  const writer = createDataWriter(request.scratch);
  const input = { sources, estate, model, base: request.base };
  let columns = '';
  for (const file of inventoryFile(input, pages)) columns = writer.write(file);
  const files: Record<string, string> = {};
  const known = (id: string): string | null => {
    const record = estate.byId.get(id);
    return record === undefined ? null : detailOf(record);
  };
  for (const file of shardFiles(input, pages, known))
    files[/([0-9a-f]+)\.json$/.exec(file.path)?.[1] ?? ''] = writer.write(file);
  for (const make of feedMakers) for (const file of make(input)) writer.write(file);
  const index: ShardIndex = { width: shardWidth(estate.certificates.length - pages.size), files };
  const shards =
    Object.keys(files).length === 0
      ? null
      : { index: writer.write({ path: 'data/shards.json', text: JSON.stringify(index), feed: null }) };
  return {
    ...model,
    inventory: {
      ...model.inventory,
      columns,
      shards,
      pages: [...pages],
    },
    feeds: writer.feeds,
  };
}

async function gather(request: GatherRequest): Promise<void> {
  const { source, scratch } = request;
  const sources = source.kind === 'sources' ? redactSources(source.sources) : await sourcesOf(source);
  const estate = estateOf(sources);
  const withPages = detailed(estate.certificates, sources.settings);
  const pages = new Set(withPages.map(certificateId));
  const detailOf = certificateDetails(sources);
  const model = writeData(sources, estate, siteModel(sources, estate, noDataFiles), request, pages, detailOf);
  writeFileSync(join(scratch, 'model.json'), JSON.stringify(model), { mode: 0o600 });
  const details = createWriteStream(join(scratch, 'details.ndjson'), { mode: 0o600 });
  for (const record of withPages) details.write(`{"kind":"certificate","detail":${detailOf(record)}}\n`);
  if (sources.settings.redaction !== 'public')
    for (const detail of endpointDetails(estate)) details.write(`{"kind":"endpoint","detail":${detail}}\n`);
  details.end();
  await finished(details);
}

try {
  await gather(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as GatherRequest);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
}

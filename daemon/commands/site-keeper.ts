/** Keeps the site as new as the records: builds after a commit, one build at a time, never in the way of a turn. */
import type { House } from '../assembly.ts';
import type { Config } from '../config.ts';
import { limits } from '../limits.ts';
import type { OperationError } from '../ports/failure.ts';
import type { Log } from '../ports/plugin.ts';
import { buildSite } from '../../site/build.ts';
import { failureOf } from '../shell/unexpected.ts';
import { siteSource } from './site-source.ts';

export interface SiteKeeper {
  /** Asks for a build soon. Returns at once; asking during a build means one more after it. */
  readonly build: () => void;
  /** Why the last build failed; null when it did not. */
  readonly trouble: () => OperationError | null;
  /** Resolves when no build is under way. */
  readonly settled: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Makes the keeper; it does nothing when the configuration says `site.build: false`. A build that fails leaves the old site, is logged and counted, and is tried again by itself. */
export function createSiteKeeper(tools: {
  readonly config: Config;
  readonly log: Log;
  readonly house: House;
  readonly stop: AbortSignal;
  /** Told of each build that failed. */
  readonly onFailed: (error: OperationError) => void;
}): SiteKeeper {
  const { config, log, house, stop } = tools;
  let wanted = false;
  let running: Promise<void> | null = null;
  let trouble: OperationError | null = null;
  let again: NodeJS.Timeout | undefined;
  const work = async (): Promise<void> => {
    while (wanted && !stop.aborted) {
      wanted = false;
      try {
        const source = await siteSource(house.estate.state.repository, config, stop, {
          allowedSigners: house.signingKey(),
          state: null,
          now: house.world.now(),
          tell: null,
        });
        const built = await buildSite({
          source,
          outDir: config.site.outDirectory,
          base: config.site.base,
          signal: stop,
        });
        trouble = null;
        log.info({ pages: built.pages, directory: config.site.outDirectory }, 'the site was built');
      } catch (error) {
        if (stop.aborted) return;
        // Records come from a branch that others may write to: whatever they make the builder throw, the daemon goes on.
        trouble = failureOf({ log }, 'the site', error);
        log.error({ code: trouble.code }, trouble.message);
        tools.onFailed(trouble);
        clearTimeout(again);
        again = setTimeout(build, limits.site.buildAgainMs).unref();
      }
    }
  };
  const build = (): void => {
    if (!config.site.build || stop.aborted) return;
    wanted = true;
    running ??= work().finally(() => {
      running = null;
    });
  };
  return {
    build,
    trouble: () => trouble,
    settled: async () => {
      await running;
    },
    close: async () => {
      clearTimeout(again);
      await running?.catch(() => undefined);
    },
  };
}

/** Says to the build of the site where its facts are: the repository on this machine, the tips that were fetched, what the configuration says. */
import { counted } from '../core/count.ts';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Repository } from '../git/repository.ts';
import { limits } from '../limits.ts';
import { forgeKind } from '../../site/src/lib/forge.ts';
import type { Forge, SiteModel } from '../../site/src/lib/model.ts';
import type { RepositorySource } from '../../site/request.ts';
import type { Invocation } from './command.ts';
import { fetchStanding, sayWhere } from './standing.ts';

export interface SiteSourceOptions {
  /** Text of an allowed-signers file that the log's signatures are verified with; null: the key of the oldest known commit is taken on trust. */
  readonly allowedSigners: string | null;
  /** A commit of the state branch to build from; null: its tip. */
  readonly state: string | null;
  /** The instant of the build, UTC epoch ms. */
  readonly now: number;
  /** Who is told that the records come from what a clone fetched; null: nobody. */
  readonly tell: Pick<Invocation, 'err'> | null;
}

/**
 * Fetches both branches and says what to build from. IO: Git. A repository without records gives a source that says so.
 * @throws OperationError `git-*`
 */
export async function siteSource(
  repository: Repository,
  config: Config,
  signal: AbortSignal,
  options: SiteSourceOptions,
): Promise<RepositorySource> {
  const intent = await fetchStanding(repository, config.branch, signal);
  const records = await fetchStanding(repository, config.state.branch, signal);
  if (options.tell !== null) sayWhere(options.tell, records);
  return {
    kind: 'repository',
    directory: repository.directory,
    state: options.state ?? records?.tip ?? null,
    intent: intent?.tip ?? null,
    statePrefix: config.state.prefix,
    label: labelOf(config.repo),
    settings: {
      redaction: config.site.redaction,
      forge: forgeOf(config),
      staleAfterMs: limits.site.staleAfterMs,
      staticDetailMax: limits.site.staticDetailMax,
      thresholds: thresholds(config),
    },
    allowedSigners: options.allowedSigners,
    cacheFile: join(config.dataDirectory, 'site-history.json'),
    now: options.now,
  };
}

/** How people call the repository: host and path; a path on this machine says nothing to others. */
function labelOf(repo: string): string | null {
  const match =
    /^(?:https?:\/\/(?:[^@/]*@)?|ssh:\/\/(?:[^@/]*@)?|[^@/:]+@)([^/:]+)(?::\d+)?[/:](.+?)(?:\.git)?\/?$/.exec(
      repo,
    );
  return match === null ? null : `${match[1] ?? ''}/${match[2] ?? ''}`;
}

/** Where the repository can be looked at: as configured, or by its address where the host says which forge it is. */
function forgeOf({ site, repo, branch }: Config): Forge | null {
  if (site.forge !== null) return { ...site.forge, branch };
  const label = labelOf(repo);
  const url = label === null ? null : `https://${label}`;
  const kind = url === null ? null : forgeKind(url);
  return url === null || kind === null ? null : { kind, url, branch };
}

function thresholds(config: Config): SiteModel['thresholds'] {
  const minutes = (ms: number): string => counted(Math.round(ms / 60_000), 'minute');
  return [
    {
      label: 'Repository',
      value: minutes(config.turn.pollIntervalMs),
      meaning: 'How often new commits are looked for; a webhook makes it sooner.',
    },
    {
      label: 'Endpoints',
      value: minutes(config.turn.observeIntervalMs),
      meaning: 'How often an installation that gives no cause for worry is looked at.',
    },
    {
      label: 'Endpoints with a finding',
      value: minutes(config.turn.observeAgainMs),
      meaning: 'How often an installation with an open finding is looked at.',
    },
  ];
}

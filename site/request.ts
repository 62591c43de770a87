/** What the two processes of a build are told, as JSON files in their scratch directory. Values only. */
import type { SiteSettings, SiteSources } from './facts/sources.ts';
import type { CertificateDetail } from './src/lib/model.ts';
import type { EndpointDetail } from './src/details/endpoint-body.ts';

/** A repository whose objects are on this machine. */
export interface RepositorySource {
  readonly kind: 'repository';
  readonly directory: string;
  /** Tips, fetched; null where a branch is not there. */
  readonly state: string | null;
  readonly intent: string | null;
  readonly statePrefix: string;
  readonly label: string | null;
  readonly settings: SiteSettings;
  /** Text of an allowed-signers file; null: the key of the oldest known commit is taken on trust. */
  readonly allowedSigners: string | null;
  /** Where what was worked out of the history is kept for the next build; null: nowhere. It is a cache and may be deleted. */
  readonly cacheFile: string | null;
  /** The instant of the build, UTC epoch ms. The same commits and instant give the same bytes. */
  readonly now: number;
}

/** Sources that somebody has in hand already. */
export interface GivenSources {
  readonly kind: 'sources';
  readonly sources: SiteSources;
}

export interface GatherRequest {
  readonly source: RepositorySource | GivenSources;
  readonly base: string;
  /** Directory for `model.json`, `details.ndjson` and `data/`. */
  readonly scratch: string;
}

/** One line of `details.ndjson`; strings in it are cleaned. */
export type DetailLine =
  | { readonly kind: 'certificate'; readonly detail: CertificateDetail }
  | { readonly kind: 'endpoint'; readonly detail: EndpointDetail };

/**
 * Puts what the reader of Git found into the shape the pages read. Pure: it reads no repository and no clock,
 * and it judges nothing. Order is fixed here, so that the same commit gives the same pages.
 */
import type {
  CertificateRecord,
  EndpointRecord,
  Heartbeat,
  RepositoryFindings,
  Timestamp,
} from '../daemon/core/record-format.ts';
import { limits } from '../daemon/limits.ts';
import { certificateId } from './src/lib/model.ts';
import type { LogEntry, RuleEntry, SiteModel, TeamEntry, Threshold } from './src/lib/model.ts';
import { compareText } from './src/lib/posture.ts';

/** One commit of the state branch, as the reader of Git gives it. */
export interface StateCommit {
  readonly commit: string;
  readonly at: Timestamp;
  readonly author: string;
  readonly subject: string;
  /** `Renewd-Because`; null when the commit has none. */
  readonly because: string | null;
  /** `Renewd-Source`: commit of the intent branch; null when the commit has none. */
  readonly source: string | null;
  /** Whether the signature verified; null when it was not looked at. */
  readonly signed: boolean | null;
}

export interface SiteSources {
  readonly records: {
    readonly certificates: readonly CertificateRecord[];
    readonly endpoints: readonly EndpointRecord[];
    readonly repository: RepositoryFindings | null;
    readonly heartbeat: Heartbeat | null;
  };
  readonly teams: readonly TeamEntry[];
  readonly rules?: readonly RuleEntry[];
  readonly thresholds?: readonly Threshold[];
  /** Newest first, the tip of the state branch at the front; more than `limits.site.logEntriesMax` are cut and said to be. */
  readonly log: readonly StateCommit[];
  /** PEM, leaf first, by installation id `team/name@endpoint`. */
  readonly chains: ReadonlyMap<string, string>;
  /** The instant of the build. */
  readonly builtAt: Timestamp;
  /** How people call the repository; null when nothing fit is known. Never an address with credentials. */
  readonly repositoryLabel: string | null;
}

/**
 * The model of one site. Any of the lists may be empty: an estate without records gives a first-time page.
 * Pure; the same sources in any order of records and teams give the same model.
 */
export function siteModel(sources: SiteSources): SiteModel {
  const { records, log, builtAt } = sources;
  const { heartbeat } = records;
  return {
    generatedFrom: {
      repository: sources.repositoryLabel,
      state: log[0]?.commit ?? '',
      // A heartbeat names what the records are judged by; before the first one, the newest commit that names its source does.
      intent: heartbeat?.source ?? log.find(({ source }) => source !== null)?.source ?? '',
      at: builtAt,
    },
    dataAge: { at: heartbeat?.at ?? null, staleAfterMs: limits.site.staleAfterMs },
    heartbeat,
    certificates: sortedBy(records.certificates, certificateId),
    endpoints: sortedBy(records.endpoints, (each) => each.metadata.name),
    teams: sortedBy(sources.teams, (each) => each.name),
    rules: sources.rules ?? [],
    thresholds: sources.thresholds ?? [],
    repositoryFindings: records.repository?.findings ?? [],
    log: log.slice(0, limits.site.logEntriesMax).map(logEntry),
    logTruncated: log.length > limits.site.logEntriesMax,
    pem: Object.fromEntries(sortedBy([...sources.chains], ([id]) => id)),
  };
}

function sortedBy<Item>(items: readonly Item[], key: (item: Item) => string): readonly Item[] {
  return [...items].sort((a, b) => compareText(key(a), key(b)));
}

function logEntry({ commit, at, author, subject, because, source, signed }: StateCommit): LogEntry {
  const trailers = [
    ...(because === null ? [] : [{ key: 'Renewd-Because', value: because }]),
    ...(source === null ? [] : [{ key: 'Renewd-Source', value: source }]),
  ];
  return { oid: commit, at, author, subject, trailers, signed };
}

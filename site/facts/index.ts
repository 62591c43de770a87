/** The model of one site from what was read: the sections in their order. Pure: it reads no repository and no clock, and it judges nothing. */
import { cleanDeep, type Feed, type Inventory, type SiteModel } from '../src/lib/model.ts';
import { limits } from '../../daemon/limits.ts';
import { auditFacts, changeFacts } from './audit.ts';
import { cryptographyFacts } from './cryptography.ts';
import { discoveredFacts, driftFacts } from './drift.ts';
import { estateOf, type Estate } from './estate.ts';
import { expiryFacts } from './expiry.ts';
import { endpointFacts, findingFacts } from './findings.ts';
import { policyFacts } from './policies.ts';
import { postureFacts } from './posture.ts';
import { redactModel } from './redact.ts';
import { rowOf } from './row.ts';
import { catalogueFacts, serviceFacts } from './service.ts';
import type { SiteSources } from './sources.ts';
import { teamFacts } from './teams.ts';
import { waiverFacts } from './waivers.ts';

/** What the files of data beside the pages add to the model. */
export interface DataFiles extends Pick<Inventory, 'columns' | 'shards'> {
  readonly feeds: readonly Feed[];
}

export const noDataFiles: DataFiles = { columns: '', shards: null, feeds: [] };

/**
 * The model. Any of the lists may be empty: an estate without records gives a first-time page. `sources` must be redacted already (`redactSources`);
 * the level `public` is applied here, after counting. Every string is cleaned. The same sources in any order of records give the same model. Pure.
 */
export function siteModel(sources: SiteSources, estate: Estate, files: DataFiles): SiteModel {
  const { records, settings } = sources;
  const changes = changeFacts(sources);
  const waivers = waiverFacts(sources, estate);
  const model: SiteModel = {
    generatedFrom: {
      repository: sources.repository,
      state: sources.state,
      intent: sources.intent,
      statePrefix: sources.statePrefix,
      at: sources.at,
    },
    redaction: settings.redaction,
    forge: settings.forge,
    dataAge: { at: records.heartbeat?.at ?? null, staleAfterMs: settings.staleAfterMs },
    heartbeat: records.heartbeat,
    posture: postureFacts(sources, estate),
    inventory: {
      total: estate.certificates.length,
      rows: estate.certificates.slice(0, limits.site.staticRowsMax).map(rowOf),
      pages: [],
      allHavePages: estate.certificates.length <= settings.staticDetailMax,
      columns: files.columns,
      shards: files.shards,
    },
    teams: teamFacts(sources, estate, { changes, waivers }),
    endpoints: endpointFacts(estate),
    findings: findingFacts(estate),
    expiry: expiryFacts(sources, estate),
    crypto: cryptographyFacts(estate),
    policies: policyFacts(sources, estate),
    waivers,
    drift: driftFacts(sources, estate),
    discovered: discoveredFacts(estate),
    audit: auditFacts(sources, changes),
    service: serviceFacts(sources),
    catalogue: catalogueFacts(sources),
    thresholds: settings.thresholds,
    feeds: files.feeds,
  };
  return redactModel(cleanDeep(model));
}

export { estateOf };

/** What the site keeps to itself. One place, before anything is written, so that pages and feeds agree. Pure. */
import type { SiteModel } from '../src/lib/model.ts';
import type { CertificateRecord } from '../../daemon/core/record-format.ts';
import { needsPerson } from './estate.ts';
import {
  changeWithoutPeople,
  logSubjectWithoutPeople,
  withFindings,
  withheld,
  withoutPeople,
} from './redact-people.ts';
import type { SiteSettings, SiteSources } from './sources.ts';

/** Trailers of the daemon's commits that name no person and no machine; others may. */
const toldTrailers: ReadonlySet<string> = new Set(['Renewd-Because', 'Renewd-Source']);

/** The sources at their level of redaction: `internal` and `public` know no people, log-in locations and file texts. `full` changes nothing. */
export function redactSources(sources: SiteSources): SiteSources {
  if (sources.settings.redaction === 'full') return sources;
  const { declared, records } = sources;
  const hidePeople = withoutPeople(declared.waivers);
  return {
    ...sources,
    repository: sources.settings.redaction === 'public' ? null : sources.repository,
    settings: {
      ...sources.settings,
      forge: sources.settings.redaction === 'public' ? null : sources.settings.forge,
    },
    texts: {},
    records: {
      ...records,
      certificates: withFindings(records.certificates, hidePeople),
      endpoints: records.endpoints.map((each) => ({
        ...each,
        location: '',
        findings: hidePeople(each.findings),
      })),
      repository:
        records.repository === null
          ? null
          : { ...records.repository, findings: hidePeople(records.repository.findings) },
      heartbeat: records.heartbeat === null ? null : { ...records.heartbeat, instance: withheld },
    },
    declared: {
      ...declared,
      teams: declared.teams.map((each) => ({ ...each, owners: [], contacts: [], signers: [], handles: [] })),
      waivers: declared.waivers.map((each) => ({ ...each, owner: '' })),
      programs: declared.programs.map((each) => ({
        ...each,
        sponsor: withheld,
        owner: withheld,
        supportContact: withheld,
      })),
    },
    history: {
      ...sources.history,
      transitions: sources.history.transitions.map((each) =>
        each.opened.length === 0 ? each : { ...each, opened: hidePeople(each.opened) },
      ),
    },
    log: sources.log.map((each) => ({
      ...each,
      author: withheld,
      subject: logSubjectWithoutPeople(each),
      trailers: each.trailers.filter(({ key }) => toldTrailers.has(key)),
    })),
    changes: sources.changes.map(changeWithoutPeople),
    evidence: sources.evidence.map((pack) => ({
      ...pack,
      certificates: withFindings(pack.certificates, hidePeople),
      findings: hidePeople(pack.findings),
      changes: pack.changes.map((each) => ({ ...changeWithoutPeople(each), author: withheld })),
      waivers: pack.waivers.map((each) => ({ ...each, owner: withheld })),
      steps: pack.steps.map((each) => ({ ...each, evidence: each.evidence.map(() => withheld) })),
    })),
  };
}

/** Certificates that have a page of their own: all of a small estate, those that are not plainly in order of a large one, none for the public. */
export function detailed(
  certificates: readonly CertificateRecord[],
  { redaction, staticDetailMax }: Pick<SiteSettings, 'redaction' | 'staticDetailMax'>,
): readonly CertificateRecord[] {
  if (redaction === 'public') return [];
  if (certificates.length <= staticDetailMax) return certificates;
  return certificates
    .filter((each) => needsPerson(each) || each.findings.length > 0 || each.status !== 'ok')
    .slice(0, staticDetailMax);
}

/** The model at its level: `public` keeps counts, policy and the catalogue, and no name of a certificate, endpoint, host or person. */
export function redactModel(model: SiteModel): SiteModel {
  if (model.redaction !== 'public') return model;
  return {
    ...model,
    heartbeat: model.heartbeat,
    posture: { ...model.posture, repositoryFindings: [], first: [], nextRenewals: [] },
    inventory: { ...model.inventory, rows: [], columns: '', shards: null },
    teams: model.teams.map((each) => ({
      ...each,
      dnsNames: [],
      worst: [],
      work: [],
      others: [],
      rows: [],
      next: [],
      changes: [],
      waivers: [],
    })),
    endpoints: { ...model.endpoints, rows: [] },
    findings: { ...model.findings, shown: [] },
    expiry: { ...model.expiry, rows: [], authorities: [] },
    crypto: {
      ...model.crypto,
      keys: model.crypto.keys.map((each) => ({ ...each, holders: { ...each.holders, certificates: [] } })),
      signatures: model.crypto.signatures.map((each) => ({
        ...each,
        holders: { ...each.holders, certificates: [] },
      })),
      lifetimes: model.crypto.lifetimes.map((each) => ({
        ...each,
        holders: { ...each.holders, certificates: [] },
      })),
      sharedKeys: [],
      issuers: [],
    },
    policies: model.policies.map((each) => ({
      ...each,
      appliesTo: each.appliesTo.includes('/') ? 'single certificates' : each.appliesTo,
      // Settings of rules hold names: allowed domains, issuers, endpoints.
      rules: each.rules.map((rule) => ({ ...rule, violators: [], settings: [] })),
    })),
    waivers: [],
    drift: { ...model.drift, open: [], healed: [] },
    discovered: { items: [], total: model.discovered.total },
    audit: { ...model.audit, months: [], periods: [] },
    catalogue: { ...model.catalogue, teams: [], endpoints: [], issuers: [] },
  };
}

/**
 * The facts the site is made from: plain JSON, taken from the two branches at two commits. No page reads anything else,
 * and nothing here is judged again: statuses and findings are those of the records.
 */
import type {
  CertificateRecord,
  EndpointRecord,
  FindingRecord,
  Heartbeat,
  Timestamp,
} from '../../../daemon/core/record-format.ts';
import { limits } from '../../../daemon/limits.ts';
import { clean, cleanPem } from './clean.ts';

export interface SiteModel {
  readonly generatedFrom: {
    /** How people call the repository; null or absent when nothing fit is known. Never an address with credentials. */
    readonly repository?: string | null;
    /** Commit of the state branch; empty while there is none. */
    readonly state: string;
    /** Commit of the intent branch the records were judged by; empty while there is none. */
    readonly intent: string;
    /** The instant of the build: the only clock the pages know, so that the same model gives the same bytes. */
    readonly at: Timestamp;
  };
  readonly dataAge: {
    /** When the daemon last said that the records are current (its heartbeat); null when it never did. */
    readonly at: Timestamp | null;
    /** After this long without a heartbeat the whole site says that its facts are stale. */
    readonly staleAfterMs: number;
  };
  readonly heartbeat: Heartbeat | null;
  readonly certificates: readonly CertificateRecord[];
  readonly endpoints: readonly EndpointRecord[];
  readonly teams: readonly TeamEntry[];
  readonly rules: readonly RuleEntry[];
  /** The numbers in force, in words, for the page that explains the method. */
  readonly thresholds: readonly Threshold[];
  readonly repositoryFindings: readonly FindingRecord[];
  /** Newest first. */
  readonly log: readonly LogEntry[];
  /** True when `log` is only the newest part of the history. */
  readonly logTruncated: boolean;
  /** Chain text (PEM, leaf first) by installation id `team/name@endpoint`; public certificates, never keys. */
  readonly pem?: Readonly<Record<string, string>>;
}

export interface TeamEntry {
  readonly name: string;
  readonly displayName: string;
  readonly owners: readonly string[];
  readonly contacts: readonly { readonly type: 'email' | 'url'; readonly value: string }[];
}

/** One rule as one policy applies it. */
export interface RuleEntry {
  readonly policy: string;
  readonly rule: string;
  readonly title: string;
  readonly explanation: string;
  readonly action: 'block' | 'remediate' | 'report' | 'off';
  /** The standard or document it comes from. */
  readonly citation: string;
}

export interface Threshold {
  readonly label: string;
  readonly value: string;
  readonly meaning: string;
}

/** One commit of the state branch. */
export interface LogEntry {
  readonly oid: string;
  readonly at: Timestamp;
  readonly author: string;
  readonly subject: string;
  readonly trailers: readonly { readonly key: string; readonly value: string }[];
  /** Whether the signature verified; null when it was not looked at. */
  readonly signed: boolean | null;
}

/** What every certificate page, link and anchor calls it: `team/name`. */
export function certificateId(record: CertificateRecord): string {
  return `${record.metadata.team}/${record.metadata.name}`;
}

function cleanDeep(value: unknown, key: string): unknown {
  if (typeof value === 'string') return key === 'pem' ? cleanPem(value) : clean(value);
  if (Array.isArray(value)) return value.map((item) => cleanDeep(item, key));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, item]) => [
    clean(name, limits.site.keyMaxChars),
    cleanDeep(item, key === 'pem' ? 'pem' : name),
  ]);
  // fromEntries defines own properties, so a key such as `__proto__` stays data.
  return Object.fromEntries(entries) as unknown;
}

/**
 * The model from its JSON text, with every string in it made harmless to look at (see `clean`): names, subjects,
 * commit authors and what servers answer are all written by strangers. Throws when the text is not JSON or is not
 * the model of this version, which only a mistake in the program that wrote it can cause. Pure.
 */
export function parseModel(text: string): SiteModel {
  const model = cleanDeep(JSON.parse(text), '') as SiteModel;
  for (const list of ['certificates', 'endpoints', 'teams', 'rules', 'repositoryFindings', 'log'] as const) {
    if (!Array.isArray(model[list])) throw new Error(`the site model has no list of ${list}`);
  }
  const seen = new Set<string>();
  for (const id of [
    ...model.certificates.map((each) => `certificate ${certificateId(each)}`),
    ...model.endpoints.map((each) => `endpoint ${each.metadata.name}`),
    ...model.teams.map((each) => `team ${each.name}`),
  ]) {
    if (seen.has(id)) throw new Error(`the site model names ${id} twice`);
    seen.add(id);
  }
  return model;
}

/**
 * What the pages are made from: plain JSON, worked out once by `site/facts/` from the two branches at two commits. It is bounded: lists are cut
 * at limits and say so, whole records stand only in `site/details`. No page reads anything else, and nothing is judged again.
 */
import type { Maturity } from '../../../daemon/core/service/maturity.ts';
import type { ServiceMetrics } from '../../../daemon/core/service/metrics.ts';
import type { ServiceStep } from '../../../daemon/core/service/steps.ts';
import type {
  CertificateRecord,
  CertificateStatus,
  FindingRecord,
  Heartbeat,
  ProofState,
  Timestamp,
} from '../../../daemon/core/record-format.ts';
import { limits } from '../../../daemon/limits.ts';
import { clean } from './clean.ts';

/** How much of the repository the site tells: `public` only counts and policy; `internal` no people, log-ins and file texts; `full` all of it. */
export type Redaction = 'public' | 'internal' | 'full';

/** Where people see the repository in a browser. */
export interface Forge {
  readonly kind: 'github' | 'gitea' | 'forgejo' | 'gitlab';
  /** Of the repository, https, no slash at the end. */
  readonly url: string;
  /** Branch of the declarations. */
  readonly branch: string;
}

export interface SiteModel {
  readonly generatedFrom: {
    /** How people call the repository; null when nothing fit is known. Never an address with credentials. */
    readonly repository: string | null;
    /** Commit of the state branch; empty while there is none. */
    readonly state: string;
    /** Commit of the intent branch the records were judged by; empty while there is none. */
    readonly intent: string;
    /** Where the records stand below the root of their branch: `` or `status/`. */
    readonly statePrefix: string;
    /** The instant of the build: the only clock the pages know, so that the same sources give the same bytes. */
    readonly at: Timestamp;
  };
  readonly redaction: Redaction;
  /** null: nobody said where the repository can be looked at. */
  readonly forge: Forge | null;
  readonly dataAge: {
    /** When the daemon last said that the records are current (its heartbeat); null when it never did. */
    readonly at: Timestamp | null;
    /** After this long without a heartbeat the whole site says that its facts are stale. */
    readonly staleAfterMs: number;
  };
  readonly heartbeat: Heartbeat | null;
  readonly posture: Posture;
  readonly inventory: Inventory;
  readonly teams: readonly TeamFacts[];
  readonly endpoints: EndpointSection;
  readonly findings: FindingSection;
  readonly expiry: Expiry;
  readonly crypto: Cryptography;
  readonly policies: readonly PolicyFacts[];
  readonly waivers: readonly WaiverFacts[];
  readonly drift: DriftSection;
  readonly discovered: Discovered;
  readonly audit: Audit;
  readonly service: Service;
  readonly catalogue: Catalogue;
  /** The numbers in force, in words, for the page that explains the method. */
  readonly thresholds: readonly Threshold[];
  /** Files of data beside the pages, for `/data/`. */
  readonly feeds: readonly Feed[];
}

export type StatusCounts = Readonly<Record<CertificateStatus, number>>;

export interface Posture {
  /** All certificates by the status of their record; one that this site does not know counts as unknown. */
  readonly counts: StatusCounts;
  readonly total: number;
  /** Oldest first, a week apart, the last one at the time of the build. */
  readonly trend: readonly TrendPoint[];
  readonly endpoints: number;
  /** Endpoints that could not be read, or have not been. */
  readonly unread: number;
  readonly findings: number;
  readonly repositoryFindings: readonly FindingRecord[];
  /** What needs a person first, by precedence; at most `limits.site.firstItemsMax`. */
  readonly first: readonly FirstItem[];
  /** How many need a person in all. */
  readonly open: number;
  /** Soonest first; at most `limits.site.renewalsShownMax`. */
  readonly nextRenewals: readonly { readonly id: string; readonly renewAt: Timestamp }[];
}

export interface TrendPoint {
  readonly at: Timestamp;
  /** Commit of the records that were current then; null: there were none yet. */
  readonly commit: string | null;
  /** null: nothing was recorded yet, or history does not reach so far back. */
  readonly counts: StatusCounts | null;
}

export interface FirstItem {
  readonly id: string;
  readonly status: CertificateStatus;
  readonly since: Timestamp;
  /** The worst finding; null when the record has none. */
  readonly finding: Pick<FindingRecord, 'code' | 'severity' | 'message' | 'remedy'> | null;
}

/** One certificate in a table. */
export interface CertificateRow {
  /** `team/name`. */
  readonly id: string;
  readonly team: string;
  readonly name: string;
  readonly status: CertificateStatus;
  readonly since: Timestamp;
  /** The file is gone from the intent branch: still watched, not renewed. */
  readonly withdrawn: boolean;
  /** DNS names and addresses, at most `limits.site.rowNamesMax`; `nameCount` counts all. */
  readonly names: readonly string[];
  readonly nameCount: number;
  readonly issuer: string;
  /** Value of the label `env`; empty without one. */
  readonly environment: string;
  readonly keyAlgorithm: string;
  /** When the first of its installations ends; null: nothing was issued. */
  readonly expires: Timestamp | null;
  /** When the first renewal is planned; null: none is. */
  readonly renews: Timestamp | null;
  readonly endpoints: readonly string[];
  readonly endpointCount: number;
  /** What its addresses serve, in words. */
  readonly served: string;
}

export interface Inventory {
  readonly total: number;
  /** Those that need a person first, at most `limits.site.staticRowsMax`: what `/certificates/` shows without a script. */
  readonly rows: readonly CertificateRow[];
  /** Whether every certificate has a page of its own; if not, those in order are shown by a script from their shard. */
  readonly allHavePages: boolean;
  /** Ids of those that have a page of their own. */
  readonly pages: readonly string[];
  /** Path of the columns below the base, without a slash at the front: `data/inventory.0123abcd.json`. Empty when the level of redaction withholds it. */
  readonly columns: string;
  /** Where the records are that have no page; see `site/src/lib/shards.ts`. null when every certificate has one. */
  readonly shards: ShardsAt | null;
}

/** Where the index of the shards is: a file with a `ShardIndex`. */
export interface ShardsAt {
  readonly index: string;
}

/** Where records are that have no page of their own. */
export interface ShardIndex {
  /** Hex digits of the hash of the id that name a shard. */
  readonly width: number;
  /** Path by shard name, below the base. */
  readonly files: Readonly<Record<string, string>>;
}

export interface TeamFacts {
  readonly name: string;
  readonly displayName: string;
  /** Whether a Team document declares it; one that only the records know is listed too. */
  readonly declared: boolean;
  readonly owners: readonly string[];
  readonly contacts: readonly { readonly type: 'email' | 'url'; readonly value: string }[];
  readonly dnsNames: readonly string[];
  readonly counts: StatusCounts;
  readonly total: number;
  /** Certificates that need a person. */
  readonly open: number;
  readonly findings: number;
  /** Certificates that need a person by need, each with its worst finding; at most `limits.site.teamFindingsMax`. */
  readonly work: readonly {
    readonly id: string;
    readonly status: CertificateStatus;
    readonly since: Timestamp;
    /** When the first of its installations ends; null: nothing was issued. */
    readonly expires: Timestamp | null;
    readonly finding: FindingRecord | null;
  }[];
  /** The worst that are not in `work`, at most `limits.site.teamFindingsMax`. */
  readonly others: readonly FindingRecord[];
  /** The worst, at most `limits.site.teamFindingsMax`. */
  readonly worst: readonly FindingRecord[];
  /** By need; at most `limits.site.teamRowsMax`. */
  readonly rows: readonly CertificateRow[];
  /** How many needed a person at each instant of `posture.trend`; null where that is not known. */
  readonly trend: readonly (number | null)[];
  readonly renewals: RenewalRecord;
  /** The next of its renewals and expiries, soonest first; at most `limits.site.teamNextMax`. */
  readonly next: readonly { readonly id: string; readonly at: Timestamp; readonly what: 'renews' | 'ends' }[];
  /** Changes that wait for an approval or were refused and name certificates of this team, newest first. */
  readonly changes: readonly ChangeFacts[];
  /** Names of waivers that except certificates of this team. */
  readonly waivers: readonly string[];
  /** null: no certificate. */
  readonly maturity: Maturity | null;
}

/** Renewals in the part of history that is known. */
export interface RenewalRecord {
  /** Certificates that took the place of another. */
  readonly renewed: number;
  /** Of these, how many while at least `limits.site.renewalMarginShare` of the lifetime before was left. */
  readonly inTime: number;
}

export interface EndpointRow {
  readonly name: string;
  readonly team: string | null;
  readonly type: string;
  /** Empty when withheld. */
  readonly location: string;
  readonly status: 'reachable' | 'unreachable' | 'unknown';
  readonly since: Timestamp;
  readonly certificates: number;
  readonly findings: number;
}

export interface EndpointSection {
  readonly total: number;
  /** Those that cannot be read first; at most `limits.site.tableRowsMax`. */
  readonly rows: readonly EndpointRow[];
}

export interface FindingSection {
  readonly total: number;
  readonly bySeverity: Readonly<Record<FindingRecord['severity'], number>>;
  /** Worst first; at most `limits.site.tableRowsMax`. */
  readonly shown: readonly FindingRecord[];
}

export interface Expiry {
  /** Values of the label `env` that occur, sorted; `` for none. */
  readonly environments: readonly string[];
  /** 26 weeks from the Monday of the build's week on. */
  readonly weeks: readonly {
    readonly from: Timestamp;
    /** Certificates (installations) that end in it, in the order of `environments`. */
    readonly ends: readonly number[];
    readonly renews: number;
  }[];
  /** Ended already, and ending after the 26 weeks. */
  readonly before: number;
  readonly after: number;
  /** 366 days from the build's day on. */
  readonly days: readonly { readonly day: string; readonly ends: number; readonly renews: number }[];
  /** Certificates by their end, soonest first; at most `limits.site.tableRowsMax`. */
  readonly rows: readonly CertificateRow[];
  readonly authorities: readonly AuthorityFacts[];
  readonly load: readonly LoadScenario[];
}

/** A certificate of a certification authority that renewd runs itself. */
export interface AuthorityFacts {
  readonly issuer: string;
  readonly role: 'root' | 'intermediate';
  readonly subject: string;
  readonly notBefore: Timestamp;
  readonly notAfter: Timestamp;
  readonly fingerprint: string;
  readonly keyAlgorithm: string;
  readonly signatureAlgorithm: string;
}

/** Renewals a year if no certificate lived longer than `lifetimeMaxDays`. */
export interface LoadScenario {
  /** null: as things are. */
  readonly lifetimeMaxDays: number | null;
  readonly renewalsPerYear: number;
  readonly renewalsPerDay: number;
}

export type QuantumState = 'vulnerable' | 'transition' | 'ready' | 'unknown';

/** The list behind a number: which certificates are counted in it. */
export interface KeyHolders {
  /** Ids, sorted, each once; at most `limits.site.holdersMax`. */
  readonly certificates: readonly string[];
  /** All of them; a certificate with several installations counts once. */
  readonly count: number;
}

export interface Cryptography {
  readonly environments: readonly string[];
  /** Installed keys by algorithm, most first; counts in the order of `environments`. */
  readonly keys: readonly {
    readonly algorithm: string;
    readonly bits: number;
    readonly counts: readonly number[];
    readonly total: number;
    readonly quantum: QuantumState;
    readonly holders: KeyHolders;
  }[];
  readonly signatures: readonly {
    readonly algorithm: string;
    readonly total: number;
    readonly quantum: QuantumState;
    readonly holders: KeyHolders;
  }[];
  readonly lifetimes: readonly {
    readonly label: string;
    readonly total: number;
    readonly holders: KeyHolders;
  }[];
  readonly issuers: readonly {
    readonly issuer: string;
    readonly total: number;
    readonly holders: KeyHolders;
  }[];
  readonly quantum: Readonly<Record<QuantumState, number>>;
  /** Declared installations that hold nothing yet: there is no key to count. */
  readonly unknown: number;
  /** One public key in more than one place, most places first; at most `limits.site.listItemsMax` keys and places of each. */
  readonly sharedKeys: readonly {
    readonly spki: string;
    readonly places: readonly string[];
    readonly placeCount: number;
  }[];
  /** All keys that stand in more than one place. */
  readonly sharedKeyCount: number;
  /** Installed certificates: each is counted once in every table of the section. */
  readonly installations: number;
}

export interface PolicyFacts {
  readonly name: string;
  readonly description: string;
  /** Whom it applies to, in words. */
  readonly appliesTo: string;
  /** `file:line`; begins with `built-in/` for what renewd brings itself. */
  readonly at: string;
  readonly rules: readonly RuleFacts[];
  /** Certificates that break any of its rules, without exception. */
  readonly broken: number;
  readonly waived: number;
}

/** One rule as one policy applies it. */
export interface RuleFacts {
  /** `policy` or `policy/pack`, as findings name it. */
  readonly policy: string;
  /** Which use of the rule; as findings name it. */
  readonly id: string;
  readonly rule: string;
  readonly title: string;
  readonly explanation: string;
  /** The standard or document it comes from. */
  readonly citation: string;
  readonly action: 'block' | 'remediate' | 'report' | 'off';
  readonly locked: boolean;
  readonly waivable: boolean;
  /** The settings in force, one line each: `max: 47d`. */
  readonly settings: readonly string[];
  /** Before it the rule is announced only; null: it is in effect. */
  readonly effectiveAt: Timestamp | null;
  /** `file:line`. */
  readonly at: string;
  /** Certificates it counts for; null when that was not worked out. */
  readonly applies: number | null;
  readonly broken: number;
  readonly waived: number;
  readonly upcoming: number;
  /** Those that break it first, then the excepted, then those that will break it; of each the longest-standing first. At most `limits.site.violatorsMax`. */
  readonly violators: readonly {
    readonly certificate: string;
    readonly code: string;
    readonly message: string;
    readonly since: Timestamp;
  }[];
}

export interface WaiverFacts {
  readonly name: string;
  readonly rules: readonly string[];
  readonly appliesTo: string;
  /** Empty when withheld. */
  readonly owner: string;
  readonly reason: string;
  readonly compensatingControl: string;
  readonly grantedAt: Timestamp | null;
  readonly expiresAt: Timestamp;
  readonly ticket: string | null;
  /** At the time of the build. */
  readonly ended: boolean;
  readonly at: string;
  /** Certificates that a finding says are excepted by it; at most `limits.site.violatorsMax`. */
  readonly certificates: readonly string[];
}

export interface DriftItem {
  /** Of the finding: the same drift keeps it. */
  readonly id: string;
  readonly certificate: string;
  readonly endpoint: string | null;
  readonly address: string | null;
  readonly code: string;
  readonly message: string;
  readonly expected: string | null;
  readonly observed: string | null;
  readonly since: Timestamp;
  /** null: it stands. */
  readonly healedAt: Timestamp | null;
  /** Commit of the records that first said so; null: before the known history. */
  readonly openedBy: string | null;
  readonly healedBy: string | null;
}

export interface DriftSection {
  /** Longest-standing first; at most `limits.site.tableRowsMax`. */
  readonly open: readonly DriftItem[];
  readonly openCount: number;
  /** Newest first; at most `limits.site.tableRowsMax`. */
  readonly healed: readonly DriftItem[];
  readonly healedCount: number;
  /** From opened to healed; null: nothing healed. */
  readonly meanMs: number | null;
  readonly medianMs: number | null;
  readonly worstMs: number | null;
  /** History is known from here on; null: there is none. */
  readonly knownSince: Timestamp | null;
}

/** What is served or was found and renewd did not issue. */
export interface Discovered {
  readonly items: readonly {
    /** `stranger`: served at a declared address, of unknown origin. `found`: stood there before renewd and is not taken over. */
    readonly kind: 'stranger' | 'found';
    readonly certificate: string;
    readonly endpoint: string;
    readonly address: string | null;
    readonly subject: string;
    readonly issuer: string;
    readonly notAfter: Timestamp | null;
    readonly fingerprint: string | null;
    readonly drift: 'enforce' | 'report' | 'observe';
    readonly file: string;
    /** The declaration is gone, or ends the renewal: nothing is done about it. */
    readonly ended: boolean;
  }[];
  readonly total: number;
}

export interface ChangeFacts {
  readonly commit: string;
  readonly previous: string | null;
  readonly subject: string;
  /** Empty when withheld. */
  readonly author: string;
  readonly committedAt: Timestamp;
  readonly seenAt: Timestamp;
  readonly acceptedAt: Timestamp | null;
  readonly outcome: 'accepted' | 'waiting' | 'refused' | 'trusted';
  /** Who signed, verified; empty: nobody. */
  readonly signedBy: readonly string[];
  /** Its commits, and those of them without a signature that counts: one who signed does not speak for them. */
  readonly commitCount: number;
  readonly unsigned: number;
  readonly approvedBy: readonly string[];
  readonly reasons: readonly { readonly code: string; readonly message: string; readonly fix: string }[];
  /** Certificates its plan names: `team/name`; at most `limits.site.listItemsMax`. */
  readonly certificates: readonly string[];
  readonly certificateCount: number;
  /** First digits of the hash of the plan that was approved; null: no plan. */
  readonly planHash: string | null;
  readonly emergency: boolean;
  /** Path of its record on the state branch. */
  readonly record: string;
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

export interface Audit {
  /** Newest first. */
  readonly months: readonly AuditMonth[];
  readonly periods: readonly AuditPeriod[];
  /** Commits of the state branch in all known months. */
  readonly commits: number;
  readonly signed: number;
  readonly unsigned: number;
  /** True when older commits exist that are not here. */
  readonly truncated: boolean;
  /** How it was decided whose signature counts: by a list, or by the key of the oldest known commit, taken on trust. */
  readonly recordSigner: 'configured' | 'first-commit';
}

export interface AuditMonth {
  /** `2026-11`. */
  readonly month: string;
  /** Newest first; at most `limits.site.tableRowsMax` each. */
  readonly changes: readonly ChangeFacts[];
  readonly changeCount: number;
  readonly commits: readonly LogEntry[];
  readonly commitCount: number;
  readonly signed: number;
  readonly unsigned: number;
}

/** The evidence of a quarter, as `renewd report` makes it, in tables. */
export interface AuditPeriod {
  /** `2026-Q4`. */
  readonly label: string;
  readonly from: Timestamp;
  readonly until: Timestamp;
  readonly complete: boolean;
  readonly commits: {
    readonly declarations: string | null;
    readonly recordsBefore: string | null;
    readonly recordsAfter: string | null;
  };
  readonly figures: readonly { readonly figure: string; readonly meaning: string }[];
  readonly tables: readonly {
    readonly name: string;
    readonly title: string;
    readonly heads: readonly string[];
    /** At most `limits.site.tableRowsMax`; `count` counts all. */
    readonly rows: readonly (readonly string[])[];
    readonly count: number;
  }[];
  /** Each rule in force, with what the findings at the end of the data say of it; at most `limits.site.evidenceRowsMax`. */
  readonly controls: readonly ControlResult[];
  readonly controlCount: number;
  /** Of all certificates issued in the period, those with the lowest SHA-256 of `<records commit> <fingerprint>`; at most `limits.site.evidenceSampleMax`. */
  readonly sample: readonly SampledIssuance[];
  readonly issuanceCount: number;
}

/** One rule in force at the end of a period. */
export interface ControlResult {
  /** `policy` or `policy/pack`, as findings name it. */
  readonly policy: string;
  readonly rule: string;
  readonly title: string;
  readonly citation: string;
  readonly action: string;
  /** `file:line`. */
  readonly at: string;
  /** Certificates that a finding says break it, and those it says are excepted. */
  readonly broken: number;
  readonly excepted: number;
}

/** One certificate of the sample that an auditor follows to its evidence. */
export interface SampledIssuance {
  /** `team/name@endpoint`. */
  readonly installation: string;
  readonly certificate: string;
  readonly serial: string;
  readonly fingerprint: string;
  readonly because: string | null;
  readonly recordedAt: Timestamp;
  readonly proof: ProofState;
  /** When a handshake proved it served; null unless `proof` is `served`. */
  readonly provedAt: Timestamp | null;
  /** Commit of the records, and the path of the record in it. */
  readonly commit: string;
  readonly record: string;
}

export interface Service {
  /** The period the figures are of: `2026-Q4`. */
  readonly period: string;
  readonly metrics: ServiceMetrics | null;
  readonly steps: readonly ServiceStep[];
  readonly program: {
    readonly title: string;
    readonly sponsor: string;
    readonly owner: string;
    readonly charter: string;
    readonly supportContact: string;
    readonly targets: {
      readonly leadTimeMs: number | null;
      readonly handsOffShare: number | null;
      readonly level: number | null;
    };
  } | null;
}

/** What can be asked for, and from what: the catalogue and the request form. */
export interface Catalogue {
  readonly offers: readonly {
    readonly name: string;
    readonly title: string;
    readonly description: string;
    readonly issuer: string;
    readonly profile: string | null;
    readonly keyAlgorithm: string | null;
    readonly lifetime: string | null;
    readonly usages: readonly string[] | null;
    readonly labels: Readonly<Record<string, string>>;
    readonly teams: readonly string[];
    readonly leadTime: string | null;
  }[];
  readonly teams: readonly {
    readonly name: string;
    readonly displayName: string;
    readonly dnsNames: readonly string[];
    readonly endpoints: readonly string[];
  }[];
  readonly issuers: readonly { readonly name: string; readonly type: string }[];
  readonly endpoints: readonly { readonly name: string; readonly team: string | null }[];
  readonly profiles: readonly {
    readonly name: string;
    readonly description: string;
    readonly parameters: readonly {
      readonly name: string;
      readonly description: string;
      readonly default: string | null;
      /** Regular expression that a whole value must match, as declared. */
      readonly pattern: string;
    }[];
  }[];
}

export interface Threshold {
  readonly label: string;
  readonly value: string;
  readonly meaning: string;
}

export interface Feed {
  /** Below the base, without a slash at the front: `teams/web/calendar.ics`. */
  readonly path: string;
  readonly title: string;
  readonly kind: 'calendar' | 'atom' | 'json' | 'csv' | 'badge' | 'cbom' | 'schema';
  /** null: of everything. */
  readonly team: string | null;
}

/** What stands on the page of one certificate, and in its shard. */
export interface CertificateDetail {
  readonly record: CertificateRecord;
  /** Text of the declaration; null when it is withheld or gone. */
  readonly yaml: string | null;
  /** PEM by endpoint, leaf first; public certificates, never keys. Empty in shards. */
  readonly chains: Readonly<Record<string, string>>;
  /** Newest first; at most `limits.site.detailHistoryMax`. */
  readonly history: readonly { readonly at: Timestamp; readonly commit: string; readonly phrase: string }[];
  /** The commit that last changed its record; null: before the known history. */
  readonly changedBy: string | null;
}

/** What every certificate page, link and anchor calls it: `team/name`. */
export function certificateId(record: Pick<CertificateRecord, 'metadata'>): string {
  return `${record.metadata.team}/${record.metadata.name}`;
}

/**
 * A value with every string in it made harmless to look at (see `clean`): names, subjects, commit authors and what servers answer are all written by
 * strangers. Keys are cleaned too. Pure.
 */
export function cleanDeep<Value>(value: Value): Value {
  return cleaned(value) as Value;
}

/**
 * A value as JSON with every string in it made harmless, as `cleanDeep` does. Nearly every record is plain ASCII without anything to clean, and one look at its text
 * says so: 100,000 records take a tenth of the time (measured). Pure.
 */
export function cleanJson(value: unknown): string {
  const text = JSON.stringify(value);
  return plainJson.test(text) && !hasLongString(text) ? text : JSON.stringify(cleanDeep(value));
}

/** No control character, nothing beyond ASCII, and no backslash, which would be the escape of one. */
const plainJson = /^[ !#-[\]-~"]*$/;

/** Whether two quotation marks are further apart than the shortest string that would be cut. */
function hasLongString(text: string): boolean {
  for (let at = text.indexOf('"'); at !== -1;) {
    const next = text.indexOf('"', at + 1);
    if (next - at > limits.site.keyMaxChars) return true;
    at = next;
  }
  return false;
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return clean(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, item]) => [
    clean(name, limits.site.keyMaxChars),
    cleaned(item),
  ]);
  // fromEntries defines own properties, so a key such as `__proto__` stays data.
  return Object.fromEntries(entries) as unknown;
}

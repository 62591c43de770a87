/**
 * The nouns of renewd, as plain readonly values. Nothing here reads, computes or decides.
 *
 * Instants are UTC epoch milliseconds inside the program (`Instant`) and RFC 3339 seconds outside.
 * Identifiers are readable: a certificate is `team/name`, an installation is `team/name@endpoint`.
 */

import type { ChangeControl, CustomRule, Offer, Policy, PolicyPack, Program, Waiver } from './governance.ts';

export type {
  ChangeControl,
  CustomRule,
  Offer,
  Policy,
  PolicyAction,
  PolicyPack,
  PolicyRule,
  Program,
  Waiver,
} from './governance.ts';

/** UTC epoch milliseconds. */
export type Instant = number;

/** SHA-256 over DER, lower-case hex without separators. */
export type Fingerprint = string;

/** Where a value stands in the repository. Line and column start at 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What every declared resource carries, whatever its kind. */
export interface Declared {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly source: SourcePosition;
  /** Object id of the blob that declares it: the "generation" of the declaration. */
  readonly blob: string;
}

export interface Team extends Declared {
  readonly kind: 'Team';
  readonly displayName: string;
  readonly owners: readonly string[];
  readonly contacts: readonly Contact[];
  /** Patterns: `shop.example.com` (exact), `*.example.com` (the wildcard name and any name one or more labels below). */
  readonly dnsNames: readonly string[];
  /** Names of issuers this team may use; empty means "as policy says". */
  readonly issuers: readonly string[];
  /** Names of endpoints beside its own on which its certificates may be installed; `web-*` for all that begin so. */
  readonly endpoints: readonly string[];
  /** Networks over which its certificates may be looked at, beside the addresses of the endpoint. */
  readonly networks: readonly string[];
  /** Who signs and approves for the team: principals of `policies/allowed_signers` or `policies/openpgp/`. */
  readonly signers: readonly string[];
  /** Names of the team on the forge (`@example/web`), for CODEOWNERS. */
  readonly handles: readonly string[];
}

export interface Contact {
  readonly type: 'email' | 'url';
  readonly value: string;
}

/** What an issuer will not give, as far as a declaration tells; null: it does not. */
export interface IssuerLimits {
  /** The longest lifetime it gives, in ms. */
  readonly lifetimeMaxMs: number | null;
  /** Domains whose names, and everything below them, it issues for. */
  readonly domains: readonly string[] | null;
  /** Ranges such as `10.0.0.0/8` whose addresses it issues for. */
  readonly ipRanges: readonly string[] | null;
  /** Why it cannot prove a wildcard name; null where nothing speaks against it. */
  readonly noWildcards: string | null;
}

export interface Issuer extends Declared {
  readonly kind: 'Issuer';
  /** Which plug-in: `acme`, `ca`, ... */
  readonly type: string;
  /** The plug-in's own configuration: already checked against its schema. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What its declaration tells that it will not give; absent where it tells nothing. */
  readonly limits?: IssuerLimits;
}

export interface Endpoint extends Declared {
  readonly kind: 'Endpoint';
  readonly team: string | null;
  /** Which target plug-in: `ssh`, ... */
  readonly type: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** What the machine is known by: its address and its host keys. Endpoints that share one are one machine. */
  readonly machine: readonly string[];
  /** Networks over which it may be looked at, beside its own addresses (`core/reach.ts`). */
  readonly networks: readonly string[];
  /** What may be installed for here, by profile; null: every profile, with its own defaults. */
  readonly profiles: Readonly<Record<string, EndpointProfile>> | null;
}

/** What the owner of an endpoint says of one kind of server on it. */
export interface EndpointProfile {
  /** Values of parameters that are set by the endpoint: programs, configuration files, services. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Where certificate files may stand, at or below; null: where the profile says. */
  readonly paths: readonly CertificatePlace[] | null;
  readonly source: SourcePosition;
}

export interface CertificatePlace {
  readonly path: string;
  /** The teams it is for; null: the endpoint's own, and for every other team the directory of its name in it. */
  readonly teams: readonly string[] | null;
}

export type KeyAlgorithm = 'ecdsa-p256' | 'ecdsa-p384' | 'rsa-2048' | 'rsa-3072' | 'rsa-4096' | 'ed25519';

/** What renewd does about drift: mend it, only say so, or never touch this certificate at all. */
export type DriftMode = 'enforce' | 'report' | 'observe';

export type ExtendedKeyUsage = 'serverAuth' | 'clientAuth';

export interface Certificate extends Declared {
  readonly kind: 'Certificate';
  /** `team/name`. */
  readonly id: string;
  readonly team: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly issuer: string;
  readonly key: { readonly algorithm: KeyAlgorithm };
  readonly usages: readonly ExtendedKeyUsage[];
  /** Wanted lifetime in ms; null leaves it to the issuer. */
  readonly lifetimeMs: number | null;
  /** What was issued before this instant is replaced, whatever is left of its lifetime, with a new key. Absent: nobody asks for that. */
  readonly reissue?: { readonly before: Instant; readonly because: string };
  /** Renew when this fraction of the lifetime has passed (0..1); null means the default of `core/renewal.ts`. */
  readonly renewAtFraction: number | null;
  readonly drift: DriftMode;
  /** `retired` stops renewal and keeps what is installed: deleting or retiring never uninstalls (promise 3). */
  readonly state: 'present' | 'retired';
  readonly installations: readonly Installation[];
  /** Endpoints it has left for good: what stands there is watched no longer. */
  readonly released?: readonly string[];
  /** Where `dnsNames` stands, for messages about names. */
  readonly sourceOf: Readonly<Record<'dnsNames' | 'issuer' | 'key' | 'lifetime', SourcePosition>>;
}

/** A certificate at an endpoint in a store: the core object. Each has its own key, made on the endpoint. */
export interface Installation {
  /** `team/name@endpoint`. */
  readonly id: string;
  readonly certificate: string;
  readonly endpoint: string;
  readonly profile: string;
  /** As the certificate writes them. What counts is worked out by `core/placement.ts`. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly serves: readonly Address[];
  /** Whether paths outside the store are links or copies; absent: as the profile says. */
  readonly placement?: 'link' | 'copy';
  readonly source: SourcePosition;
  /** Where each parameter stands; absent in what an earlier version wrote to the journal. */
  readonly parameterSources?: Readonly<Record<string, SourcePosition>>;
  /** Where each address stands; absent likewise. */
  readonly servesSources?: readonly SourcePosition[];
}

/** One address at which the certificate must be seen by a TLS client that asks for `serverName`. */
export interface Address {
  /** Host name or IP to connect to. */
  readonly host: string;
  readonly port: number;
  /** SNI, and the name the certificate must match. */
  readonly serverName: string;
}

/** How one kind of server takes certificates: data, never code. */
export interface Profile extends Declared {
  readonly kind: 'Profile';
  readonly description: string;
  readonly parameters: Readonly<Record<string, ProfileParameter>>;
  /** Directories in which certificate files of this kind of server stand, where an endpoint does not say. */
  readonly paths: readonly string[];
  readonly files: readonly ProfileFile[];
  /** Paths outside the store that must be symbolic links into `current/`; templates over parameters (`core/path-template.ts`). */
  readonly links: readonly ProfileLink[];
  /** `copy` where servers cannot see the store: the paths hold copies instead of links. Absent: `link`. */
  readonly placement?: 'link' | 'copy';
  /** argv arrays, each element a template over parameters that are set by the endpoint; run in order; all must exit 0. */
  readonly test: readonly (readonly string[])[];
  readonly reload: readonly (readonly string[])[];
  /** Longest time between a successful reload and the first handshake that must show the new certificate. */
  readonly settleMs: number;
}

export interface ProfileParameter {
  readonly description: string;
  /** Who may set it. Programs, configuration and services are never a certificate's to say. */
  readonly setBy: 'certificate' | 'endpoint';
  /** null: whoever sets it must give it. */
  readonly default: string | null;
  /** Regular expression a value must match in full. */
  readonly pattern: string;
}

export type FileContent = 'key' | 'certificate' | 'chain' | 'fullchain' | 'combined';

export interface ProfileFile {
  /** File name inside the generation directory. */
  readonly name: string;
  readonly content: FileContent;
  /** Octal text: `0600`. */
  readonly mode: string;
  /** The profile says nothing of mode and owner: a file that took another's place is as that one was, and only without one as `mode` says. */
  readonly shaped?: boolean;
  /** `user` or `user:group`; null keeps what the writer gets. */
  readonly owner: string | null;
}

export interface ProfileLink {
  readonly path: string;
  readonly file: string;
}

/** Everything declared at one commit, references resolved. */
export interface Desired {
  /** Commit of the intent branch. */
  readonly commit: string;
  readonly teams: ReadonlyMap<string, Team>;
  readonly issuers: ReadonlyMap<string, Issuer>;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly policies: readonly Policy[];
  readonly packs: ReadonlyMap<string, PolicyPack>;
  readonly customRules: ReadonlyMap<string, CustomRule>;
  readonly waivers: ReadonlyMap<string, Waiver>;
  readonly offers: ReadonlyMap<string, Offer>;
  readonly programs: ReadonlyMap<string, Program>;
  /** Who may change what, and who must approve it; null: nobody has said, so a push is enough. */
  readonly changeControl: ChangeControl | null;
  readonly certificates: ReadonlyMap<string, Certificate>;
  /**
   * Certificates that are declared and cannot be used (yet): they refer to what is not there, or stand where they may not. As their files say; what was in force of
   * them before stays in `certificates`. Absent: none.
   */
  readonly unusable?: ReadonlyMap<string, Certificate>;
  /** Endpoints that are declared and cannot be used (yet), as their files say; what was in force of them before stays in `endpoints`. Absent: none. */
  readonly leftOut?: ReadonlyMap<string, Endpoint>;
  /** Ids of installations that are refused because another has their path on the machine: they stay the newcomers. Absent: none. */
  readonly pathless?: ReadonlySet<string>;
  /** Trouble in the documents themselves. */
  readonly problems: readonly DocumentProblem[];
}

/** A mistake in a document: what, where, and what to do next. */
export interface DocumentProblem {
  readonly code: string;
  readonly message: string;
  readonly source: SourcePosition;
  /** The source line with a caret under the column; null where there is no text to show. */
  readonly excerpt: string | null;
  readonly severity: 'error' | 'warning';
  /** The scope in which nothing may be pruned because of it: a directory of the repository. */
  readonly scope: string;
}

/** A parsed certificate as core sees it: plain facts, never DER. Made by `x509/facts.ts`. */
export interface CertificateFacts {
  readonly fingerprint: Fingerprint;
  /** SHA-256 of the SubjectPublicKeyInfo DER, lower-case hex. */
  readonly spki: string;
  /** Lower-case hex, no leading zeros stripped. */
  readonly serial: string;
  readonly subject: string;
  readonly issuer: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  /** As in `KeyAlgorithm` where it is one of those (`ecdsa-p256`, `rsa-2048`, ...), otherwise the standard's name. */
  readonly keyAlgorithm: string;
  readonly keyBits: number;
  readonly signatureAlgorithm: string;
  readonly usages: readonly string[];
  readonly isCa: boolean;
  /** The signature verifies with its own key (not a guess from names). */
  readonly selfSigned: boolean;
}

/** What a TLS client saw at one address, in one word. Order of severity, worst last, is in `core/served.ts`. */
export type ServedResult =
  | 'served-match'
  | 'served-previous'
  | 'served-other-known'
  | 'served-unknown'
  | 'expired'
  | 'not-yet-valid'
  | 'name-mismatch'
  | 'chain-incomplete'
  | 'untrusted'
  /** The certificate is the right one, and its issuer cannot say by which roots it is trusted. */
  | 'trust-unknown'
  | 'no-certificate'
  | 'handshake-failed'
  | 'connection-failed'
  | 'name-unresolved'
  | 'address-refused';

/** Raw facts of one handshake, before judgement. */
/** PEM roots that clients of an issuer trust; null: the system's. `unknown`: the issuer cannot say just now, so trust is not judged. */
export type Anchors = readonly string[] | null | 'unknown';

export interface Handshake {
  readonly address: Address;
  /** The IP address that answered; absent where none was connected to. */
  readonly at?: string;
  /** What the other addresses of the same host showed: each is what some client gets. */
  readonly others?: readonly Handshake[];
  /** null when no certificate was received; `failure` then says why. */
  readonly leaf: CertificateFacts | null;
  /** Facts of the certificates sent after the leaf: those that lead upwards from it; where they do not verify, all that were sent. */
  readonly chain: readonly CertificateFacts[];
  readonly failure: {
    readonly result:
      | 'no-certificate'
      | 'handshake-failed'
      | 'connection-failed'
      | 'name-unresolved'
      | 'address-refused';
    readonly detail: string;
  } | null;
  /** How the chain verified: against the trust anchors of the issuer (or the system's). */
  readonly trust: 'trusted' | 'chain-incomplete' | 'untrusted' | 'not-judged';
  /** Why it is not trusted, in one phrase; null or absent where there is nothing to say. */
  readonly distrust?: string | null;
  readonly protocol: string | null;
}

/** What was found out about a generation that stands there and that the journal does not know: by proof, not by the endpoint's word. */
export interface Provenance {
  readonly generation: string;
  readonly fingerprint: Fingerprint;
  /** Why it is not taken over, in one phrase; null when it is one of ours. */
  readonly refusal: string | null;
  /** PEM, leaf first; empty where it is refused. */
  readonly chain: readonly string[];
}

/** What stands on the endpoint's disk for one installation. Every field but `provenance` is the endpoint's word. */
export interface StoreObservation {
  /** Name of the generation `current` points at; null when there is none. */
  readonly current: string | null;
  readonly previous: string | null;
  /** All generations present, oldest first. */
  readonly generations: readonly string[];
  /** The leaf in `current`; null when absent or unreadable. */
  readonly leaf: CertificateFacts | null;
  /** Fingerprints of the leaves of all generations, by generation name. */
  readonly leaves: Readonly<Record<string, Fingerprint>>;
  /** The key in `current` belongs to the leaf in `current`; null when either is absent. */
  readonly keyMatches: boolean | null;
  /** Declared links that are missing or point elsewhere. */
  readonly brokenLinks: readonly string[];
  /** Only where the journal knows nothing of this installation and something stands there. */
  readonly provenance?: Provenance;
  /** The script installed on the endpoint is older than this renewd. */
  readonly outdatedHelper?: { readonly installed: number; readonly current: number };
}

/** Everything seen of one installation at one time. `store` is null when the endpoint could not be read. */
export interface Observation {
  readonly installation: string;
  readonly at: Instant;
  readonly store: StoreObservation | null;
  readonly storeFailure: { readonly code: string; readonly message: string } | null;
  readonly handshakes: readonly Handshake[];
}

export type Severity = 'info' | 'warning' | 'error' | 'critical';

/**
 * Trouble, in words a person can act on. `id` is stable over turns: the same trouble keeps its id and its `since`.
 */
export interface Finding {
  readonly id: string;
  /** Closed set: see `core/finding-codes.ts`. */
  readonly code: string;
  readonly severity: Severity;
  readonly certificate: string | null;
  readonly installation: string | null;
  readonly endpoint: string | null;
  readonly address: string | null;
  readonly message: string;
  /** What to do next. */
  readonly remedy: string;
  readonly expected: string | null;
  readonly observed: string | null;
  /** The rule and the file that set it, for policy findings. */
  readonly rule: { readonly id: string; readonly policy: string; readonly source: SourcePosition } | null;
  readonly source: SourcePosition | null;
  readonly since: Instant;
}

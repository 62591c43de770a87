/** The nouns of governance: what certificates must keep to, who may change what, what is excepted until when, what is on offer. Values only. */
import type { Certificate, Declared, Instant, SourcePosition } from './model.ts';

/**
 * `block` stops an issuance before it starts. `remediate` does too, and replaces what is installed and breaks the rule. `report` only says so. `off` takes a
 * rule back that a wider policy set.
 */
export type PolicyAction = 'block' | 'remediate' | 'report' | 'off';

/** Whom something applies to. Kinds that are given must all match; within one, any. Nothing given: everyone. */
export interface Selector {
  readonly teams: readonly string[];
  /** Labels of the Certificate, which whoever requests it writes: they loosen nothing unless ChangeControl reserves them. */
  readonly labels: Readonly<Record<string, string>>;
  /** Labels of the Team that owns it. */
  readonly teamLabels?: Readonly<Record<string, string>>;
  /** Labels of the endpoints it is installed on. */
  readonly endpointLabels?: Readonly<Record<string, string>>;
  /** Names of these endpoints; `web-*` for all that begin so. */
  readonly endpoints?: readonly string[];
  /** Names it asks for: exact, or `*.example.com` for every name below. */
  readonly dnsNames?: readonly string[];
  readonly issuers: readonly string[];
  /** `team/name`. */
  readonly certificates: readonly string[];
}

export interface Policy extends Declared {
  readonly kind: 'Policy';
  readonly description: string;
  readonly selector: Selector;
  readonly packs: readonly PackReference[];
  readonly rules: readonly PolicyRule[];
}

/** All rules of a pack, as if they stood in the policy. */
export interface PackReference {
  readonly pack: string;
  /** In place of the action of every rule of the pack; null: as the pack says. */
  readonly action: PolicyAction | null;
  readonly locked: boolean;
  readonly source: SourcePosition;
}

export interface PolicyRule {
  /** Tells two uses of one rule apart; the rule's id where nothing else is said. A narrower policy overrides by this. */
  readonly id: string;
  /** Id of a rule in `core/rules/` or name of a Rule document. */
  readonly rule: string;
  readonly action: PolicyAction;
  readonly settings: Readonly<Record<string, unknown>>;
  /** A narrower policy cannot override it; it may add to it. */
  readonly locked: boolean;
  /** False: no waiver excepts from it. */
  readonly waivable: boolean;
  /** Before it the rule is announced and breaks nothing; null: as the rule says. */
  readonly effectiveAt: Instant | null;
  /** The standard's own place, where the pack knows it better than the rule; null: as the rule says. */
  readonly citation: string | null;
  readonly source: SourcePosition;
}

/** A standard as rules: built in, or a repository's own. */
export interface PolicyPack extends Declared {
  readonly kind: 'PolicyPack';
  readonly title: string;
  /** Of the standard: `4.0.1`. */
  readonly version: string;
  readonly status: 'final' | 'draft';
  /** Where the standard stands. */
  readonly reference: string;
  readonly rules: readonly PolicyRule[];
}

/** A rule of the organisation's own: expressions in CEL that must be true. */
export interface CustomRule extends Declared {
  readonly kind: 'Rule';
  readonly title: string;
  readonly citation: string;
  readonly explanation: string;
  readonly fix: string;
  readonly stages: readonly ('request' | 'issued' | 'observed')[];
  /** Where it is false the rule does not apply; null: it always does. */
  readonly when: string | null;
  /** Must be true. */
  readonly expression: string;
  readonly effectiveAt: Instant | null;
}

/** An exception that ends by itself. */
export interface Waiver extends Declared {
  readonly kind: 'Waiver';
  /** Ids of rules (or of their uses) that are excepted. */
  readonly rules: readonly string[];
  readonly selector: Selector;
  readonly owner: string;
  readonly reason: string;
  readonly compensatingControl: string;
  readonly grantedAt: Instant | null;
  /** From this instant on the rule holds again. */
  readonly expiresAt: Instant;
  readonly ticket: string | null;
}

/** Who may change which files, and who must approve which changes. Judged by the accepted commit before a change, never by the change itself. */
export interface ChangeControl extends Declared {
  readonly kind: 'ChangeControl';
  /** `required`: every new commit must be signed by somebody the repository knows. */
  readonly signatures: 'required' | 'optional';
  /** The last one that matches a path counts, as in CODEOWNERS. A path that none matches may be changed by every known signer. */
  readonly paths: readonly PathRule[];
  readonly approvals: readonly ApprovalRule[];
  /** Labels of certificates, endpoints and teams that only these may set, change or take away. */
  readonly reservedLabels: readonly ReservedLabel[];
  /** A request that was not agreed to this long after the daemon first saw it no longer takes effect. */
  readonly approvalsLapseMs: number;
  /** Principals of forges: what they sign was merged by the forge under its own rules of review. */
  readonly forges: readonly string[];
  readonly breakGlass: {
    readonly signers: readonly string[];
    /** How long the review afterwards may take. */
    readonly reviewWithinMs: number;
  } | null;
}

/** A label of certificates, endpoints and teams that means something to whoever governs. */
export interface ReservedLabel {
  readonly name: string;
  readonly signers: readonly string[];
  readonly source: SourcePosition;
}

/** `signers`: principals, `team:<name>` for the signers of a team, `owner` for the team the path belongs to, `forge` for any forge. */
export interface PathRule {
  readonly paths: readonly string[];
  readonly signers: readonly string[];
  readonly source: SourcePosition;
}

export interface ApprovalRule {
  readonly name: string;
  /** Paths that need it; empty: any. */
  readonly paths: readonly string[];
  /** Certificates that need it; null: not by certificate. */
  readonly certificates: {
    readonly selector: Selector;
    /** Only those that ask for a wildcard. */
    readonly wildcard: boolean;
  } | null;
  readonly count: number;
  readonly from: readonly string[];
  /** A merge signed by a forge counts as all approvals. */
  readonly forgeMerge: boolean;
  readonly source: SourcePosition;
}

/** What a requester can choose from: defaults for a declaration, in words for people who know no TLS. */
export interface Offer extends Declared {
  readonly kind: 'Offer';
  readonly title: string;
  readonly description: string;
  readonly issuer: string;
  readonly profile: string | null;
  readonly keyAlgorithm: Certificate['key']['algorithm'] | null;
  /** As written: `47d`. */
  readonly lifetime: string | null;
  readonly usages: Certificate['usages'] | null;
  readonly certificateLabels: Readonly<Record<string, string>>;
  /** Names of teams that may choose it; empty: all. */
  readonly teams: readonly string[];
  /** How long it usually takes, in words; null: not said. */
  readonly leadTime: string | null;
}

/** The service as a programme: who leads it and what it aims at. What is reached is computed from records, never declared. */
export interface Program extends Declared {
  readonly kind: 'Program';
  readonly title: string;
  readonly sponsor: string;
  readonly owner: string;
  readonly charter: string;
  readonly supportContact: string;
  /** Work a certificate a year costs by hand; hours. */
  readonly hoursByHand: number;
  readonly targets: {
    readonly leadTimeMs: number | null;
    /** 0..1. */
    readonly handsOffShare: number | null;
    readonly level: number | null;
  };
  /** Steps of certificates-as-a-service that software cannot see, with where the evidence stands. */
  readonly evidence: readonly {
    readonly step: number;
    readonly note: string;
    readonly link: string | null;
  }[];
}

/** What goes into the judgement of one installation, and what comes out. Types only, and the one leaf everything is compared with. */
import type { InstallationMemory, KnownLeaves } from './installation-state.ts';
import type {
  Certificate,
  Finding,
  Fingerprint,
  Handshake,
  Installation,
  Instant,
  Observation,
  ServedResult,
} from './model.ts';
import type { Evaluation } from './policy.ts';
import type { CertificateStatus, IssuedRecord } from './record-format.ts';

export interface AssessInput {
  readonly certificate: Certificate;
  readonly installation: Installation;
  /** The declaration is gone; the installation is only watched. */
  readonly withdrawn: boolean;
  /** Why nothing may be done at this place of this endpoint (`core/placement.ts`, `core/claims.ts`); null when it may. */
  readonly refusal: string | null;
  /** Policy on the request, and on what is issued (empty when nothing is). */
  readonly requestEvaluations: readonly Evaluation[];
  readonly issuedEvaluations: readonly Evaluation[];
  /** Policy on what is found in place and is not ours; empty where there is none. */
  readonly foundEvaluations: readonly Evaluation[];
  readonly memory: InstallationMemory;
  /** Why the operation under way is no longer what is declared and allowed; null when it is, or when there is none. */
  readonly misfit: string | null;
  readonly observation: Observation | null;
  readonly known: KnownLeaves;
  readonly now: Instant;
  /** How long an observation is good for when all is well, and when not (ms). */
  readonly observeIntervalMs: number;
  readonly observeAgainMs: number;
}

/** What the installation needs next. At most one thing: the next turn sees the rest. */
export type Need =
  | { readonly kind: 'none' }
  | { readonly kind: 'observe'; readonly because: string }
  /** `demanded`: entries of policy that it is to satisfy, and that demanded the certificate before it. */
  | { readonly kind: 'issue'; readonly because: string; readonly demanded?: readonly string[] }
  /** Go on with the operation in the journal. */
  | { readonly kind: 'continue'; readonly because: string }
  /** Drop the operation in the journal: it is not what is declared or allowed any more. */
  | { readonly kind: 'abandon'; readonly because: string }
  /** Put the known generation back: stage if needed, switch, test, reload, prove. */
  | { readonly kind: 'restore'; readonly because: string }
  /** The store is right, the server is not: test, reload, prove. */
  | { readonly kind: 'reload'; readonly because: string }
  /** The journal knows nothing but a fitting certificate of ours stands there: take it over instead of issuing. */
  | { readonly kind: 'adopt'; readonly issued: IssuedRecord; readonly because: string };

export interface JudgedAddress {
  readonly handshake: Handshake;
  readonly result: ServedResult;
  readonly message: string;
  readonly remedy: string;
}

/** A finding before it has a history: `since` is added when it is recorded. */
export type FindingDraft = Omit<Finding, 'since'>;

export interface Assessment {
  readonly installation: string;
  readonly status: CertificateStatus;
  readonly findings: readonly FindingDraft[];
  readonly need: Need;
  readonly addresses: readonly JudgedAddress[];
  /** The next instant at which this judgement may change without anything happening. */
  readonly dueAt: Instant;
}

/** What should be served: what we issued and settled, or what we find in place while nothing is settled. */
export function expectedLeaf(input: AssessInput): IssuedRecord | null {
  return input.memory.installed?.issued ?? null;
}

/** The leaf that an operation is about to install; null while it has none, and for a repair, which puts back what is installed. */
export function underWayIn({ memory: { operation } }: AssessInput): Fingerprint | null {
  return operation?.repairs === true ? null : (operation?.issued?.fingerprint ?? null);
}

/**
 * Everything outside that a turn may touch, gathered in one value: the clock, chance, Git, the journal, issuers, endpoints, handshakes.
 * Built once by `commands/`, handed down, never global. Tests build their own from real parts or fakes at these ports.
 */
import type {
  Address,
  Anchors,
  Desired,
  Endpoint,
  Handshake,
  Instant,
  Issuer as IssuerSpec,
  KeyAlgorithm,
} from '../core/model.ts';
import type { ClockVerdict } from '../core/clock.ts';
import type { Reach } from '../core/reach.ts';
import type { Journal } from '../journal/journal.ts';
import type { OperationError } from '../ports/failure.ts';
import type { IssuanceMemory, Issuer, Publisher } from '../ports/issuer.ts';
import type { Log } from '../ports/plugin.ts';
import type { Solver } from '../ports/solver.ts';
import type { KeyProver, Permitting, Target, WebrootWriter } from '../ports/target.ts';

/** How often and how wide: the operator's configuration over the defaults of `limits.ts`. */
export interface Pace {
  readonly observeIntervalMs: number;
  readonly observeAgainMs: number;
  readonly concurrentEndpoints: number;
  readonly concurrentObservations: number;
}

export interface World {
  readonly pace: Pace;
  /** True once the process was asked to end: what is under way is finished, nothing new is begun. */
  readonly stopping: () => boolean;
  readonly now: () => Instant;
  /** Whether this clock can be believed now. IO: the journal. */
  readonly judgeClock: () => ClockVerdict;
  /** Uniform in [0, 1). Drawn once for what it decides, then recorded. */
  readonly random: () => number;
  readonly log: Log;
  readonly journal: Journal;
  /** The issuer a declaration names. The same value for the same declaration. Throws OperationError when it cannot be made. */
  readonly issuer: (spec: IssuerSpec) => Issuer & Partial<Publisher & IssuanceMemory>;
  /** The target of an endpoint; `jump` endpoints are resolved by the caller's map. */
  readonly target: (
    endpoint: Endpoint,
    endpoints: ReadonlyMap<string, Endpoint>,
  ) => Target & Partial<WebrootWriter & KeyProver & Permitting>;
  /** How control of a name is shown for this installation; null when the issuer needs none. */
  readonly solver: (spec: IssuerSpec, target: Target & Partial<WebrootWriter>) => Solver | null;
  /**
   * Of each `endpoint:name` and `issuer:name` that names secrets: a text that is another once one of their sources is. IO: looks at files and reads none.
   * Holds nothing of a value.
   */
  readonly secretStamps: (
    desired: Pick<Desired, 'endpoints' | 'issuers'>,
  ) => Promise<ReadonlyMap<string, string>>;
  /** PEM roots of the system: what `trustAnchors` of an issuer means by null. */
  readonly systemRoots: readonly string[];
  readonly handshake: (
    address: Address,
    reach: Reach,
    anchors: Anchors,
    signal: AbortSignal,
    /** Of the certificate that is declared: what a server with several is asked for. */
    keyAlgorithm?: KeyAlgorithm,
  ) => Promise<Handshake>;
  readonly progress: (event: ProgressEvent) => void;
  /** Told of each failure that nobody expected; set by the turn, which counts them. */
  readonly unexpected?: (met: Unexpected) => void;
  /**
   * A named place at which a test may end the process (`before` or `after` an effect). Does nothing in production.
   * It is here, and not in a test double, so that what is tested is what runs.
   */
  readonly crashPoint: (name: string) => void;
}

/** A failure that no code of ours foresaw, of one installation, endpoint or issuer. */
export interface Unexpected {
  readonly subject: string;
  readonly failure: OperationError;
}

/** What a crash point throws to end a turn inside a test's process. No boundary holds it, as none would hold the end of the process. */
export class TurnEnded extends Error {
  override readonly name = 'TurnEnded';
}

/** What a person watching would like to see; never needed for correctness. */
export type ProgressEvent =
  | { readonly kind: 'turn-started'; readonly commit: string }
  | { readonly kind: 'observing'; readonly installations: number }
  | {
      readonly kind: 'step';
      readonly installation: string;
      readonly step: string;
      readonly detail: string;
    }
  | { readonly kind: 'proved'; readonly installation: string; readonly detail: string }
  /** Installed, and no handshake proved it: no address is declared, or nobody may look there. */
  | { readonly kind: 'installed'; readonly installation: string; readonly detail: string }
  | {
      readonly kind: 'failed';
      readonly installation: string;
      readonly step: string;
      readonly message: string;
    }
  | { readonly kind: 'published'; readonly commit: string; readonly files: number };

/**
 * What a target must do: hold generations of key and chain at an endpoint and switch between them atomically.
 * Written by its caller, `shell/install.ts`, which owns the order of steps, the proof and the rollback.
 *
 * Every method MUST honour `signal`, MUST be bounded in time, MUST be safe to repeat after a crash at any point,
 * MUST NOT retry inside, and throws OperationError. A private key MUST NOT leave the endpoint.
 */
import type { KeyAlgorithm, Profile, StoreObservation } from '../core/model.ts';
import type { Placement } from '../core/placement.ts';

/** One installation as a target sees it. */
export interface Store {
  /** `team/name`: names the directory of the store on the endpoint. */
  readonly certificate: string;
  readonly profile: Profile;
  /** Judged by `core/placement.ts`: a target uses no path and no value of its commands from anywhere else. */
  readonly placement: Placement;
}

export interface KeyRequest {
  readonly algorithm: KeyAlgorithm;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

export interface Target {
  /** Reads what is there. Changes nothing. An empty store is an observation, not an error. */
  readonly inspect: (store: Store, signal: AbortSignal) => Promise<StoreObservation>;
  /**
   * Makes the generation and its private key on the endpoint and returns the CSR (DER).
   * When the generation already has a key, the same key is used again and a CSR for it returned.
   */
  readonly generateKey: (
    store: Store,
    generation: string,
    request: KeyRequest,
    signal: AbortSignal,
  ) => Promise<Uint8Array>;
  /** Writes the chain (PEM, leaf first, no root) into the generation, builds the profile's files and checks that key and leaf belong together. Nothing is switched. */
  readonly stage: (
    store: Store,
    generation: string,
    chain: readonly string[],
    signal: AbortSignal,
  ) => Promise<void>;
  /** One rename makes the generation current; the former current becomes previous. Makes declared links or copies, keeping what stood there as a generation named `adopted`. Refuses before it changes anything (`placement-refused`) where whoever reads the files could not see the store. */
  readonly activate: (store: Store, generation: string, signal: AbortSignal) => Promise<void>;
  /**
   * Makes everything as it was before `generation` was made current: what is current, and what stood at the linked paths, with content, owner, group and mode.
   * False where there is no memory of that switch, or where nothing stood there before. Safe to repeat.
   */
  readonly undo: (store: Store, generation: string, signal: AbortSignal) => Promise<boolean>;
  /** Runs the profile's test commands. Throws `config-test-failed` with what the server said. */
  readonly test: (store: Store, signal: AbortSignal) => Promise<void>;
  /** Runs the profile's reload commands. Throws `reload-failed` with what the server said. */
  readonly reload: (store: Store, signal: AbortSignal) => Promise<void>;
  /** Removes all generations but current, previous and those named in `keep`. */
  readonly sweep: (store: Store, keep: readonly string[], signal: AbortSignal) => Promise<void>;
  /** Can this endpoint be reached and changed? One sentence for `renewd doctor`; throws OperationError when not. */
  readonly check: (signal: AbortSignal) => Promise<string>;
  /** Ends connections; later calls open new ones. */
  readonly close: () => Promise<void>;
}

/** What an endpoint answers to a challenge. Nothing of it is believed before the signature was verified. */
export interface KeyProof {
  /** DER of the chain that was staged with this generation, leaf first. */
  readonly chain: readonly Uint8Array[];
  /** What was signed: a sentence that holds the challenge and is good for nothing else. */
  readonly statement: Uint8Array;
  /** By the private key: PKCS #1 v1.5 with SHA-256, ECDSA with SHA-256 in DER, or Ed25519. */
  readonly signature: Uint8Array;
}

/** Optional: a target that can prove that it holds the key of a generation. */
export interface KeyProver {
  /** `challenge` is 64 hex digits, drawn for this call alone. @throws OperationError when the endpoint cannot or will not */
  readonly proveKey: (
    store: Store,
    generation: string,
    challenge: string,
    signal: AbortSignal,
  ) => Promise<KeyProof>;
}

/** Optional: a target where a list of its machine says what renewd may do. */
export interface Permitting {
  /** Which of these lines the list there lacks. Changes nothing. Null where no list is asked, or the script there is too old to say. */
  readonly missingLines: (
    lines: readonly AllowLine[],
    signal: AbortSignal,
  ) => Promise<readonly AllowLine[] | null>;
}

/** One line of such a list (docs/endpoint-helper.md). */
export interface AllowLine {
  readonly kind: 'directory' | 'link' | 'command' | 'webroot' | 'owner' | 'key-group';
  readonly text: string;
}

/** Optional: a target that can show http-01 answers from a directory the web server serves. */
export interface WebrootWriter {
  readonly writeWebroot: (
    webroot: string,
    token: string,
    keyAuthorization: string,
    signal: AbortSignal,
  ) => Promise<void>;
  readonly removeWebroot: (webroot: string, token: string, signal: AbortSignal) => Promise<void>;
}

/**
 * What renewd remembers of one installation between turns: the journal's row and nothing that changes by itself.
 * Plain values; deciding happens in `assess.ts` and `plan.ts`.
 */
import type { Amiss } from './going-back.ts';
import type { Fingerprint, Instant } from './model.ts';
import type { IssuedRecord } from './record-format.ts';
import type { EndsWhen } from './stall.ts';

/** The steps of one issuance and installation, in order. Each is journaled when it is done. */
export const operationSteps = [
  'planned',
  'key-generated',
  'ordered',
  'issued',
  'staged',
  'activated',
  'tested',
  'reloaded',
  'proved',
] as const;

export type OperationStep = (typeof operationSteps)[number];

/** What an operation is begun for, beside names and algorithm: compared with what is in force before each step (`operation-fit.ts`). */
export interface OperationTerms {
  /** Commit of the intent branch that was in force. */
  readonly source: string;
  /** Sorted. */
  readonly usages: readonly string[];
  readonly lifetimeMs: number | null;
  readonly issuerBlob: string;
  /** Canonical text of endpoint, profile and parameters. */
  readonly placement: string;
}

/** An issuance and installation under way: survives a crash, is resumed and never repeated blind. */
export interface Operation {
  readonly installation: string;
  /** Idempotency key towards the issuer. */
  readonly id: string;
  /** Directory name on the endpoint: `20261120T101500Z-3f9a`. */
  readonly generation: string;
  readonly step: OperationStep;
  readonly because: string;
  /** Entries of policy that demand the replacement, with those that demanded what it replaces; empty or not there when none does. */
  readonly demanded?: readonly string[];
  readonly issuer: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly keyAlgorithm: string;
  /** SHA-256 of the CSR DER, hex; null until the key was generated. */
  readonly csrSha256: string | null;
  readonly startedAt: Instant;
  /** null in what an older renewd wrote. */
  readonly terms?: OperationTerms | null;
  /** True for what only puts back or reloads what was proved before: it issues nothing. */
  readonly repairs?: boolean;
  /** The step it began at, where that was not the first: a reload switches nothing. */
  readonly begun?: OperationStep;
  readonly issued: IssuedRecord | null;
  /** What the issuer returned was not used: since when, and under which declaration of the issuer. Its chain is kept, to be judged again before anything is ordered. */
  readonly rejected?: { readonly at: Instant; readonly issuerBlob: string } | null;
  /** When handshakes proved it at every declared address; null or not there when they did not. */
  readonly provedAt?: Instant | null;
  /** The generation that was current before the switch; null while not yet looked at or when there was none. */
  readonly before: string | null;
  /** What was amiss at an address before the switch (`going-back.ts`); not there while not looked at, and for a reload, which is begun because of it. */
  readonly amiss?: readonly Amiss[];
  /** Set before a rollback begins, so that a crash inside it resumes the rollback; null otherwise. */
  readonly rollback: {
    readonly step: string;
    readonly code: string;
    readonly message: string;
  } | null;
}

/** What stands between a failed try and the next. */
export interface Attempt {
  readonly failures: number;
  readonly lastFailureAt: Instant;
  /** null in what an older renewd wrote of a stall: tried again a day after it. */
  readonly nextAt: Instant | null;
  readonly code: string;
  readonly message: string;
  /** The step that failed, in words. */
  readonly step: string;
  /** Blob of the declaration that was tried: a new one resets the wait. */
  readonly blob: string;
  /** Documents and secrets it was met with (`core/stall.ts`): others end the wait. Not there in what an older renewd wrote. */
  readonly basis?: string;
  /** The other side asked not to be asked before; not there when it did not. */
  readonly askedUntil?: Instant;
  /** What ends it, for a stall; empty or not there otherwise. */
  readonly endsWhen?: readonly EndsWhen[];
  /** What the server said when it could not be told of the switch back; not there when it was told. */
  readonly untold?: string;
}

/** The settled state of one installation: what was last issued, proved and drawn. */
export interface Installed {
  readonly issued: IssuedRecord;
  readonly previous: IssuedRecord | null;
  /** Drawn once per certificate; null when the certificate was only found in place and is not to be renewed. */
  readonly renewAt: Instant | null;
  /** The key in the store no longer belongs to `issued`: only a new issuance helps. */
  readonly keyLost: boolean;
  /** Entries of policy that demanded this certificate, and those that demanded the ones before it in the same row: none of them demands another. */
  readonly demanded?: readonly string[];
}

export interface InstallationMemory {
  readonly installed: Installed | null;
  readonly operation: Operation | null;
  /** Failures of this installation's own work. */
  readonly attempt: Attempt | null;
  /** Failures of the endpoint as a whole (unreachable, host key): shared by its installations. */
  readonly endpointAttempt: Attempt | null;
  /** Failures of the issuer as a whole (rate limit, outage): shared by all that use it. */
  readonly issuerAttempt: Attempt | null;
}

/** Every leaf renewd knows, for naming what is served: fingerprint to a phrase such as `web/shop@web-01, generation ...`. */
export type KnownLeaves = ReadonlyMap<Fingerprint, string>;

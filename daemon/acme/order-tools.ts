/** What the steps of one order share: whom they ask, and how they wait. */
import { setTimeout } from 'node:timers/promises';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Log } from '../ports/plugin.ts';
import type { AcmeClient } from './client.ts';

export interface OrderTools {
  readonly issuer: string;
  readonly client: AcmeClient;
  readonly now: () => number;
  readonly log: Log;
  /** ACME certificate profile to ask for; null: the CA's default. */
  readonly profile: string | null;
  /** Common name of the root or last intermediate of the wanted chain; null: the CA's default. */
  readonly preferredChain: string | null;
}

/** Waits, or rejects when the time of the call is over. @throws OperationError `acme-server` */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal });
  } catch (cause) {
    throw new OperationError('acme-server', 'the CA took too long; the order is kept and gone on with', {
      disposition: 'retry',
      cause,
    });
  }
}

/** How long to wait before looking again: as the CA asks (RFC 8555 section 7.5.1), within what one call may wait. Pure. */
export function untilNextLook(retryAt: number | null, now: number): number {
  const { pollPauseMs, processingWaitMs } = limits.acme;
  return Math.min(Math.max((retryAt ?? now) - now, pollPauseMs), processingWaitMs);
}

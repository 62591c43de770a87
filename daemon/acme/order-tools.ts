/** What the steps of one order share: whom they ask, and how they wait. */
import { OperationError } from '../ports/failure.ts';
import type { AcmeClient } from './client.ts';

export interface OrderTools {
  readonly issuer: string;
  readonly client: AcmeClient;
  readonly now: () => number;
  /** ACME certificate profile to ask for; null: the CA's default. */
  readonly profile: string | null;
  /** Common name of the root or last intermediate of the wanted chain; null: the CA's default. */
  readonly preferredChain: string | null;
}

/** Waits, or rejects when the time of the call is over. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted)
    throw new OperationError('acme-server', 'the CA took too long; the order is kept and gone on with', {
      disposition: 'retry',
    });
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

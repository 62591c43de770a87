/**
 * Whether an issued certificate was proved served, and when: the one reading of `proof` and `provedAt`. A success that nobody saw is none: where no address is
 * declared there is nothing to prove, which is a state of its own and never a proof. Pure.
 */
import type { Instant } from './model.ts';
import type { IssuedRecord, ProofState, Timestamp } from './record-format.ts';
import { timestamp } from './timestamp.ts';

/** Every state, for the readers of records. */
export const proofStates: readonly ProofState[] = ['served', 'nothing-to-prove', 'awaited'];

export interface Proof {
  readonly state: ProofState;
  /** null unless `served`. */
  readonly at: Timestamp | null;
}

/** Words for tables and pages, where no instant can be shown. */
export const proofWords: Readonly<Record<ProofState, string>> = {
  served: 'proved served',
  'nothing-to-prove': 'nothing to prove: no address is declared',
  awaited: 'not proved',
};

/**
 * The proof that a record speaks of. `addresses`: how many it shows or declares. An older renewd wrote no `proof` and set `provedAt` in every case: with no address
 * that proves nothing. Pure.
 */
export function proofOf(
  { proof, provedAt }: Pick<IssuedRecord, 'proof' | 'provedAt'>,
  addresses: number,
): Proof {
  const nothing = addresses === 0 && (proof === undefined || provedAt === null);
  if (proof === 'nothing-to-prove' || nothing) return { state: 'nothing-to-prove', at: null };
  return provedAt === null || proof === 'awaited'
    ? { state: 'awaited', at: null }
    : { state: 'served', at: provedAt };
}

/**
 * The record with what is known of its proof now. `addresses`: how many are declared. `seenAt`: when all of them showed it; null: they did not. What was proved once
 * stays proved, also when its addresses are no longer declared. Pure; the same facts give an equal record.
 */
export function withProof(issued: IssuedRecord, addresses: number, seenAt: Instant | null): IssuedRecord {
  const known = proofOf(issued, addresses);
  const proof: Proof =
    known.state === 'served'
      ? known
      : addresses === 0
        ? { state: 'nothing-to-prove', at: null }
        : seenAt === null
          ? { state: 'awaited', at: null }
          : { state: 'served', at: timestamp(seenAt) };
  const { proof: _state, provedAt: _at, ...rest } = issued;
  return { ...rest, proof: proof.state, provedAt: proof.at };
}

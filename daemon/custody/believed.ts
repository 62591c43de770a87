/** What is believed of a file in custody, and what is said of one that is not. */
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Opened, Sealed } from './seal.ts';

/** Remembers, somewhere else than beside the keys, how new each must be. `get` gives 0 for what was never seen. */
export interface Generations {
  readonly get: (name: string) => number;
  readonly set: (name: string, generation: number) => void;
}

/** The newest generation of a key that is known, 0 for none. @throws OperationError `secret-unavailable` when the journal says a number that is none */
export function knownGeneration(generations: Generations, name: string): number {
  const known = generations.get(name);
  if (!Number.isSafeInteger(known) || known < 0) throw damagedGeneration(name);
  return known;
}

/** What is thrown for such a number. */
export function damagedGeneration(name: string): OperationError {
  return unavailable(
    `the journal does not say how often ${name} was written: somebody changed journal.db. Restore it from a backup; where there is none, move it away, and renewd takes over what it finds`,
  );
}

/** The key of a file, once it is believed. @throws OperationError `secret-unavailable` unless renewd sealed it, under this name, and it is as new as is known */
export function believedKey(opened: Opened, name: string, path: string, newest: number): Sealed {
  if (opened.state === 'forged') {
    throw unavailable(
      `${path} was not written by renewd with this identity: its authentication code does not fit. Restore the file from a backup, and find out who may write in the data directory`,
    );
  }
  const named = opened.state === 'sealed' ? opened.sealed : opened.named;
  if (named !== null && named.name !== name) {
    throw unavailable(
      `${path} holds the key ${named.name}: somebody moved files of custody. Put each back under its name, from a backup where needed`,
    );
  }
  if (opened.state === 'old') {
    throw unavailable(
      `${path} has no authentication code, and the files that had none were sealed already, or this journal never saw them. Restore a newer copy of it; where only this one is left, restore the whole data directory of that backup, journal.db with it`,
    );
  }
  const { generation } = opened.sealed;
  if (generation < newest) {
    throw unavailable(
      `${path} is older than what was written there last (${String(generation)} of ${String(newest)}): an old copy was put back. Restore the newest one; where there is none, move journal.db away too, and renewd takes over what it finds`,
    );
  }
  if (newest > 0 && generation > newest + limits.custody.generationsAheadMax) {
    throw unavailable(
      `${path} is much newer than the journal (${String(generation)} of ${String(newest)}): an old journal.db was put back. Restore the newest one; where there is none, move it away, and renewd takes over what it finds`,
    );
  }
  return opened.sealed;
}

/** Trouble with a key that only a change by somebody ends. */
export function unavailable(message: string): OperationError {
  return new OperationError('secret-unavailable', message, {
    disposition: 'stall',
    endsWhen: ['secret', 'data-directory'],
  });
}

/**
 * Files of custody from before keys had an authentication code are sealed once, and never again taken without one. The journal keeps the moment.
 */
import { createHash } from 'node:crypto';
import { timestamp } from '../core/timestamp.ts';
import { limits } from '../limits.ts';
import { isSameCode, type Sealed, type Sealer } from './seal.ts';

/** Where it is remembered, beside the keys' own directory. */
export interface MigrationMemory {
  readonly get: () => string | null;
  readonly set: (value: string) => void;
  /** True when this journal never saw this installation: it cannot vouch for files of before. */
  readonly isNew: boolean;
}

export interface Migration {
  readonly memory: MigrationMemory;
  readonly sealer: Sealer;
  /** Names of all keys that are there. */
  readonly names: () => Promise<readonly string[]>;
  /** The encrypted bytes and the text of a key; null when it is not there or cannot be decrypted. */
  readonly look: (name: string) => Promise<{ readonly bytes: Uint8Array; readonly text: string } | null>;
  readonly store: (sealed: Sealed) => Promise<void>;
  /** Newest generation of a key that the journal knows; 0 for none. */
  readonly known: (name: string) => number;
  readonly now: () => number;
}

/**
 * Seals what is there from before, if that never happened here. IO. Safe to repeat and to end at any point: what is to be sealed is written down
 * first, by name and digest, with a code of its own, so that a file that comes later is not among it.
 */
export async function migrate(migration: Migration): Promise<void> {
  const { memory } = migration;
  const state = memory.get();
  if (state?.startsWith('done ') === true) return;
  const wanted = state === null ? await oldFiles(migration) : readList(state, migration);
  if (state === null && wanted.length > 0) memory.set(writeList(wanted, migration));
  for (const [name, digest] of wanted) await sealOne(migration, name, digest);
  memory.set(`done ${timestamp(migration.now())}`);
}

type Listed = readonly [name: string, digest: string];

/** Empty when one key is sealed already: then all were, and what is without a code came afterwards. */
async function oldFiles({ memory, names, look, sealer }: Migration): Promise<readonly Listed[]> {
  if (memory.isNew) return [];
  const old: Listed[] = [];
  for (const name of await names()) {
    const seen = await look(name);
    const opened = seen === null ? null : sealer.open(seen.text);
    if (opened?.state === 'sealed') return [];
    if (seen !== null && opened?.state === 'old') old.push([name, digestOf(seen.bytes)]);
  }
  return old;
}

/** What does not fit its name or the journal is left as it is: reading it is refused with the reason. */
async function sealOne(
  { look, sealer, store, known }: Migration,
  name: string,
  digest: string,
): Promise<void> {
  const seen = await look(name);
  if (seen === null || digestOf(seen.bytes) !== digest) return;
  const opened = sealer.open(seen.text);
  if (opened.state !== 'old') return;
  const { named, pem } = opened;
  const newest = known(name);
  // Nothing vouches for its number, so one that is far off is not taken.
  const isNear =
    named !== null &&
    named.generation >= newest &&
    named.generation <= newest + limits.custody.generationsAheadMax;
  const fits = named === null ? newest === 0 : named.name === name && isNear;
  if (fits) await store({ name, generation: named?.generation ?? 1, pem });
}

function writeList(listed: readonly Listed[], { sealer }: Migration): string {
  const text = JSON.stringify(listed);
  return `begun ${sealer.code('migration', text)} ${text}`;
}

function readList(state: string, { sealer }: Migration): readonly Listed[] {
  const [, code = '', text = ''] = /^begun ([0-9a-f]{64}) (.*)$/s.exec(state) ?? [];
  // Written by nobody who holds the identity: nothing is sealed by it.
  return isSameCode(code, sealer.code('migration', text)) ? (JSON.parse(text) as readonly Listed[]) : [];
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

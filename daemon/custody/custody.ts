/**
 * Keys the daemon itself must hold (ACME accounts, the embedded CA, the signing key): one age file a key, written whole or not at all.
 * The only door to age. It refuses to keep a key in the clear, and never says what is in one.
 */
import { remedyOfSystem } from '../system-trouble.ts';
import { randomBytes } from 'node:crypto';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { OperationError } from '../ports/failure.ts';
import type { Custody, Log, Secret } from '../ports/plugin.ts';
import {
  believedKey,
  damagedGeneration,
  knownGeneration,
  unavailable,
  type Generations,
} from './believed.ts';
import { migrate, type MigrationMemory } from './migration.ts';
import { createSealer, type Sealed } from './seal.ts';
import { makeDirectory } from '../make-directory.ts';

/** Custody, and the decryption that age-encrypted secrets of the configuration use too. */
export interface OpenCustody extends Custody {
  /** The text of an age file encrypted to the custody identity. Rejects when it is not. */
  readonly decrypt: (ciphertext: Uint8Array) => Promise<string>;
  /** The AGE-SECRET-KEY itself, for whoever must see that nobody else is given it. */
  readonly identity: () => string;
}

const noGenerations: Generations = { get: () => 0, set: () => undefined };

const namePattern = /^[a-z0-9][a-z0-9.-]*(\/[a-z0-9][a-z0-9.-]*)*$/;

/**
 * Opens custody in `directory`. IO. `identity` is an AGE-SECRET-KEY; null reads `identity` in the directory and makes it (0600) the first time.
 * A key is believed only with the code that the holder of the identity puts into it, under its name, and not older than the newest known.
 * @throws OperationError `secret-unavailable` when the identity cannot be read or is none
 */
export async function openCustody(options: {
  readonly directory: string;
  readonly identity: Secret | null;
  readonly log: Log;
  /** The highest generation of each key that was ever read or written here; absent: nothing is known. */
  readonly generations?: Generations;
  /** The directory is a copy that is thrown away: nobody is told of an identity made in it. */
  readonly onCopy?: boolean;
  /** Remembers whether files of before were sealed; absent: they are refused. */
  readonly migration?: MigrationMemory;
}): Promise<OpenCustody> {
  const { directory, log } = options;
  const identity = identityIn(
    options.identity === null
      ? await ownIdentity(directory, options.onCopy === true ? null : log)
      : options.identity.reveal(),
  );
  const decrypter = new Decrypter();
  const encrypter = new Encrypter();
  try {
    decrypter.addIdentity(identity);
    encrypter.addRecipient(await identityToRecipient(identity));
  } catch (cause) {
    // The cause may quote the identity: it is not kept.
    void cause;
    throw unavailable('the custody identity is not an AGE-SECRET-KEY; make one with age-keygen');
  }
  const sealer = createSealer(identity);
  const decrypt = (ciphertext: Uint8Array): Promise<string> => decrypter.decrypt(ciphertext, 'text');
  const generations = options.generations ?? noGenerations;
  const known = (name: string): number => knownGeneration(generations, name);
  const store = async (sealed: Sealed): Promise<void> => {
    await writeWhole(pathOf(directory, sealed.name), await encrypter.encrypt(sealer.seal(sealed)));
    generations.set(sealed.name, sealed.generation);
  };
  const look = async (
    name: string,
  ): Promise<{ readonly bytes: Uint8Array; readonly text: string } | null> => {
    try {
      const bytes = await readFile(pathOf(directory, name));
      return { bytes, text: await decrypt(bytes) };
    } catch {
      return null;
    }
  };
  if (options.migration !== undefined) {
    const names = (): Promise<readonly string[]> => namesIn(directory);
    await migrate({ memory: options.migration, sealer, names, look, store, known, now: Date.now });
  }
  return {
    decrypt,
    identity: () => identity,
    read: async (name) => {
      const path = pathOf(directory, name);
      const ciphertext = await readFile(path).catch((error: unknown) => absent(error, path));
      if (ciphertext === null) return null;
      let text: string;
      try {
        text = await decrypt(ciphertext);
      } catch {
        throw unavailable(
          `${path} cannot be decrypted with the custody identity; bind the identity it was written with, or restore the file from a backup`,
        );
      }
      const sealed = believedKey(sealer.open(text), name, path, known(name));
      generations.set(name, sealed.generation);
      return sealed.pem;
    },
    write: async (name, pem) => {
      const seen = await look(name);
      const before = seen === null ? null : sealer.open(seen.text);
      const newest = Math.max(before?.state === 'sealed' ? before.sealed.generation : 0, known(name));
      if (!Number.isSafeInteger(newest + 1)) throw damagedGeneration(name);
      await store({ name, generation: newest + 1, pem });
    },
  };
}

/** Names of the keys in the directory; what has no name of a key is not one. */
async function namesIn(directory: string): Promise<readonly string[]> {
  const paths = await readdir(directory, { recursive: true }).catch(() => []);
  return paths
    .filter((path) => path.endsWith('.age'))
    .map((path) => path.slice(0, -'.age'.length))
    .filter((name) => namePattern.test(name))
    .sort();
}

/** The one line that is the identity: age-keygen writes comments above it. */
function identityIn(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '' && !line.startsWith('#')) ?? '';
}

function pathOf(directory: string, name: string): string {
  if (!namePattern.test(name)) throw new Error(`not a name of a key: ${JSON.stringify(name)}`);
  return join(directory, `${name}.age`);
}

function absent(error: unknown, path: string): null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  if (code === 'ENOENT') return null;
  throw unavailable(`${path} cannot be read (${code})`);
}

async function ownIdentity(directory: string, log: Log | null): Promise<string> {
  const path = join(directory, 'identity');
  const there = await readFile(path, 'utf8').catch((error: unknown) => absent(error, path));
  if (there !== null) return there;
  // Keys without the identity they were written to: a new identity could read none of them, and would hide that.
  const kept = await readdir(directory, { recursive: true }).catch(() => []);
  if (kept.some((name) => name.endsWith('.age'))) {
    throw unavailable(
      `${path} is gone, but keys encrypted to it are in ${directory}; restore it from a backup, or bind custody.identity`,
    );
  }
  const made = await generateX25519Identity();
  await writeWhole(path, Buffer.from(`${made}\n`));
  log?.warn(
    { path },
    'made a custody identity beside the keys it protects; bind custody.identity to keep it elsewhere',
  );
  return made;
}

/** Temporary file, fsync, rename, fsync of the directory: after a crash the old or the new text stands there, never a part. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    makeDirectory(dirname(path), 0o700);
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
  } catch (cause) {
    // Nothing half-written stays behind to fill the disk further.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new OperationError(
      'secret-unavailable',
      `${path} could not be written. ${remedyOfSystem(cause) ?? 'Check the data directory.'}`,
      {
        disposition: 'retry',
        cause,
      },
    );
  }
}

/**
 * Keys the daemon itself must hold (ACME accounts, the embedded CA, the signing key): one age file a key, written whole or not at all.
 * The only door to age. It refuses to keep a key in the clear, and never says what is in one.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { OperationError } from '../ports/failure.ts';
import type { Custody, Log, Secret } from '../ports/plugin.ts';

/** Custody, and the decryption that age-encrypted secrets of the configuration use too. */
export interface OpenCustody extends Custody {
  /** The text of an age file encrypted to the custody identity. Rejects when it is not. */
  readonly decrypt: (ciphertext: Uint8Array) => Promise<string>;
  /** The AGE-SECRET-KEY itself, for whoever must see that nobody else is given it. */
  readonly identity: () => string;
}

/** Remembers, somewhere else than beside the keys, how new each must be. `get` gives 0 for what was never seen. */
export interface Generations {
  readonly get: (name: string) => number;
  readonly set: (name: string, generation: number) => void;
}

const noGenerations: Generations = { get: () => 0, set: () => undefined };

const namePattern = /^[a-z0-9][a-z0-9.-]*(\/[a-z0-9][a-z0-9.-]*)*$/;

/**
 * Opens custody in `directory`. IO. `identity` is an AGE-SECRET-KEY; null reads `identity` in the directory and makes it (0600) the first time.
 * @throws OperationError `secret-unavailable` when the identity cannot be read or is none
 */
export async function openCustody(options: {
  readonly directory: string;
  readonly identity: Secret | null;
  readonly log: Log;
  /** The highest generation of each key that was ever read or written here; absent: nothing is known. */
  readonly generations?: Generations;
}): Promise<OpenCustody> {
  const { directory, log } = options;
  const identity = identityIn(
    options.identity === null ? await ownIdentity(directory, log) : options.identity.reveal(),
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
  const decrypt = (ciphertext: Uint8Array): Promise<string> => decrypter.decrypt(ciphertext, 'text');
  const known = options.generations ?? noGenerations;
  const store = async (name: string, generation: number, pem: string): Promise<void> => {
    await writeWhole(pathOf(directory, name), await encrypter.encrypt(seal({ name, generation, pem })));
    known.set(name, generation);
  };
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
      const sealed = unseal(text);
      checkSealed(sealed, name, path, known.get(name));
      // A file of before gets its name and number at the first read.
      if (sealed === null) await store(name, 1, text);
      else known.set(name, sealed.generation);
      return sealed?.pem ?? text;
    },
    write: async (name, pem) => {
      const before = await generationOf(pathOf(directory, name), decrypt);
      await store(name, Math.max(before, known.get(name)) + 1, pem);
    },
  };
}

/** What is encrypted: age says that a file is whole, not which one it is or whether it is the newest. */
interface Sealed {
  readonly name: string;
  readonly generation: number;
  readonly pem: string;
}

const sealedHead = /^renewd-custody 1 ([a-z0-9./-]+) ([1-9]\d{0,14})\n/;

function seal({ name, generation, pem }: Sealed): string {
  return `renewd-custody 1 ${name} ${String(generation)}\n${pem}`;
}

/** null for a file from before keys were sealed with their name. */
function unseal(text: string): Sealed | null {
  const head = sealedHead.exec(text);
  if (head === null) return null;
  return { name: head[1] ?? '', generation: Number(head[2]), pem: text.slice(head[0].length) };
}

/** Generation of what stands there; 0 for nothing, for a file of before, and for what cannot be read. */
async function generationOf(
  path: string,
  decrypt: (ciphertext: Uint8Array) => Promise<string>,
): Promise<number> {
  try {
    return unseal(await decrypt(await readFile(path)))?.generation ?? 0;
  } catch {
    return 0;
  }
}

/** @throws OperationError `secret-unavailable` when this is the file of another key, or an older one than was there */
function checkSealed(sealed: Sealed | null, name: string, path: string, newest: number): void {
  if (sealed !== null && sealed.name !== name) {
    throw unavailable(
      `${path} holds the key ${sealed.name}: somebody moved files of custody. Put each back under its name, from a backup where needed`,
    );
  }
  if ((sealed?.generation ?? 0) < newest) {
    throw unavailable(
      `${path} is older than what was written there last (${String(sealed?.generation ?? 0)} of ${String(newest)}): an old copy was put back. Restore the newest one; where there is none, move journal.db away too, and renewd takes over what it finds`,
    );
  }
}

/** The one line that is the identity: age-keygen writes comments above it. */
function identityIn(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '' && !line.startsWith('#')) ?? '';
}

function unavailable(message: string): OperationError {
  return new OperationError('secret-unavailable', message, {
    disposition: 'stall',
    endsWhen: ['secret', 'data-directory'],
  });
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

async function ownIdentity(directory: string, log: Log): Promise<string> {
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
  log.warn(
    { path },
    'made a custody identity beside the keys it protects; bind custody.identity to keep it elsewhere',
  );
  return made;
}

/** Temporary file, fsync, rename, fsync of the directory: after a crash the old or the new text stands there, never a part. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
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
      `${path} could not be written: check space and permissions of the data directory`,
      {
        disposition: 'retry',
        cause,
      },
    );
  }
}

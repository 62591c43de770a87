/**
 * Where the values of secrets are, and reading one. Who may have it is decided in `vault.ts`, the only caller.
 * No value is kept here, and none is ever put into a message.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { SecretRule } from './core/secret-binding.ts';
import { limits } from './limits.ts';
import { OperationError } from './ports/failure.ts';

export { createSecret } from './redaction.ts';

/** Where the value of a named secret is: exactly one of these. */
export type SecretSource =
  | { readonly file: string }
  | { readonly env: string }
  /** Name of a systemd credential (systemd.exec(5), LoadCredential=). */
  | { readonly credential: string }
  /** A file encrypted with age to the custody identity. */
  | { readonly age: string };

/** A secret of the configuration: where its value is and what it is for. Without `for` no declaration may use it. */
export type SecretBinding = (SecretSource | { readonly agent: true }) & Partial<SecretRule>;

/** What reading a secret needs from its surroundings. */
export interface SecretSources {
  /** `$CREDENTIALS_DIRECTORY` of systemd; null outside it. */
  readonly credentialsDirectory: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Decrypts an age file with the custody identity; null while there is none. */
  readonly decrypt: ((ciphertext: Uint8Array) => Promise<string>) | null;
  /** Told of what is not wrong but unwise, such as a file that others may read. */
  readonly warn: (message: string) => void;
}

/** Reads one source. @throws OperationError `secret-unavailable` (stall) with what to do. One trailing line end is removed. */
export async function readSecret(
  name: string,
  source: SecretSource,
  sources: SecretSources,
): Promise<string> {
  if (!secretName.test(name)) {
    throw unavailable(
      name,
      'its name is not made of a-z, 0-9, dot, dash and underscore (at most 64)',
      'Rename it.',
    );
  }
  const text = await readBound(name, source, sources);
  if (text === '') throw unavailable(name, 'its value is empty', 'Put the value there.');
  return text;
}

/** What a secret may be called. */
export const secretName = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** The failure of a secret that cannot be had. */
export function unavailable(name: string, why: string, remedy: string, cause?: unknown): OperationError {
  return new OperationError('secret-unavailable', `secret ${JSON.stringify(name)}: ${why}. ${remedy}`, {
    disposition: 'stall',
    endsWhen: ['secret', 'configuration'],
    cause,
  });
}

async function readBound(name: string, binding: SecretSource, sources: SecretSources): Promise<string> {
  if ('env' in binding) {
    const value = sources.environment[binding.env];
    if (value === undefined) {
      throw unavailable(
        name,
        `the environment variable ${binding.env} is not set`,
        `Set it, or bind ${name} to a file.`,
      );
    }
    return value.replace(/\r?\n$/, '');
  }
  if ('credential' in binding) {
    if (sources.credentialsDirectory === null) {
      throw unavailable(
        name,
        `it is bound to the credential ${binding.credential}, but CREDENTIALS_DIRECTORY is not set`,
        `Start renewd from a unit with "LoadCredential=${binding.credential}:PATH", or bind ${name} to a file.`,
      );
    }
    const path = join(sources.credentialsDirectory, binding.credential);
    return textOf(
      await readSecretFile(
        name,
        path,
        sources.warn,
        `Add "LoadCredential=${binding.credential}:PATH" to the unit.`,
      ),
    );
  }
  if ('file' in binding) {
    return textOf(
      await readSecretFile(name, binding.file, sources.warn, 'Create the file, readable by renewd only.'),
    );
  }
  const ciphertext = await readSecretFile(name, binding.age, null, 'Create it with "age -e -r RECIPIENT".');
  if (sources.decrypt === null) {
    throw unavailable(
      name,
      `${binding.age} is encrypted and no identity is bound`,
      'Set custody.identity in the configuration.',
    );
  }
  try {
    return (await sources.decrypt(ciphertext)).replace(/\r?\n$/, '');
  } catch (cause) {
    throw unavailable(
      name,
      `${binding.age} cannot be decrypted`,
      'Encrypt it to the recipient of custody.identity.',
      cause,
    );
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

/** Reads a bounded regular file. `warn` null: the file is encrypted, so its permissions do not matter. */
async function readSecretFile(
  name: string,
  path: string,
  warn: ((message: string) => void) | null,
  remedy: string,
): Promise<Uint8Array> {
  // O_NONBLOCK: opening a FIFO that nobody writes to must not hang the daemon.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw unavailable(name, `${path} cannot be read (${errorCode(cause)})`, remedy, cause);
  });
  try {
    const status = await file.stat();
    if (!status.isFile()) throw unavailable(name, `${path} is not a regular file`, remedy);
    if (status.size > limits.secrets.sizeMaxBytes) {
      throw unavailable(
        name,
        `${path} is larger than ${limits.secrets.sizeMaxBytes} bytes`,
        'Bind the right file.',
      );
    }
    // Looser than 0640: the group may do more than read, or others may do anything.
    if (warn !== null && (status.mode & 0o037) !== 0) {
      const mode = (status.mode & 0o777).toString(8).padStart(4, '0');
      warn(
        `secret ${name}: ${path} has mode ${mode}; run "chmod 0600 ${path}" so that only renewd can read it`,
      );
    }
    // One byte more than allowed: a file that grows between stat and read is noticed.
    const buffer = Buffer.alloc(limits.secrets.sizeMaxBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > limits.secrets.sizeMaxBytes) {
      throw unavailable(
        name,
        `${path} is larger than ${limits.secrets.sizeMaxBytes} bytes`,
        'Bind the right file.',
      );
    }
    return buffer.subarray(0, length);
  } finally {
    await file.close();
  }
}

function errorCode(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : 'unknown error';
}

/** Opens the vault and custody as the configuration says, and the key that signs records. */
import { join } from 'node:path';
import type { Config } from './config.ts';
import { ownSecrets } from './config-secrets.ts';
import type { Generations } from './custody/believed.ts';
import { openCustody } from './custody/custody.ts';
import type { MigrationMemory } from './custody/migration.ts';
import type { CommitSigner } from './git/repository.ts';
import { createSshSigner, generateSigningKey } from './git/signature.ts';
import type { Journal } from './journal/journal.ts';
import { OperationError } from './ports/failure.ts';
import type { Custody, Log } from './ports/plugin.ts';
import { createVault, type Vault } from './vault.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How new each key of custody must be, kept in the journal. */
function generationsIn(journal: Journal): Generations {
  const key = (name: string): string => `custody-generation ${name}`;
  return {
    get: (name) => Number(journal.fact(key(name)) ?? 0),
    set: (name, generation) => {
      if (journal.fact(key(name)) !== String(generation)) journal.setFact(key(name), String(generation));
    },
  };
}

/** Remembers in the journal when keys of before were sealed. A journal that never saw this installation vouches for none. */
function migrationIn(journal: Journal): MigrationMemory {
  const key = 'custody-sealed';
  return {
    get: () => journal.fact(key),
    set: (value) => {
      journal.setFact(key, value);
    },
    isNew: journal.head() === null && journal.source().length === 0,
  };
}

/** Opens custody and the vault over it. IO: reads the identity, or makes one. @throws OperationError `secret-unavailable` */
export async function openSecrets(
  config: Config,
  { environment, log, onCopy = false }: { environment: Environment; log: Log; onCopy?: boolean },
  journal: Journal,
): Promise<{ readonly vault: Vault; readonly custody: Custody }> {
  const plain = plainVault(config, environment, log);
  const { identitySecret } = config.custody;
  const identity = identitySecret === null ? null : await plain.openOwn(identitySecret, 'custody');
  const directory = join(config.dataDirectory, 'custody');
  const custody = await openCustody({
    directory,
    identity,
    log,
    onCopy,
    generations: generationsIn(journal),
    migration: migrationIn(journal),
  });
  const ownValues = async (): Promise<readonly string[]> => {
    const made = await custody.read(recordsKey);
    return [custody.identity(), ...(made === null ? [] : [made])];
  };
  return {
    vault: plainVault(config, environment, log, {
      decrypt: custody.decrypt,
      ownValues,
      stampKey: custody.identity(),
    }),
    custody,
  };
}

/** The vault of this configuration; without custody it opens neither age files nor anything for a declaration that custody holds. */
export function plainVault(
  config: Config,
  environment: Environment,
  log: Log,
  custody: {
    readonly decrypt: ((ciphertext: Uint8Array) => Promise<string>) | null;
    readonly ownValues: () => Promise<readonly string[]>;
    readonly stampKey?: string;
  } = { decrypt: null, ownValues: () => Promise.resolve([]) },
): Vault {
  return createVault({
    bindings: config.secrets,
    own: ownSecrets(config),
    credentialsDirectory: environment['CREDENTIALS_DIRECTORY'] ?? null,
    environment,
    agentSocket: environment['SSH_AUTH_SOCK'] ?? null,
    warn: (message) => {
      log.warn({}, message);
    },
    ...custody,
  });
}

/** Where custody keeps the key that signs records when the operator gives none. */
const recordsKey = 'signing/records';

/** The key that signs records, as its source has it. */
export interface SigningKey {
  readonly current: () => CommitSigner;
  /**
   * Reads the source again where it is another than before. IO. Safe to repeat. Where it cannot be read, or holds no such key, the one before goes on
   * signing, and what is wrong comes back.
   */
  readonly refresh: () => Promise<OperationError | null>;
}

/** Opens the key that signs records: the operator's, or one made once and kept in custody. IO. @throws OperationError `secret-unavailable` */
export async function signingKey(config: Config, vault: Vault, custody: Custody): Promise<SigningKey> {
  const name = config.signing.keySecret;
  if (name === null) {
    const own = await ownSigningKey(custody);
    return { current: () => own, refresh: () => Promise.resolve(null) };
  }
  const read = async (): Promise<CommitSigner> =>
    createSshSigner((await vault.openOwn(name, 'signing')).reveal());
  let stamp = await vault.stamp(name);
  let current = await read();
  return {
    current: () => current,
    refresh: async () => {
      const now = await vault.stamp(name);
      if (now === stamp) return null;
      try {
        current = await read();
        stamp = now;
        return null;
      } catch (error) {
        if (error instanceof OperationError) return error;
        throw error;
      }
    },
  };
}

async function ownSigningKey(custody: Custody): Promise<CommitSigner> {
  const kept = await custody.read(recordsKey);
  if (kept !== null) return createSshSigner(kept);
  const made = generateSigningKey();
  await custody.write(recordsKey, made.privateKeyPem);
  return createSshSigner(made.privateKeyPem);
}

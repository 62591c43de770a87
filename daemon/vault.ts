/**
 * The only door to a secret's value. Whoever opens one says for which use and where it is sent; the operator's configuration decides.
 * What git, signing, custody or http uses is never given to a declaration, under no name and from no other place.
 */
import { createHmac } from 'node:crypto';
import {
  describeRule,
  patternFor,
  refusal,
  unbound,
  type OwnUse,
  type SecretDestination,
  type SecretRule,
  type SecretUser,
} from './core/secret-binding.ts';
import { limits } from './limits.ts';
import { inScope, OperationError } from './ports/failure.ts';
import type { Secret } from './ports/plugin.ts';
import { createSecret } from './redaction.ts';
import {
  readSecret,
  secretName,
  unavailable,
  type SecretBinding,
  type SecretSource,
  type SecretSources,
} from './secrets.ts';
import { publicHalf } from './ssh/public-half.ts';

export interface VaultOptions extends SecretSources {
  readonly bindings: Readonly<Record<string, SecretBinding>>;
  /** Names that the configuration itself uses, and for what. */
  readonly own: ReadonlyMap<string, ReadonlySet<OwnUse>>;
  /** Values of the daemon's own that no entry names: the custody identity, a signing key made here. */
  readonly ownValues: () => Promise<readonly string[]>;
  /** Socket of the SSH agent; null: none. */
  readonly agentSocket: string | null;
  /** Secret that keys the digests of `stamp`, the same in each process. Absent: stamps hold for this process only. */
  readonly stampKey?: string;
}

/** One entry of the configuration, and in words what it is bound to. */
export interface VaultEntry {
  readonly name: string;
  readonly agent: boolean;
  readonly text: string;
}

export interface Vault {
  /** Opens a secret for the daemon itself. Reads the source at every call, so a rotated one is used from the next on. @throws OperationError `secret-unavailable` */
  readonly openOwn: (name: string, use: OwnUse) => Promise<Secret>;
  /**
   * Opens a secret that a declaration names, to be sent to `to` and nowhere else. Reads the source at every call.
   * @throws OperationError `secret-refused` (retry: a corrected configuration is tried by itself), `secret-unavailable`
   */
  readonly openFor: (name: string, user: SecretUser, to: SecretDestination) => Promise<Secret>;
  /** Socket of the SSH agent, for a log-in at `to`. The agent is a secret like any other: bound by an entry with `agent: true`. @throws OperationError `secret-refused`, `ssh-auth` without an agent */
  readonly agentFor: (user: SecretUser, to: SecretDestination) => Promise<string>;
  /** Every entry and what it is bound to, in the order of the configuration. */
  readonly entries: () => readonly VaultEntry[];
  /**
   * A text that is another once the value of a declared secret is, or the place it is bound to; a file that is written anew with the same value changes nothing.
   * It is kept on disk, so it is a keyed digest that tells nothing of the value. null: the SSH agent, which may hold other keys in each process. IO: reads the
   * source. Never fails: a value that cannot be read is as good as any other that cannot.
   */
  readonly stamp: (name: string | null) => Promise<string>;
  /** Can the value be read? Gives it to nobody. @throws OperationError `secret-unavailable` */
  readonly read: (name: string) => Promise<void>;
}

/** What the configuration binds this entry to. */
export function ruleOf(binding: SecretBinding | undefined): SecretRule {
  const { for: use = null, hosts = [], through = [], names = [] } = binding ?? unbound;
  return { for: use, hosts, through, names };
}

/** Makes the vault. Does no IO itself. */
export function createVault(options: VaultOptions): Vault {
  const { bindings, own } = options;
  // `Object.hasOwn`: a declaration may name a secret `constructor`.
  const bindingOf = (name: string): SecretBinding | undefined =>
    Object.hasOwn(bindings, name) ? bindings[name] : undefined;
  /** What the configuration names without an entry is a credential of systemd of the same name. */
  const sourceOf = (name: string): SecretSource => {
    const binding = bindingOf(name);
    return binding === undefined || 'agent' in binding ? { credential: name } : binding;
  };
  const readOwn = async (name: string): Promise<string> => {
    const nowhere = (cause?: unknown): OperationError =>
      unavailable(name, 'it is not bound to a value', bindRemedy(name), cause);
    const isBound = bindingOf(name) !== undefined;
    if (!isBound && options.credentialsDirectory === null && secretName.test(name)) throw nowhere();
    try {
      return await readSecret(name, sourceOf(name), options);
    } catch (error) {
      throw isBound || !isAbsent(error) ? error : nowhere(error);
    }
  };

  return {
    openOwn: async (name, use) => {
      const uses = own.get(name);
      if (uses?.has(use) !== true)
        throw unavailable(name, `the configuration does not name it for ${use}`, bindRemedy(name));
      return createSecret(await readOwn(name));
    },
    openFor: (name, user, to) =>
      forUser(user, async () => {
        const binding = bindingOf(name);
        const wrong = refusedFor(name, user, to, binding, own.get(name));
        if (wrong !== null) throw wrong;
        const text = await readSecret(name, sourceOf(name), options);
        for (const value of [...(await options.ownValues()), ...(await readAll([...own.keys()], readOwn))]) {
          if (isSameSecret(text, value)) {
            throw refused(
              name,
              user,
              'holds what the daemon itself uses; give the declaration a secret of its own',
              '',
            );
          }
        }
        return createSecret(text);
      }),
    agentFor: (user, to) =>
      forUser(user, () => {
        const wrong = agentRefusal(bindings, user, to);
        if (wrong !== null) return Promise.reject(wrong);
        if (options.agentSocket !== null && options.agentSocket !== '')
          return Promise.resolve(options.agentSocket);
        return Promise.reject(
          new OperationError(
            'ssh-auth',
            `${shown(user)} is reached with the SSH agent, but SSH_AUTH_SOCK is not set for renewd`,
            { disposition: 'retry' },
          ),
        );
      }),
    stamp: (name) =>
      name === null
        ? Promise.resolve(`agent ${options.agentSocket ?? ''} ${birth}`)
        : stampOf(name, sourceOf(name), options),
    entries: () => describeEntries(bindings, own),
    read: async (name) => {
      await (own.has(name) ? readOwn(name) : readSecret(name, sourceOf(name), options));
    },
  };
}

/** A secret that cannot be had stops all of the endpoint or issuer it is for. */
async function forUser<T>({ use }: SecretUser, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof OperationError
      ? inScope(error, use === 'endpoints' ? 'endpoint' : 'issuer')
      : error;
  }
}

/** Tells one process from the next. */
const birth = String(performance.timeOrigin);

async function stampOf(name: string, source: SecretSource, options: VaultOptions): Promise<string> {
  const where = JSON.stringify(source);
  try {
    // Whoever opens it is told what is unwise about its file.
    const value = await readSecret(name, source, { ...options, warn: () => undefined });
    const key = options.stampKey ?? birth;
    return `${where} ${createHmac('sha256', key).update(`renewd stamp ${name}\0${value}`).digest('base64')}`;
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return `${where} absent`;
  }
}

/** Every entry, and each name that the configuration uses without one. Pure. */
export function describeEntries(
  bindings: Readonly<Record<string, SecretBinding>>,
  own: ReadonlyMap<string, ReadonlySet<OwnUse>>,
): readonly VaultEntry[] {
  const names = new Set([...Object.keys(bindings), ...own.keys()]);
  return [...names].map((name) => {
    const binding = Object.hasOwn(bindings, name) ? bindings[name] : undefined;
    const uses = [...(own.get(name) ?? [])];
    const text =
      uses.length > 0
        ? `for ${uses.join(' and ')} only, never for a declaration`
        : describeRule(ruleOf(binding));
    return { name, agent: binding !== undefined && 'agent' in binding, text };
  });
}

/** Why a declaration may not have this secret, by the configuration alone; null when it may. Reads nothing. */
export function refusedFor(
  name: string,
  user: SecretUser,
  to: SecretDestination,
  binding: SecretBinding | undefined,
  ownUses: ReadonlySet<OwnUse> | undefined,
): OperationError | null {
  if (!secretName.test(name)) {
    return unavailable(
      name,
      'its name is not made of a-z, 0-9, dot, dash and underscore (at most 64)',
      'Rename it.',
    );
  }
  if (ownUses !== undefined && ownUses.size > 0) {
    const why = `is what renewd itself uses for ${[...ownUses].join(' and ')}; no declaration may have it`;
    return refused(name, user, why, `Give ${shown(user)} a secret of its own.`);
  }
  const why =
    binding !== undefined && 'agent' in binding
      ? 'is the SSH agent; a declaration asks for it with "agent: true"'
      : refusal(ruleOf(binding), user, to);
  return why === null ? null : refused(name, user, why, remedyFor(name, sourceText(name, binding), user, to));
}

/** Why the SSH agent may not be used there; null when an entry with `agent: true` allows it. Reads nothing. */
export function agentRefusal(
  bindings: Readonly<Record<string, SecretBinding>>,
  user: SecretUser,
  to: SecretDestination,
): OperationError | null {
  const reasons = Object.values(bindings)
    .filter((each) => 'agent' in each)
    .map((each) => refusal(ruleOf(each), user, to));
  if (reasons.includes(null)) return null;
  return new OperationError(
    'secret-refused',
    `${shown(user)} asks for the SSH agent, which ${reasons[0] ?? 'is bound to no use by the configuration'}. ${remedyFor('agent', 'agent: true', user, to)}`,
    { disposition: 'retry' },
  );
}

function refused(name: string, user: SecretUser, why: string, remedy: string): OperationError {
  return new OperationError(
    'secret-refused',
    `${shown(user)} names the secret ${JSON.stringify(name)}, which ${why}. ${remedy}`.trim(),
    { disposition: 'retry' },
  );
}

/** The entry that would let it, to be copied by the operator. */
function remedyFor(name: string, source: string, user: SecretUser, to: SecretDestination): string {
  const hosts = [patternFor(to, user.use), ...to.through.map((hop) => patternFor(hop, user.use))];
  return `If it is meant for that, the operator writes in the configuration: secrets: { ${name}: { ${source}, for: ${user.use}, hosts: ${JSON.stringify(hosts)} } }`;
}

function sourceText(name: string, binding: SecretBinding | undefined): string {
  const [kind, place] =
    Object.entries(binding ?? {}).find(([key]) => ['file', 'env', 'credential', 'age'].includes(key)) ?? [];
  return kind === undefined ? `file: /etc/renewd/${name}` : `${kind}: ${String(place)}`;
}

function bindRemedy(name: string): string {
  return (
    `Bind it in the configuration, for example "secrets: { ${name}: { file: /etc/renewd/${name} } }" ` +
    `(or env, credential, age), or give the unit "LoadCredential=${name}:/etc/renewd/${name}".`
  );
}

/** The unit gives no such credential. */
function isAbsent(error: unknown): boolean {
  const cause = error instanceof OperationError ? error.cause : null;
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}

function shown({ use, name }: SecretUser): string {
  return `${use === 'endpoints' ? 'endpoint' : 'issuer'} ${name}`;
}

/** Those that can be read just now: one that cannot cannot be given away either. */
async function readAll(names: readonly string[], read: (name: string) => Promise<string>): Promise<string[]> {
  const values: string[] = [];
  for (const name of names) {
    try {
      values.push(await read(name));
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
    }
  }
  return values;
}

/** Does `text` hold `own`, whatever stands around it, or the same private key in another form? */
function isSameSecret(text: string, own: string): boolean {
  const value = own.trim();
  if (value === '') return false;
  if (text.trim() === value) return true;
  if (value.length >= limits.secrets.redactMinCharacters && text.includes(value)) return true;
  const key = publicHalf(value);
  return key !== null && key === publicHalf(text);
}

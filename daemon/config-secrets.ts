/** What the configuration says about secrets: which it uses itself, which a declaration may name, and what is wrong about that. Pure. */
import type { Complaint } from './config-checks.ts';
import type { Config } from './config.ts';
import { declaredUses, hostPattern, type OwnUse, type SecretUse } from './core/secret-binding.ts';
import type { SecretBinding } from './secrets.ts';

/** The names that the configuration itself uses, and for what: no declaration gets one of them. Pure. */
export function ownSecrets({
  git,
  signing,
  custody,
  http,
}: Config): ReadonlyMap<string, ReadonlySet<OwnUse>> {
  const uses: readonly (readonly [string | null, OwnUse])[] = [
    [git.tokenSecret, 'git'],
    [git.ssh.keySecret, 'git'],
    [signing.keySecret, 'signing'],
    [custody.identitySecret, 'custody'],
    [http?.webhookSecret ?? null, 'http'],
  ];
  const found = new Map<string, Set<OwnUse>>();
  for (const [name, use] of uses) {
    if (name !== null) found.set(name, (found.get(name) ?? new Set<OwnUse>()).add(use));
  }
  return found;
}

const sourceKinds = ['file', 'env', 'credential', 'age', 'agent'] as const;

/** Everything that is wrong or unwise under `secrets`. */
export function checkSecrets(config: Config): Complaint[] {
  const own = ownSecrets(config);
  return [
    ...Object.entries(config.secrets).flatMap(([name, binding]) => [
      ...checkSource(config, own, name, binding),
      ...checkRule(own, name, binding),
    ]),
    ...checkIdentity(config),
  ];
}

function complain(name: string, code: string, message: string): Complaint {
  return { key: ['secrets', name], code, message, severity: 'error' };
}

function checkSource(
  config: Config,
  own: ReadonlyMap<string, ReadonlySet<OwnUse>>,
  name: string,
  binding: SecretBinding,
): Complaint[] {
  const wrong = (message: string): Complaint[] => [complain(name, 'config-secret', message)];
  const kinds = sourceKinds.filter((kind) => kind in binding);
  if (kinds.length !== 1)
    return wrong(`needs exactly one of ${sourceKinds.join(', ')} to say where its value is`);
  if ('agent' in binding && (own.has(name) || config.git.ssh.agentSocket !== null)) {
    return wrong(
      'the SSH agent cannot serve renewd itself and endpoints: what Git uses is never given to a declaration. Bind a key for one of them',
    );
  }
  if ('file' in binding && binding.file.startsWith(`${config.dataDirectory}/custody/`))
    return wrong('lies in custody, which only renewd itself uses; put the secret somewhere else');
  if (own.has(name)) return [];
  const twin = [...own.keys()].find(
    (each) => sourceText(config.secrets[each], each) === sourceText(binding, name),
  );
  return twin === undefined
    ? []
    : wrong(
        `is the same value as ${twin}, which renewd uses for ${[...(own.get(twin) ?? [])].join(' and ')}; a declaration needs a secret of its own`,
      );
}

function sourceText(binding: SecretBinding | undefined, name: string): string {
  if (binding === undefined) return `credential ${name}`;
  for (const [kind, value] of Object.entries(binding))
    if (sourceKinds.some((each) => each === kind)) return `${kind} ${String(value)}`;
  return '';
}

function checkRule(
  own: ReadonlyMap<string, ReadonlySet<OwnUse>>,
  name: string,
  { for: use = null, hosts = [], through = [], names = [] }: SecretBinding,
): Complaint[] {
  const wrong = (message: string): Complaint[] => [complain(name, 'config-secret-use', message)];
  const uses = own.get(name);
  if (uses !== undefined) {
    const said = [...uses].join(' and ');
    if (use !== null && !uses.has(use as OwnUse))
      return wrong(
        `is for ${use}, but this file uses it for ${said}: one secret has one owner. Bind another one`,
      );
    return hosts.length + through.length + names.length === 0
      ? []
      : wrong(`is what renewd itself uses for ${said}: it has no hosts, through or names`);
  }
  if (use === null) return [unboundWarning(name)];
  if (!isDeclared(use))
    return wrong(`is for ${use}, but nothing under ${use} names it; name it there, or take it out`);
  if (hosts.length === 0)
    return wrong(
      `is for ${use}: say to which hosts it may be sent, for example hosts: ['*.example.internal']`,
    );
  const odd = [...hosts, ...through].find((each) => hostPattern(each) === null);
  return odd === undefined
    ? []
    : wrong(
        `${JSON.stringify(odd)} is no host: write a name, *.domain, an address or a range, each with :port or :* where it is not the usual port`,
      );
}

function isDeclared(use: SecretUse): boolean {
  return declaredUses.some((each) => each === use);
}

function unboundWarning(name: string): Complaint {
  return {
    key: ['secrets', name],
    code: 'config-secret-unbound',
    message:
      "says no use, so no declaration may name it; add for: endpoints (or issuers) and hosts: ['host.example.internal'], each host it may be sent to",
    severity: 'warning',
  };
}

function checkIdentity({ custody, secrets }: Config): Complaint[] {
  const { identitySecret } = custody;
  if (identitySecret === null || !Object.hasOwn(secrets, identitySecret)) return [];
  const binding = secrets[identitySecret];
  if (binding === undefined || !('age' in binding)) return [];
  return [
    complain(
      identitySecret,
      'config-custody',
      'the custody identity cannot be encrypted to itself; bind it to a file or a credential',
    ),
  ];
}

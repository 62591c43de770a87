/** Which secrets the declarations name, where each would be sent, and which of them the configuration does not allow. */
import type { Config } from './config.ts';
import { ownSecrets } from './config-secrets.ts';
import { withJumps } from './core/jump-hosts.ts';
import type { Desired, DocumentProblem, SourcePosition } from './core/model.ts';
import { shownHost, type NamedSecret, type SecretUser } from './core/secret-binding.ts';
import { keyOf } from './core/same.ts';
import { issuerSecrets } from './issuers/schemas.ts';
import { endpointSecrets } from './targets/schemas.ts';
import { agentRefusal, refusedFor } from './vault.ts';

/** One secret that a declaration names. */
export interface DeclaredSecret extends NamedSecret {
  readonly user: SecretUser;
  readonly source: SourcePosition;
}

/** Every secret that the declarations name, the SSH agent included. */
export function declaredSecrets({
  endpoints,
  issuers,
}: Pick<Desired, 'endpoints' | 'issuers'>): readonly DeclaredSecret[] {
  return [
    ...[...endpoints.values()].flatMap((endpoint) => {
      const { name, type, source } = endpoint;
      const config = withJumps(endpoint, endpoints)?.config;
      const named = config === undefined ? [] : (endpointSecrets[type]?.(config) ?? []);
      return named.map((each) => ({ ...each, user: { use: 'endpoints' as const, name }, source }));
    }),
    ...[...issuers.values()].flatMap(({ name, type, source, config }) =>
      (issuerSecrets[type]?.(config) ?? []).map((each) => ({
        ...each,
        user: { use: 'issuers' as const, name },
        source,
      })),
    ),
  ];
}

/**
 * Of each `endpoint:name` and `issuer:name` that names secrets, the stamps of their sources as one text. IO as `stamp` does it, once a secret.
 */
export async function secretStamps(
  declared: readonly DeclaredSecret[],
  stamp: (name: string | null) => Promise<string>,
): Promise<ReadonlyMap<string, string>> {
  const asked = new Map<string | null, Promise<string>>();
  const stamps = new Map<string, string>();
  for (const { user, secret } of declared) {
    const mine = asked.get(secret) ?? stamp(secret);
    asked.set(secret, mine);
    const subject = `${user.use === 'endpoints' ? 'endpoint' : 'issuer'}:${user.name}`;
    stamps.set(subject, `${stamps.get(subject) ?? ''}${keyOf(secret, await mine)}`);
  }
  return stamps;
}

/** The declarations whose secret the configuration does not let them have, each at its place. */
export function secretProblems(config: Config, desired: Desired): readonly DocumentProblem[] {
  const own = ownSecrets(config);
  return declaredSecrets(desired).flatMap(({ secret, to, user, source }): DocumentProblem[] => {
    const binding =
      secret !== null && Object.hasOwn(config.secrets, secret) ? config.secrets[secret] : undefined;
    const wrong =
      secret === null
        ? agentRefusal(config.secrets, user, to)
        : refusedFor(secret, user, to, binding, own.get(secret));
    return wrong === null
      ? []
      : [
          {
            code: wrong.code,
            message: wrong.message,
            source,
            excerpt: null,
            severity: 'error',
            scope: source.file,
          },
        ];
  });
}

/** Who uses an entry, in words: `endpoint web-01 at web-01.example:22`. */
export function usersOf(name: string | null, declared: readonly DeclaredSecret[]): string {
  const users = declared.filter(({ secret }) => secret === name);
  const shown = users
    .slice(0, 5)
    .map(
      ({ user, to }) =>
        `${user.use === 'endpoints' ? 'endpoint' : 'issuer'} ${user.name} at ${shownHost(to)}`,
    );
  const more = users.length > 5 ? ` and ${String(users.length - 5)} more` : '';
  return users.length === 0 ? 'named by no declaration' : `named by ${shown.join(', ')}${more}`;
}

/** What an Endpoint of type `ssh` logs in with, and where. Pure: used where it logs in, and where its declaration is checked. */
import type { HostPort, NamedSecret, SecretDestination } from '../../core/secret-binding.ts';

interface Hop {
  readonly host: string;
  readonly port?: number;
  readonly jump?: Hop;
}

/** Where the log-in of this hop is sent: a jump host may show us another machine, so the way counts too. */
export function loginDestination(config: Hop): SecretDestination {
  return { ...hostPort(config), through: config.jump === undefined ? [] : way(config.jump) };
}

function hostPort({ host, port }: Hop): HostPort {
  return { host, port: port ?? 22 };
}

function way(hop: Hop): readonly HostPort[] {
  return [hostPort(hop), ...(hop.jump === undefined ? [] : way(hop.jump))];
}

/** The log-in at the endpoint. Those on the way are the business of the endpoints it jumps through. `config` is as its schema has checked it, `jump` replaced by that endpoint's configuration and name. */
export function sshLogins(config: Readonly<Record<string, unknown>>): readonly NamedSecret[] {
  const hop = config as unknown as Hop & {
    readonly auth: { readonly key?: { secret: string }; readonly password?: { secret: string } };
  };
  return [{ secret: hop.auth.key?.secret ?? hop.auth.password?.secret ?? null, to: loginDestination(hop) }];
}

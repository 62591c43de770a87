/** Schemas of the targets by type, without the targets: who only reads declarations loads nothing that acts. A test compares them with the list of targets. */
import type { JsonSchema } from '../ports/plugin.ts';
import type { NamedSecret } from '../core/secret-binding.ts';
import { sshLogins } from './ssh/logins.ts';
import { sshSchema } from './ssh/schema.ts';

export const endpointSchemas: Readonly<Record<string, JsonSchema>> = { ssh: sshSchema };

/** Which secrets a declaration of each type names, and where they would be sent. `config` has the endpoints it jumps through in place of their names. */
export const endpointSecrets: Readonly<
  Record<string, (config: Readonly<Record<string, unknown>>) => readonly NamedSecret[]>
> = { ssh: sshLogins };

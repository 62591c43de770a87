/** Schemas of the targets by type, without the targets: who only reads declarations loads nothing that acts. A test compares them with the list of targets. */
import type { JsonSchema } from '../ports/plugin.ts';
import { sshSchema } from './ssh/schema.ts';

export const endpointSchemas: Readonly<Record<string, JsonSchema>> = { ssh: sshSchema };

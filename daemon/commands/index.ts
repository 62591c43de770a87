/** The list of commands, in the order of `renewd --help`. */
import { audit } from './audit.ts';
import { check } from './check.ts';
import type { Command } from './command.ts';
import { daemon } from './daemon.ts';
import { doctor } from './doctor.ts';
import { init } from './init.ts';
import { once } from './once.ts';
import { plan } from './plan.ts';
import { schema } from './schema.ts';
import { site } from './site.ts';
import { status } from './status.ts';

export const commands: readonly Command[] = [
  init,
  check,
  plan,
  once,
  daemon,
  status,
  doctor,
  audit,
  site,
  schema,
];

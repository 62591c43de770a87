/** The profiles that come with renewd. They have the same form as a user's own, and are read the same way. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The files beside this one, as the reader of declarations wants them. IO: reads them. `oid` names the file, since it comes from no repository. */
export function builtInProfileFiles(): readonly {
  readonly path: string;
  readonly oid: string;
  readonly bytes: Uint8Array;
}[] {
  return readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => ({
      path: `built-in/profiles/${name}`,
      oid: `built-in ${name}`,
      bytes: readFileSync(join(import.meta.dirname, name)),
    }));
}

/** The policy packs that come with renewd, and the policy that counts where a repository says nothing. Read as any declaration is. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the packs stand in the project: beside the example organisation's own policies, so that a repository can copy and change them. */
const packDirectory = join(import.meta.dirname, '../../policies/packs');

export interface BuiltInFile {
  readonly path: string;
  readonly oid: string;
  readonly bytes: Uint8Array;
}

/** The files as the reader of declarations wants them; of the packs those with these names, null for all. IO: reads them. `oid` names the file, since it comes from no repository. */
export function builtInPackFiles(names: ReadonlySet<string> | null): readonly BuiltInFile[] {
  const packs = readdirSync(packDirectory)
    .filter((name) => name.endsWith('.yaml') && (names === null || names.has(name.slice(0, -'.yaml'.length))))
    .sort();
  return [
    read(import.meta.dirname, 'ownership.yaml', 'built-in/ownership.yaml'),
    ...packs.map((name) => read(packDirectory, name, `built-in/packs/${name}`)),
  ];
}

function read(directory: string, name: string, path: string): BuiltInFile {
  return { path, oid: `built-in ${name}`, bytes: readFileSync(join(directory, name)) };
}

/** `renewd schema`: the JSON Schemas of every kind and of the configuration file, for editors and for checks in a pipeline. */
import { documentReader } from '../reader.ts';
import { configSchema } from '../documents/config-schema.ts';
import type { JsonSchema } from '../ports/plugin.ts';
import { stringFlag, UsageError, type Command } from './command.ts';
import { exitOf } from '../exit-codes.ts';
import { writeInside } from './write-inside.ts';
import { makeDirectory } from '../make-directory.ts';

export const schema: Command = {
  name: 'schema',
  summary: 'print the JSON Schema of a kind, or write all of them',
  positionals: '[kind]',
  positionalsMax: 1,
  about:
    'Prints the JSON Schema of a kind (team, issuer, endpoint, certificate, policy, profile) or of the configuration file (config). With --out, writes every schema to a directory, where editors find them by a comment such as: # yaml-language-server: $schema=../schemas/certificate.schema.json',
  options: { out: { type: 'string', value: 'dir', description: 'write all schemas into this directory' } },
  examples: ['renewd schema certificate', 'renewd schema --out schemas'],
  run: async ({ flags, positionals, out }) => {
    const schemas = allSchemas();
    const directory = stringFlag(flags, 'out');
    if (directory !== null) {
      makeDirectory(directory);
      for (const [name, text] of schemas) writeInside(directory, name, text, 'replace');
      out.write(`wrote ${String(schemas.size)} schemas to ${directory}\n`);
      return exitOf('ok');
    }
    const kinds = [...schemas.keys()].map((name) => name.replace('.schema.json', ''));
    const wanted = positionals[0]?.toLowerCase();
    if (wanted === undefined) {
      out.write(`${kinds.join('\n')}\n`);
      return exitOf('ok');
    }
    const text = schemas.get(`${wanted}.schema.json`);
    if (text === undefined) throw new UsageError(`there is no kind ${wanted}; there are ${kinds.join(', ')}`);
    out.write(text);
    return exitOf('ok');
  },
};

/** File name to text, for every kind and the configuration. Pure but for loading. The project's `schemas/` is compared with it by a test. */
export function allSchemas(): ReadonlyMap<string, string> {
  const render = (value: JsonSchema): string => `${JSON.stringify(value, null, 2)}\n`;
  const kinds = [...documentReader().schemas()].map(([kind, value]): [string, string] => [
    `${kind.toLowerCase()}.schema.json`,
    render(value),
  ]);
  return new Map([
    ...kinds.sort(([left], [right]) => (left < right ? -1 : 1)),
    ['config.schema.json', render(configSchema)],
  ]);
}

/** The scripts of the site, each bundled into one file named by its bytes. Astro's own bundling wants its sources below its root, which here is a scratch directory. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';
import { certificateValidatorCode } from '../daemon/documents/standalone.ts';
import { clientScripts, type ClientScript } from './src/lib/client-scripts.ts';

/**
 * Bundles them into `directory` and gives the file name of each. IO: `directory`, and `scratch` for what is generated. The same version gives the same bytes.
 * @throws Error when a script does not compile
 */
export async function bundleScripts(
  directory: string,
  scratch: string,
): Promise<Readonly<Record<ClientScript, string>>> {
  // The schema of certificates as plain code: compiling it in the browser would need eval.
  const validator = join(scratch, 'certificate-validator.cjs');
  writeFileSync(validator, certificateValidatorCode());
  const { output } = await build({
    input: Object.fromEntries(
      clientScripts.map((name) => [name, join(import.meta.dirname, 'src/client', `${name}.ts`)]),
    ),
    platform: 'browser',
    logLevel: 'warn',
    plugins: [
      {
        name: 'renewd-validator',
        resolveId: (id: string) => (id === 'virtual:certificate-validator' ? validator : null),
      },
    ],
    output: {
      dir: directory,
      format: 'esm',
      minify: true,
      entryFileNames: '[name].[hash].js',
      chunkFileNames: 'shared.[hash].js',
    },
  });
  const files = output.flatMap((each) =>
    each.type === 'chunk' && each.isEntry ? [[each.name, each.fileName] as const] : [],
  );
  return Object.fromEntries(files) as Record<ClientScript, string>;
}

/** `renewd site`: builds the static site from the records of a repository. Needs only the repository. */
import { resolve } from 'node:path';
import { buildSite } from '../../site/build.ts';
import { repositoryOptions, stringFlag, type Command } from './command.ts';
import { withRepository } from './open-records.ts';
import { readSiteModel } from './site-source.ts';
import { exitOf } from '../exit-codes.ts';
import { configured, logOf } from './start.ts';

export const site: Command = {
  name: 'site',
  summary: 'build the static site from the records',
  positionals: '',
  positionalsMax: 0,
  about:
    'Reads the records and the log of the state branch and writes plain HTML that any web server can serve. The directory is replaced as a whole when the build has succeeded; a build that fails leaves the old site.',
  options: {
    ...repositoryOptions,
    out: {
      type: 'string',
      value: 'dir',
      description: 'where to write it (default: site in the data directory)',
    },
    base: { type: 'string', value: 'path', description: 'path under which it is served (default: /)' },
  },
  examples: ['renewd site --repo /srv/estate.git --out /var/www/certificates'],
  run: async (invocation) => {
    const config = await configured(invocation);
    const log = logOf(invocation, config, 'warn');
    const out = stringFlag(invocation.flags, 'out');
    const outDir = out === null ? config.site.outDirectory : resolve(out);
    const base = stringFlag(invocation.flags, 'base') ?? config.site.base;
    const built = await withRepository(config, invocation, log, async (repository) => {
      const model = await readSiteModel(repository, config, log, invocation.signal, null);
      return buildSite({ model, outDir, base, signal: invocation.signal });
    });
    if (invocation.flags['json'] === true) {
      invocation.out.write(`${JSON.stringify({ pages: built.pages, directory: outDir })}\n`);
    } else invocation.out.write(`${String(built.pages)} pages in ${outDir}\n`);
    return exitOf('ok');
  },
};

/** Templates of pipelines that judge pull requests, for each forge: what `renewd init` writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './command.ts';

const places: Readonly<Record<string, string>> = {
  github: '.github/workflows/renewd.yml',
  gitlab: '.gitlab-ci.yml',
  gitea: '.gitea/workflows/renewd.yml',
  forgejo: '.forgejo/workflows/renewd.yml',
};

/** File to text for the forges named (with commas between them; `none` for none). IO: reads the templates. @throws UsageError for a forge that is not known */
export function pipelineFiles(forges: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const forge of forges.split(',').filter((each) => each !== '' && each !== 'none')) {
    const path = places[forge];
    if (path === undefined)
      throw new UsageError(
        `--ci is one of ${Object.keys(places).join(', ')} or none, not ${JSON.stringify(forge)}`,
      );
    files.set(
      path,
      forge === 'forgejo'
        ? // Its jobs comment under another account; on each forge only the own name is reserved.
          template('gitea.yml').replaceAll('gitea-actions', 'forgejo-actions')
        : template(`${forge}.yml`),
    );
    files.set('ci/renewd.sh', template('renewd.sh'));
  }
  return files;
}

function template(name: string): string {
  return readFileSync(join(import.meta.dirname, 'ci', name), 'utf8');
}

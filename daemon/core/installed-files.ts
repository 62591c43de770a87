/** Where a server finds what was installed for it, in words for whoever configures the server. Pure. */
import type { Profile } from './model.ts';
import type { Placement } from './placement.ts';

/** The files of a profile by the path at which a server reads them: where they are linked or copied to, else in the store. */
function pathOf(file: string, { links, store }: Pick<Placement, 'links' | 'store'>): string {
  return links.find((each) => each.file === file)?.path ?? `${store}/current/${file}`;
}

/**
 * One sentence: the path of each file, and how to name others. A profile whose paths a certificate may set says with which parameters; where they are set, nothing more
 * is to be said. Pure.
 */
export function whereItStands(
  placement: Pick<Placement, 'links' | 'store'>,
  { files, links, parameters }: Pick<Profile, 'files' | 'links' | 'parameters'>,
): string {
  const paths = files.map(({ name, content }) => `${words[content]} ${pathOf(name, placement)}`);
  const settable = Object.entries(parameters)
    .filter(
      ([name, { setBy }]) =>
        setBy === 'certificate' && links.some(({ path }) => path.includes(`{{${name}}}`)),
    )
    .map(([name]) => name);
  const other =
    settable.length === 0 || placement.links.length > 0
      ? ''
      : `, or name the paths that stand in its configuration now under parameters of the installation (${settable.join(', ')})`;
  return `${paths.join(', ')}: the configuration of the server must name ${files.length === 1 ? 'it' : 'them'}${other}`;
}

const words: Readonly<Record<Profile['files'][number]['content'], string>> = {
  key: 'key',
  certificate: 'certificate alone',
  chain: 'intermediates',
  fullchain: 'certificate with chain',
  combined: 'key with certificate and chain',
};

/** `renewd site`: builds the static site from the records of a repository, of today or of any commit. Needs only the repository. */
import { resolve } from 'node:path';
import { buildSite } from '../../site/build.ts';
import type { Config } from '../config.ts';
import type { Repository } from '../git/repository.ts';
import { repositoryOptions, stringFlag, UsageError, type Command, type Invocation } from './command.ts';
import { refuseOverwriting } from './init.ts';
import { foreignRecords, foreignText } from './foreign-records.ts';
import { openedAt, stateAt } from './open-history.ts';
import { withRepository } from './open-records.ts';
import { publishFiles } from './publish-files.ts';
import { siteSource } from './site-source.ts';
import { silentLog } from './silent-log.ts';
import { exitOf } from '../exit-codes.ts';
import { configured, logOf } from './start.ts';
import { escapeControls } from '../terminal.ts';
import { writeInside } from './write-inside.ts';

const levels = ['public', 'internal', 'full'] as const;
const forges = ['github', 'gitea', 'forgejo', 'gitlab'] as const;

export const site: Command = {
  name: 'site',
  summary: 'build the static site from the records',
  positionals: '',
  positionalsMax: 0,
  about:
    'Reads the records and the log of the state branch and writes plain HTML, feeds and tables that any web server can serve. The directory is replaced as a whole when the build has succeeded, and only where it is empty, not there, or a site that renewd built; a build that fails leaves the old site. The same commits, settings and instant give the same bytes: SOURCE_DATE_EPOCH sets the instant, and with --at it is that of the commit. What to publish where: docs/site.md. Exit code 0, 1 if somebody else than the daemon wrote the records (nothing is built then), 2 if the repository cannot be read or the site not be built.',
  options: {
    ...repositoryOptions,
    out: {
      type: 'string',
      value: 'dir',
      description: 'where to write it (default: site in the data directory)',
    },
    base: { type: 'string', value: 'path', description: 'path under which it is served (default: /)' },
    at: {
      type: 'string',
      value: 'when',
      description: 'the estate as it was: a day, an instant, or a commit of the state branch',
    },
    redact: {
      type: 'string',
      value: 'level',
      description: 'public (counts and policy only), internal (no people, log-ins, file texts) or full',
    },
    'forge-url': {
      type: 'string',
      value: 'https://...',
      description: 'where people see the repository, for links (default: from its address)',
    },
    forge: { type: 'string', value: 'kind', description: 'github, gitea, forgejo or gitlab' },
    template: {
      type: 'string',
      value: 'place',
      description:
        'build nothing; write how to publish it into --out (default: here): github, gitlab, forgejo, gitea, nginx, headers',
    },
  },
  examples: [
    'renewd site --repo /srv/estate.git --out /var/www/certificates',
    'renewd site --repo ./clone --at 2026-09-30 --out ./quarter',
    'renewd site --redact public --base /status/ --out ./public',
    'renewd site --template github',
  ],
  run: async (invocation) => {
    const template = stringFlag(invocation.flags, 'template');
    if (template !== null) return writeTemplate(invocation, template);
    const config = withFlags(await configured(invocation), invocation);
    const log = logOf(invocation, config, 'warn');
    const out = stringFlag(invocation.flags, 'out');
    const outDir = out === null ? config.site.outDirectory : resolve(out);
    const { base } = config.site;
    const built = await withRepository(config, invocation, log, async (repository) => {
      const source = await siteSource(repository, config, invocation.signal, {
        allowedSigners: null,
        tell: invocation,
        ...(await momentOf(repository, config, invocation)),
      });
      const { state, intent, statePrefix: prefix } = source;
      const read = { repository, state, intent, prefix, now: Date.now() };
      const told = foreignText(await foreignRecords(read, silentLog));
      if (told !== null) {
        invocation.err.write(`${escapeControls(told)}\nNothing was built: ${outDir} is as it was\n`);
        return null;
      }
      return buildSite({ source, outDir, base, signal: invocation.signal });
    });
    if (built === null) return exitOf('findings');
    if (invocation.flags['json'] === true) {
      invocation.out.write(`${JSON.stringify({ ...built, directory: outDir })}\n`);
    } else {
      invocation.out.write(`${String(built.pages)} pages in ${outDir}\n`);
    }
    return exitOf('ok');
  },
};

/** Writes the files; none that is there already is touched. IO. */
async function writeTemplate({ flags, out }: Invocation, place: string): Promise<number> {
  const directory = resolve(stringFlag(flags, 'out') ?? '.');
  const files = publishFiles(place);
  await refuseOverwriting(directory, [...files.keys()]);
  for (const [path, text] of files) {
    writeInside(directory, path, text, 'create');
    out.write(`  ${path}\n`);
  }
  out.write('read the first lines of each: they say what to set. More: docs/site.md\n');
  return exitOf('ok');
}

/** The configuration with what the command line says instead. @throws UsageError */
function withFlags(config: Config, { flags }: Invocation): Config {
  const base = stringFlag(flags, 'base') ?? config.site.base;
  if (!/^\/([A-Za-z0-9._~-]+\/)*$/.test(base))
    throw new UsageError(
      `--base begins and ends with a slash, as /certificates/; ${JSON.stringify(base)} does not`,
    );
  const redaction = oneOf('redact', stringFlag(flags, 'redact') ?? config.site.redaction, levels);
  const url = stringFlag(flags, 'forge-url');
  const kind = stringFlag(flags, 'forge');
  if ((url === null) !== (kind === null))
    throw new UsageError(
      '--forge-url and --forge belong together: where the repository is seen, and what that is',
    );
  if (url === null || kind === null) return { ...config, site: { ...config.site, base, redaction } };
  if (!/^https:\/\/[^@\s/]+(\/[^@\s?#]*)?$/.test(url))
    throw new UsageError(
      `--forge-url is an https address without credentials; ${JSON.stringify(url)} is not`,
    );
  const forge = { kind: oneOf('forge', kind, forges), url: url.replace(/\/+$/, '') };
  return { ...config, site: { ...config.site, base, redaction, forge } };
}

function oneOf<Word extends string>(flag: string, given: string, words: readonly Word[]): Word {
  const found = words.find((each) => each === given);
  if (found === undefined)
    throw new UsageError(`--${flag} is one of ${words.join(', ')}; ${JSON.stringify(given)} is not`);
  return found;
}

/** The commit and the instant: of `--at`, of SOURCE_DATE_EPOCH (reproducible-builds.org), or now. */
async function momentOf(
  repository: Repository,
  config: Config,
  { flags, environment, signal }: Invocation,
): Promise<{ readonly state: string | null; readonly now: number }> {
  const epoch = environment['SOURCE_DATE_EPOCH'];
  if (epoch !== undefined && !/^\d{1,11}$/.test(epoch))
    throw new UsageError('SOURCE_DATE_EPOCH is a number of seconds since 1970-01-01 UTC');
  const fixed = epoch === undefined ? null : Number(epoch) * 1000;
  const when = stringFlag(flags, 'at');
  if (when === null) return { state: null, now: fixed ?? Date.now() };
  const history = await openedAt(repository, config.branch, config.state.branch, signal);
  const state = await stateAt(history, when, signal);
  if (state === null) throw new UsageError(`there were no records yet at ${when}`);
  return { state, now: fixed ?? (await repository.commit(state)).committer.at };
}

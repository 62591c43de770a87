/**
 * Builds the static site from a repository. Two processes do it one after the other, one that reads Git and counts, one that renders: their memory goes
 * back when they end, they see none of the daemon's environment, and stopping them is a signal. The source tree is only read.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  statfs,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { limits } from '../daemon/limits.ts';
import { OperationError } from '../daemon/ports/failure.ts';
import { remedyOfSystem } from '../daemon/system-trouble.ts';
import { styleSheet } from './style-sheet.ts';
import type { SiteSources } from './facts/sources.ts';
import type { GatherRequest, GivenSources, RepositorySource } from './request.ts';
import { makeDirectory } from '../daemon/make-directory.ts';

export interface BuildSiteOptions {
  /** A repository on this machine, or sources that are in hand. */
  readonly source: RepositorySource | SiteSources;
  /** Replaced as a whole when the build succeeded; left as it was when not. Its parent must be writable. */
  readonly outDir: string;
  /** Path the site is served under, `/` or `/a/b/`. */
  readonly base?: string;
  readonly signal: AbortSignal;
}

export interface BuiltSite {
  /** HTML pages. */
  readonly pages: number;
  /** All files together. */
  readonly bytes: number;
}

/** Short digest of the files every page links to: their cache key. */
async function assetVersion(): Promise<string> {
  const hash = createHash('sha256').update(styleSheet());
  for (const name of ['site.js', 'favicon.svg'])
    hash.update(await readFile(join(import.meta.dirname, 'public', name)));
  return hash.digest('hex').slice(0, 8);
}

async function measure(directory: string): Promise<BuiltSite> {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((each) =>
    each.isFile(),
  );
  let bytes = 0;
  for (const file of files) bytes += (await stat(join(file.parentPath, file.name))).size;
  return { pages: files.filter((each) => each.name.endsWith('.html')).length, bytes };
}

/** Runs one process of the build to its end. Resolves with null on success, else with what it said last. */
function run(
  words: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string | null> {
  const { promise, resolve: settle } = Promise.withResolvers<string | null>();
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${limits.site.buildHeapMaxMiB}`, '--no-warnings', ...words],
    // Astro writes its intermediate modules below the current directory unless the output is there: two builds at once
    // would take each other's, and a daemon may not write where it was started.
    { cwd, env: environment, stdio: ['ignore', 'pipe', 'pipe'], signal, killSignal: 'SIGKILL' },
  );
  let said = '';
  const keep = (chunk: Buffer): void => {
    said = (said + chunk.toString('utf8')).slice(-limits.site.buildErrorMaxChars);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.once('error', (error) => {
    // A child that was started is waited for: until it has ended it may still write into the scratch directory.
    if (child.pid === undefined) settle(error.message);
  });
  child.once('close', (code, killed) =>
    settle(
      code === 0
        ? null
        : `${stripVTControlCharacters(said).trim()} (${killed === null ? `exit ${String(code)}` : killed})`,
    ),
  );
  return promise;
}

/** Says of a directory that renewd built it, and so that it may be replaced as a whole. */
const marker = '.renewd-site';

/** What sites built before there was a marker all hold. */
const oldMarks = ['404.html', 'cbom.json', 'summary.schema.json'];

/**
 * The directory that a site may be put in place of: not there, empty, or a site built by renewd; behind a link, where that leads. Somebody who types `--out .` would
 * lose what stands there. IO. @throws OperationError `site-build-failed` (stall) for anything else
 */
async function replaceable(outDir: string): Promise<string> {
  const target = await realpath(outDir).catch(() => resolve(outDir));
  const names = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
  if (names === null || names.length === 0 || names.includes(marker)) return target;
  if (oldMarks.every((each) => names.includes(each))) return target;
  throw new OperationError(
    'site-build-failed',
    `${target} is replaced as a whole, and it holds what renewd did not build (${names.sort().slice(0, 5).join(', ')}). Nothing was changed: name a directory that is not there yet, or is empty`,
    { disposition: 'stall', endsWhen: ['configuration'] },
  );
}

/** Puts `next` in place of `outDir`. Between the two renames the directory is missing for an instant; a crash there leaves both on disk, and a failure puts the old one back. */
async function swap(next: string, outDir: string): Promise<void> {
  const previous = `${dirname(next)}/previous`;
  const had = await rename(outDir, previous).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  try {
    await rename(next, outDir);
  } catch (error) {
    if (had) await rename(previous, outDir);
    throw error;
  }
}

/** Removes what a build left that was killed: scratch directories older than any build may take. */
async function removeLeftovers(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix) || !/^[A-Za-z0-9]{6}$/.test(name.slice(prefix.length))) continue;
    const path = join(parent, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > 2 * limits.site.buildMaxMs) await rm(path, { recursive: true, force: true });
  }
}

/** An empty directory beside the target, so that putting the site in place is a rename within one file system. */
async function scratchBeside(target: string): Promise<string> {
  const parent = dirname(target);
  const prefix = `.${basename(target)}-`;
  makeDirectory(parent);
  await removeLeftovers(parent, prefix);
  const scratch = await mkdtemp(join(parent, prefix));
  // Astro finds its own parts from its root, which is the scratch directory: the source tree is only read.
  const packages = dirname(dirname(fileURLToPath(import.meta.resolve('astro/package.json'))));
  await symlink(packages, join(scratch, 'node_modules'), 'dir');
  return scratch;
}

/**
 * Builds the whole site and puts it in place of `outDir`. The same commits, instant, settings and base give the same bytes.
 * Does IO (files, one child process) and no network. Safe to repeat and to abort: until the last step only temporary
 * directories are written, and they are removed. Two at once with the same `outDir` do no harm, but one of them
 * may fail. Throws OperationError `site-build-failed`, or the signal's reason when aborted.
 */
export async function buildSite({
  source,
  outDir,
  base = '/',
  signal,
}: BuildSiteOptions): Promise<BuiltSite> {
  signal.throwIfAborted();
  let target = resolve(outDir);
  try {
    target = await replaceable(outDir);
    return await buildInto(target, { source, base, signal });
  } catch (cause) {
    if (signal.aborted || !(cause instanceof Error) || !('syscall' in cause)) throw cause;
    // A full disk or a directory that may not be written is trouble of the world, not a mistake of the program.
    throw new OperationError(
      'site-build-failed',
      `the site could not be put into ${target}: ${cause.message}. ${remedyOfSystem(cause) ?? 'Make its parent directory writable for renewd.'}`,
      { disposition: 'retry', cause },
    );
  }
}

/** The two processes, the second only if the first ended well. What the last one said, or null. */
async function renderFrom(
  source: BuildSiteOptions['source'],
  scratch: string,
  next: string,
  base: string,
  signal: AbortSignal,
): Promise<string | null> {
  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: scratch,
    TMPDIR: scratch,
    NODE_ENV: 'production',
    TZ: 'UTC',
    ASTRO_TELEMETRY_DISABLED: '1',
    RENEWD_SITE_MODEL: join(scratch, 'model.json'),
    RENEWD_SITE_DETAILS: join(scratch, 'details.ndjson'),
    RENEWD_SITE_BASE: base,
    RENEWD_SITE_OUT: next,
    RENEWD_SITE_SCRATCH: scratch,
    RENEWD_SITE_ASSETS: await assetVersion(),
  };
  const given: RepositorySource | GivenSources =
    'kind' in source ? source : { kind: 'sources', sources: source };
  const request: GatherRequest = { source: given, base, scratch };
  const requestFile = join(scratch, 'request.json');
  await writeFile(requestFile, JSON.stringify(request), { mode: 0o600 });
  const program = (name: string): string => join(import.meta.dirname, name);
  return (
    (await run([program('gather.ts'), requestFile], scratch, environment, signal)) ??
    (signal.aborted ? null : await run([program('render.ts')], scratch, environment, signal))
  );
}

/** What renders names no full disk as its cause. */
async function isFull(directory: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize < limits.site.spaceMinBytes;
}

/** The build, with raw errors of the file system. */
async function buildInto(
  target: string,
  { source, base, signal }: Required<Omit<BuildSiteOptions, 'outDir'>>,
): Promise<BuiltSite> {
  const scratch = await scratchBeside(target);
  try {
    const next = join(scratch, 'out');
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(limits.site.buildMaxMs)]);
    const complaint = await renderFrom(source, scratch, next, base, bounded);
    signal.throwIfAborted();
    // Astro ends with 0 when it finds no pages at all.
    const built = complaint === null ? await measure(next) : { pages: 0, bytes: 0 };
    if (built.pages === 0)
      throw new OperationError(
        'site-build-failed',
        `the site could not be built into ${target}, the one before stays: ${(await isFull(scratch)) ? `its disk is full: free space there (df -h). The build said: ` : ''}${complaint ?? 'no page was made'}`,
        { disposition: 'retry' },
      );
    await writeFile(join(next, marker), 'Built by renewd, and replaced as a whole by its next build.\n');
    await replaceable(target);
    await swap(next, target);
    return built;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

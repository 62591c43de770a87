/**
 * Target `ssh`: a machine reached over SSH. Everything that happens there is one script (`renewd-endpoint.sh`), one verb a call; the private key is made there and stays.
 * Test and reload commands are words of the profile, run as they are.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProfileFile } from '../core/model.ts';
import { defaultStoreDirectory } from '../core/placement.ts';
import { keyOf } from '../core/same.ts';
import { limits } from '../limits.ts';
import { OperationError, type FailureCode } from '../ports/failure.ts';
import type { Plugin, Tools } from '../ports/plugin.ts';
import type { AllowLine, KeyProver, Permitting, Store, Target, WebrootWriter } from '../ports/target.ts';
import type { CommandResult, SshDestination, SshPool } from '../ssh/pool.ts';
import { lastLines, firstOf, saidText } from '../said-text.ts';
import { renderWords } from '../templates/render.ts';
import {
  csrConfiguration,
  proofStatement,
  readInspection,
  readProof,
  readVersion,
} from './ssh/endpoint-output.ts';
import { directCall } from './ssh/direct-call.ts';
import { privilegeOf } from './ssh/privilege.ts';
import { loginDestination } from './ssh/logins.ts';
import { sshSchema } from './ssh/schema.ts';

export interface SshTargetTools {
  /** null where only the schema is wanted. */
  readonly pool: SshPool | null;
}

const script = readFileSync(join(import.meta.dirname, 'renewd-endpoint.sh'), 'utf8');

/** Of the script that came with this renewd. */
const scriptVersion = Number(/^version=([0-9]+)$/m.exec(script)?.[1] ?? 0);

/** Makes the plug-in around a pool of connections. Reads its script once. */
export function createSshTarget(
  shared: SshTargetTools,
): Plugin<Target & WebrootWriter & KeyProver & Permitting> {
  return {
    kind: 'ssh',
    schema: sshSchema,
    create: (name, config, tools) => createTarget(name, config as unknown as SshConfig, tools, shared),
  };
}

/** Lines asked for in one call: the words of a call are bounded in the script (400) and on a command line. */
const linesPerCall = 100;

/** As the schema has checked it; `jump` was replaced by the configuration of the endpoint it names. */
interface SshConfig {
  readonly host: string;
  readonly port?: number;
  readonly user: string;
  readonly hostKeys: readonly string[];
  readonly auth:
    | { readonly key: { readonly secret: string } }
    | { readonly password: { readonly secret: string } }
    | { readonly agent: true };
  /** With the name of the endpoint it was taken from. */
  readonly jump?: SshConfig & { readonly endpoint: string };
  readonly privilege?: { readonly mode: 'direct' | 'helper'; readonly path?: string };
  readonly directory?: string;
}

/** Runs one verb of the script, or words of a profile. */
interface Endpoint {
  readonly name: string;
  readonly directory: string;
  readonly privilege: 'direct' | 'helper';
  readonly verb: (words: readonly string[], options: Call) => Promise<CommandResult>;
  readonly command: (words: readonly string[], options: Call) => Promise<CommandResult>;
}

interface Call {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly input?: Uint8Array;
}

function createTarget(
  name: string,
  config: SshConfig,
  tools: Tools,
  shared: SshTargetTools,
): Target & WebrootWriter & KeyProver & Permitting {
  const endpoint = createEndpoint(name, config, tools, shared);
  // Of the script there, known from the last look; one that travels with each call is ours.
  let installed = scriptVersion;
  const quick = limits.work.inspectTimeoutMs;
  const step = limits.work.installStepTimeoutMs;
  const verb = async (
    words: readonly string[],
    options: Call,
    otherwise: FailureCode,
  ): Promise<CommandResult> =>
    expectSuccess(endpoint, words[0] ?? '', await endpoint.verb(words, options), otherwise);
  return {
    inspect: async (store, signal) => {
      const { certificate, key } = keyFiles(store);
      const words = ['inspect', store.placement.store, certificate, key, ...linkWords(store)];
      const result = await verb(words, { signal, timeoutMs: quick }, 'ssh-command-failed');
      const said = Buffer.from(result.stdout).toString('utf8');
      installed = readVersion(said.split('\n', 1)[0] ?? '') ?? installed;
      return readInspection(said, endpoint.name, scriptVersion);
    },
    proveKey: async (store, generation, challenge, signal) => {
      const path = store.placement.store;
      const options = { signal, timeoutMs: quick, input: Buffer.from(challenge) };
      const words = ['prove', path, generation, keyFiles(store).key];
      const result = await verb(words, options, 'ssh-command-failed');
      const proof = readProof(Buffer.from(result.stdout).toString('utf8'), endpoint.name);
      return { ...proof, statement: Buffer.from(proofStatement(path, generation, challenge)) };
    },
    generateKey: async (store, generation, request, signal) => {
      const words = ['generate-key', store.placement.store, generation, request.algorithm];
      const input = Buffer.from(csrConfiguration(request.dnsNames, request.ipAddresses));
      const options = { signal, timeoutMs: limits.work.generateKeyTimeoutMs, input };
      const result = await verb(words, options, 'stage-failed');
      return new Uint8Array(Buffer.from(Buffer.from(result.stdout).toString('latin1'), 'base64'));
    },
    stage: async (store, generation, chain, signal) => {
      const files = store.profile.files.flatMap((file: ProfileFile) => [
        file.name,
        file.content,
        file.shaped === true && installed >= 3 ? `keep:${file.mode}` : file.mode,
        file.owner ?? '',
      ]);
      const words = ['stage', store.placement.store, generation, ...files];
      await verb(words, { signal, timeoutMs: step, input: Buffer.from(chain.join('')) }, 'stage-failed');
    },
    activate: async (store, generation, signal) => {
      const words = ['activate', store.placement.store, generation, ...linkWords(store)];
      await verb(words, { signal, timeoutMs: step }, 'stage-failed');
    },
    undo: async (store, generation, signal) => {
      const words = ['undo', store.placement.store, generation];
      const options = { signal, timeoutMs: step };
      // An older script that is installed has no such verb; what it can is done by activate.
      if (installed < 3) return false;
      const result = await verb(words, options, 'stage-failed');
      return /^undone( |$)/m.test(Buffer.from(result.stdout).toString('utf8'));
    },
    test: (store, signal) =>
      runAll(endpoint, store, store.profile.test, { signal, timeoutMs: step }, 'config-test-failed'),
    reload: (store, signal) =>
      runAll(endpoint, store, store.profile.reload, { signal, timeoutMs: step }, 'reload-failed'),
    sweep: async (store, keep, signal) => {
      await verb(
        ['sweep', store.placement.store, ...keep],
        { signal, timeoutMs: step },
        'ssh-command-failed',
      );
    },
    check: async (signal) => {
      const options = { signal, timeoutMs: quick };
      const result = await verb(['check', endpoint.directory], options, 'ssh-command-failed');
      const said = firstOf(saidText(result.stdout).trim(), limits.target.answerShownMaxChars);
      // The first version has no such verb and says so.
      const version = await endpoint.verb(['version'], options);
      installed = readVersion(Buffer.from(version.stdout).toString('utf8')) ?? 1;
      return installed >= scriptVersion
        ? said
        : `${said}; but the script installed there is version ${String(installed)} and this renewd brings version ${String(scriptVersion)}: install renewd-endpoint.sh again (docs/endpoint-helper.md)`;
    },
    missingLines: async (lines, signal) => {
      if (endpoint.privilege === 'direct') return null;
      const options = { signal, timeoutMs: quick };
      const version = await endpoint.verb(['version'], options);
      installed = readVersion(Buffer.from(version.stdout).toString('utf8')) ?? 1;
      if (installed < 4) return null;
      const lacking: AllowLine[] = [];
      for (let at = 0; at < lines.length; at += linesPerCall) {
        const asked = lines.slice(at, at + linesPerCall);
        const words = ['missing', ...asked.flatMap(({ kind, text }) => [kind, text])];
        const result = await verb(words, options, 'ssh-command-failed');
        const said = Buffer.from(result.stdout).toString('utf8').split('\n');
        const named = new Set(said.map((line) => keyOf(...line.split(/(?<=^missing [a-z-]+) /, 2))));
        lacking.push(...asked.filter(({ kind, text }) => named.has(keyOf(`missing ${kind}`, text))));
      }
      return lacking;
    },
    writeWebroot: async (webroot, token, keyAuthorization, signal) => {
      const options = { signal, timeoutMs: quick, input: Buffer.from(keyAuthorization) };
      await verb(['webroot-write', webroot, token], options, 'ssh-command-failed');
    },
    removeWebroot: async (webroot, token, signal) => {
      await verb(['webroot-remove', webroot, token], { signal, timeoutMs: quick }, 'ssh-command-failed');
    },
    close: () => Promise.resolve(),
  };
}

function createEndpoint(name: string, config: SshConfig, tools: Tools, shared: SshTargetTools): Endpoint {
  const privilege = privilegeOf(config);
  const run = async (words: readonly string[], { input, ...options }: Call): Promise<CommandResult> => {
    if (shared.pool === null) throw new Error('a target without a pool of connections cannot be used');
    const destination = await destinationOf(name, config, tools);
    const call = input === undefined ? options : { ...options, input };
    return shared.pool.withSession(destination, options.signal, (session) => session.run(words, call));
  };
  const helper = ['sudo', '-n', privilege.path];
  return {
    name,
    directory: config.directory ?? defaultStoreDirectory,
    privilege: privilege.mode,
    verb: (words, options) => {
      if (privilege.mode === 'helper') return run([...helper, ...words], options);
      const call = directCall(script, words, options.input);
      return run(call.words, { ...options, input: call.input });
    },
    command: (words, options) =>
      run(privilege.mode === 'helper' ? [...helper, 'run', ...words] : words, options),
  };
}

/** Each hop is logged in to with its own secret, opened for that hop and the way to it. */
async function destinationOf(name: string, config: SshConfig, tools: Tools): Promise<SshDestination> {
  return {
    host: config.host,
    port: config.port ?? 22,
    user: config.user,
    hostKeys: config.hostKeys,
    auth: await authOf(name, config, tools),
    jump: config.jump === undefined ? null : await destinationOf(config.jump.endpoint, config.jump, tools),
  };
}

async function authOf(name: string, config: SshConfig, tools: Tools): Promise<SshDestination['auth']> {
  const { auth } = config;
  const to = loginDestination(config);
  if ('key' in auth) return { key: await tools.secret(auth.key.secret, name, to) };
  if ('password' in auth) return { password: await tools.secret(auth.password.secret, name, to) };
  return { agentSocket: await tools.agentSocket(name, to) };
}

/** The files of the profile in which leaf and key are seen by the server: what others change is found there. */
function keyFiles({ profile }: Store): { readonly certificate: string; readonly key: string } {
  const first = (...contents: readonly string[]): string | undefined =>
    profile.files.find((file) => contents.includes(file.content))?.name;
  return {
    certificate: first('fullchain', 'certificate', 'combined') ?? 'fullchain.pem',
    key: first('key', 'combined') ?? 'privkey.pem',
  };
}

function linkWords({ placement }: Store): string[] {
  return placement.links.flatMap(({ path, file }) => [path, placement.copied ? `copy:${file}` : file]);
}

async function runAll(
  endpoint: Endpoint,
  store: Store,
  commands: readonly (readonly string[])[],
  options: Call,
  code: FailureCode,
): Promise<void> {
  const values = { ...store.placement.words, store: store.placement.store };
  for (const templates of commands) {
    const words = renderWords(templates, values);
    expectSuccess(endpoint, words.join(' '), await endpoint.command(words, options), code);
  }
}

/** Exit codes of the script that mean something of their own (see `fail` in it). */
const meanings: Readonly<
  Record<number, { readonly code: FailureCode; readonly disposition: 'retry' | 'stall' }>
> = {
  65: { code: 'stage-failed', disposition: 'stall' },
  66: { code: 'unsupported', disposition: 'stall' },
  69: { code: 'unsupported', disposition: 'stall' },
  // Somebody moves the file away, which no declaration tells.
  73: { code: 'placement-refused', disposition: 'retry' },
  75: { code: 'endpoint-busy', disposition: 'retry' },
  // Whoever reads the files cannot see the store, or others could read them; a person changes a directory, or declares placement: copy.
  78: { code: 'placement-refused', disposition: 'retry' },
  // Somebody else can change a directory on the way: whoever gives it back to root must not have to wait for a new declaration.
  77: { code: 'unsupported', disposition: 'retry' },
};

function expectSuccess(
  endpoint: Endpoint,
  what: string,
  result: CommandResult,
  otherwise: FailureCode,
): CommandResult {
  if (result.exitCode === 0) return result;
  const byScript = result.exitCode !== null && result.stderr.includes('renewd: ');
  const meaning = byScript ? meanings[result.exitCode] : undefined;
  const ended =
    result.exitCode === null
      ? `was ended by signal ${result.signal ?? '?'}`
      : `ended with ${String(result.exitCode)}`;
  throw new OperationError(
    meaning?.code ?? otherwise,
    `${what} on ${endpoint.name} ${ended}: ${lastWords(result)}`,
    meaning?.disposition === 'stall'
      ? { disposition: 'stall', endsWhen: ['endpoint', 'declaration'] }
      : { disposition: 'retry' },
  );
}

/** What the other side said last, on one line, without control characters and without what looks like a secret. */
function lastWords({ stderr, stdout, truncated }: CommandResult): string {
  const text = stderr.trim() === '' ? saidText(stdout, { after: truncated }) : stderr;
  return lastLines(text, limits.target.lastLinesMax, limits.target.lastWordsMaxChars) || 'it said nothing';
}

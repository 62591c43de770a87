/**
 * `npm run demo`: a small organisation on loopback, run by renewd, from nothing to served certificates, signed records and a site. It starts six machines, runs the real
 * daemon on them, and plays the administrator who copies an old certificate back. `--exit` does one round and ends; without a terminal it prints plain lines.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assemble, type House } from '../daemon/assembly.ts';
import { serve, type Controls } from '../daemon/commands/daemon.ts';
import { exitCodes } from '../daemon/exit-codes.ts';
import { readConfig, type Config } from '../daemon/config.ts';
import { runTurn, type TurnReport } from '../daemon/cycle.ts';
import { serveDirectory } from '../daemon/http/static.ts';
import { createLog } from '../daemon/log.ts';
import { openTerminal } from '../daemon/terminal.ts';
import { makeEstate, type DemoEstate } from './estate.ts';
import { layPast, mischief } from './past.ts';
import { createScreen, type Screen } from './screen.ts';
import { makeSshKeyPair } from './ssh-key-pair.ts';

/** What becomes of the demo when it has shown everything. */
type Stays = 'gone' | 'kept' | 'running';

const help = `usage: npm run demo [-- --exit] [-- --dir <directory>]

Makes a repository from inventory/ and policies/, starts six machines on loopback, and runs renewd on them.

  --exit       do one round, print what happened, end; 2 when a certificate did not get served
  --dir <dir>  where to put everything (default: a temporary directory, removed at the end)
`;

async function main(words: readonly string[]): Promise<number> {
  if (words.includes('--help') || words.includes('-h')) {
    process.stdout.write(help);
    return exitCodes.ok.code;
  }
  const once = words.includes('--exit');
  const given = words[words.indexOf('--dir') + 1];
  const keep = words.includes('--dir') && given !== undefined;
  const screen = createScreen(openTerminal(process.stdout, process.env));
  if (!hasOpenssl()) {
    screen.say(
      'The machines of this demo make their keys with openssl, as real ones do, and there is none here. On Debian: apt-get install openssl',
    );
    return exitCodes['operation-failed'].code;
  }
  const directory = keep ? given : await mkdtemp(join(tmpdir(), 'renewd-demo-'));
  await mkdir(directory, { recursive: true });
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      stop.abort();
    });
  }
  try {
    const isServed = await play(directory, screen, stop, once ? (keep ? 'kept' : 'gone') : 'running');
    return isServed ? exitCodes.ok.code : exitCodes['operation-failed'].code;
  } finally {
    if (!keep) await rm(directory, { recursive: true, force: true });
  }
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** False where certificates are left that the demo is meant to get served. */
async function play(
  directory: string,
  screen: Screen,
  stop: AbortController,
  stays: Stays,
): Promise<boolean> {
  const keys = makeSshKeyPair();
  await writeFile(join(directory, 'deploy-key'), keys.private, { mode: 0o600 });
  const estate = await makeEstate(directory, keys.public);
  try {
    screen.title('A small organisation on this machine');
    screen.say(
      `${String(estate.machines.size)} machines with SSH and a web server, and a Git repository that declares what they should serve:`,
    );
    screen.say(`  ${estate.repository}`);
    await layPast(estate);
    const config = await configure(directory, estate);
    const house = await assemble(config, {
      environment: process.env,
      now: Date.now,
      random: Math.random,
      log: createLog({
        level: 'error',
        destination: process.stderr,
        pretty: true,
        style: screen.terminal.style,
      }),
      progress: (event) => {
        screen.show(event);
      },
      crashPoint: () => undefined,
      stopping: () => stop.signal.aborted,
    });
    try {
      return await rounds(config, house, estate, screen, stop, stays);
    } finally {
      await house.close();
    }
  } finally {
    for (const machine of estate.machines.values()) await machine.stop();
  }
}

async function configure(directory: string, estate: DemoEstate): Promise<Config> {
  const file = join(directory, 'renewd.yaml');
  await writeFile(
    file,
    [
      '# The configuration of the demo. Everything that can stand here: docs/configuration.md',
      `repo: ${JSON.stringify(estate.repository)}`,
      `data: ${JSON.stringify(join(directory, 'data'))}`,
      `secrets: { deploy-key: { file: ${JSON.stringify(join(directory, 'deploy-key'))}, for: endpoints, hosts: ['127.0.0.1:*'] } }`,
      'http: { listen: none }',
      'turn: { pollInterval: 5s }',
      `site: { outDir: ${JSON.stringify(join(directory, 'site'))} }`,
      '',
    ].join('\n'),
  );
  const { config, problems } = await readConfig({
    flags: {},
    environment: {},
    file,
    currentDirectory: directory,
  });
  if (config === null) throw new Error(problems.map((problem) => problem.message).join('\n'));
  // The demo has no hours to wait: an observation is old after a minute.
  return { ...config, turn: { ...config.turn, observeIntervalMs: 60_000, observeAgainMs: 10_000 } };
}

async function rounds(
  config: Config,
  house: House,
  estate: DemoEstate,
  screen: Screen,
  stop: AbortController,
  stays: Stays,
): Promise<boolean> {
  screen.title('What renewd finds');
  const options = { observeAll: true, dryRun: true, heartbeat: false };
  const look = await runTurn(house.world, house.estate, house.memory, options, stop.signal);
  screen.found(house.memory.assessments.values());
  if (look.troubles.length > 0) throw new Error(look.troubles.map((trouble) => trouble.message).join('; '));

  screen.title('What it does about it');
  let reports: ((report: TurnReport) => void) | null = null;
  const daemon: { controls: Controls | null } = { controls: null };
  const serving = serve({
    config,
    log: house.world.log,
    house,
    stop: stop.signal,
    onTurn: (report) => reports?.(report),
    onStarted: (given) => {
      daemon.controls = given;
    },
  });
  const quiet = (): Promise<void> =>
    new Promise((resolve, reject) => {
      reports = (report) => {
        if (report.outcomes.length === 0) resolve();
      };
      serving.then(resolve, reject);
    });
  const lookNow = (): void => {
    daemon.controls?.lookNow();
  };
  await quiet();
  if (!stop.signal.aborted) {
    screen.title('Somebody copies old certificates back');
    const done = await mischief(estate);
    for (const line of done) screen.say(`  ${line}`);
    const settled = quiet();
    lookNow();
    await settled;
  }
  await daemon.controls?.siteSettled();
  const site = await serveDirectory({ directory: config.site.outDirectory, host: '127.0.0.1', port: 0 });
  try {
    screen.ending(house, estate, config, site.url, stays);
    if (stays !== 'running') stop.abort();
    await serving;
    // What policy is against, or is only reported, is meant to be seen.
    const shown = ['ok', 'drift', 'non-compliant', 'blocked'];
    return [...house.memory.certificateRecords.values()].every(({ status }) => shown.includes(status));
  } finally {
    await site.close();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(
    `the demo failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = exitCodes.internal.code;
}

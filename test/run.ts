/**
 * Runs every test and ends with one line: `N passed, N failed, N skipped`.
 * As root on Debian it first installs the servers the suites in `test/real/` need, and says so; elsewhere those suites skip with a reason.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const servers = [
  'openssh-server',
  'nginx-light',
  'pebble',
  'git',
  'openssl',
  'sudo',
  'chromium',
  'gnupg',
  'curl',
  'jq',
  // Shells that people log in with, and that scripts of ours meet.
  'busybox',
  'mksh',
  'yash',
  'fish',
  'tcsh',
] as const;

/** Package to a file it brings, to see whether it is there without asking the package system. */
const evidence: Readonly<Record<(typeof servers)[number], string>> = {
  'openssh-server': '/usr/sbin/sshd',
  'nginx-light': '/usr/sbin/nginx',
  pebble: '/usr/bin/pebble',
  git: '/usr/bin/git',
  openssl: '/usr/bin/openssl',
  sudo: '/usr/bin/sudo',
  chromium: '/usr/bin/chromium',
  gnupg: '/usr/bin/gpg-agent',
  curl: '/usr/bin/curl',
  jq: '/usr/bin/jq',
  busybox: '/bin/busybox',
  mksh: '/bin/mksh',
  yash: '/usr/bin/yash',
  fish: '/usr/bin/fish',
  tcsh: '/bin/tcsh',
};

function installServers(): void {
  const missing = servers.filter((name) => !existsSync(evidence[name]));
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.log(`not root on Debian: suites that need ${missing.join(', ')} will skip`);
    return;
  }
  console.log(`installing from Debian: ${missing.join(', ')}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env: environment });
  // policy-rc.d is not touched: no service is started by these packages in a container, and a real host keeps its own policy.
  const result = spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: environment,
  });
  if (result.status !== 0) console.log('the installation failed: suites that need these servers will skip');
}

if (!process.argv.includes('--no-install')) installServers();

const patterns = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const files = globSync(patterns.length > 0 ? patterns : 'test/**/*.test.ts')
  .filter((file) => !file.includes('node_modules'))
  .sort()
  // Those with real servers take minutes each: begun last, they would run alone at the end.
  .sort((left, right) => Number(right.startsWith('test/real/')) - Number(left.startsWith('test/real/')));
// Hundreds of processes of the same code, tests and what they start: what one compiled the others read (a third less CPU over test/core, measured).
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '../node_modules/.cache/compiled');
// Thousands of small repositories that live for seconds: no housekeeping after each commit and push, and no waiting for the disk.
const gitSettings = [
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['receive.autogc', 'false'],
  ['core.fsync', 'none'],
] as const;
process.env.GIT_CONFIG_COUNT = String(gitSettings.length);
for (const [at, [key, value]] of gitSettings.entries()) {
  process.env[`GIT_CONFIG_KEY_${String(at)}`] = key;
  process.env[`GIT_CONFIG_VALUE_${String(at)}`] = value;
}
const counts = { passed: 0, failed: 0, skipped: 0 };
// Three files at a time: the machine this runs on may have two cores, of which two files use one (measured): they wait for servers half of the time.
const stream = run({ files, concurrency: 3, execArgv: ['--no-warnings'] });
stream.on('test:pass', (event) => {
  if (event.details.type === 'suite') return;
  if (event.skip !== undefined && event.skip !== false) counts.skipped++;
  else counts.passed++;
});
stream.on('test:fail', (event) => {
  // A suite fails because of its tests, which are counted, or because of itself: its own body or a hook threw.
  const { type, error } = event.details;
  const failure: unknown = 'failureType' in error ? error.failureType : undefined;
  if (type !== 'suite' || failure !== 'subtestsFailed') counts.failed++;
});
/** Shown as slow: these are where to look when the whole run nears the 45 minutes it may take. */
const slowest = 12;
const durations: { readonly file: string; readonly seconds: number }[] = [];
stream.on('test:summary', (event) => {
  if (event.file !== undefined)
    durations.push({ file: relative('.', event.file), seconds: Math.round(event.duration_ms / 1000) });
});
stream.on('end', () => {
  // After the reporter has flushed, so that this stays the last line.
  setImmediate(() => {
    const slow = durations.toSorted((a, b) => b.seconds - a.seconds).slice(0, slowest);
    if (files.length > 1)
      console.log(`slowest files: ${slow.map(({ file, seconds }) => `${file} ${seconds} s`).join(', ')}`);
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
  });
});
stream.compose(new spec()).pipe(process.stdout);

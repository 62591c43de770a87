/** `renewd renew`: in a clone of the example, with real git. What it writes is judged before it stays, and nothing else of a file moves. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { checkDirectory } from '../../daemon/commands/check-directory.ts';

const example = join(import.meta.dirname, '../..');
const root = mkdtempSync(join(tmpdir(), 'renewd-renew-'));
const clone = join(root, 'clone');
const origin = join(root, 'origin.git');
const shop = 'inventory/certificates/web/shop.yaml';

before(() => {
  for (const folder of ['inventory', 'policies'])
    cpSync(join(example, folder), join(clone, folder), { recursive: true });
  git('init', '-q', '-b', 'main');
  git('config', 'user.name', 'ada');
  git('config', 'user.email', 'ada@example.com');
  git('config', 'commit.gpgsign', 'false');
  git('add', '-A');
  git('commit', '-q', '-m', 'Begin');
  spawnSync('git', ['init', '-q', '--bare', '-b', 'main', origin]);
  git('remote', 'add', 'origin', origin);
  git('push', '-q', 'origin', 'main');
});
beforeEach(() => {
  git('switch', '-q', '-f', 'main');
  git('reset', '-q', '--hard', 'origin/main');
});
after(() => {
  rmSync(root, { recursive: true, force: true });
});

function git(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync('git', ['-C', clone, ...words], {
    encoding: 'utf8',
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
  });
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

function renew(...words: string[]): {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
} {
  const { status, stdout, stderr } = spawnSync(
    join(example, 'bin/renewd'),
    ['renew', '--dir', clone, ...words],
    {
      encoding: 'utf8',
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
    },
  );
  return { status, out: stdout, err: stderr };
}

test('the wish stands in the file, with its reason, and the rest is as it was', () => {
  const old = readFileSync(join(clone, shop), 'utf8');
  const { status, out, err } = renew('web/shop', '--because', 'the key: copied "to" a # laptop');
  assert.equal(status, 0, out + err);
  assert.match(
    out,
    /wrote inventory\/certificates\/web\/shop\.yaml\n\d certificates? (is|are) replaced once this is in force\nnext: git add/,
  );
  const text = readFileSync(join(clone, shop), 'utf8');
  assert.equal(text.replace(/^ *reissue: .*\n/m, ''), old);
  const { reissue } = checkDirectory(clone).desired.certificates.get('web/shop') ?? {};
  assert.equal(reissue?.because, 'the key: copied "to" a # laptop');
  assert.ok(Math.abs((reissue?.before ?? 0) - Date.now()) < 300_000);
  const again = renew('web/shop', '--because', 'once more', '--at', '2027-01-01T00:00:00Z');
  assert.match(again.out, /replaced once this is in force, at 2027-01-01T00:00:00Z/);
  assert.equal(readFileSync(join(clone, shop), 'utf8').match(/reissue:/g)?.length, 1);
});

test('--push commits to a branch of its own under the name of who asked, and pushes it', () => {
  const { status, out, err } = renew('web/shop', '--because', 'the key was copied', '--push');
  assert.equal(status, 0, out + err);
  const branch = /renew\/\S+(?=:)/.exec(out)?.[0] ?? '';
  const said = spawnSync('git', ['-C', origin, 'log', '-1', '--format=%an%n%B', branch], {
    encoding: 'utf8',
  }).stdout;
  assert.equal(said.trim(), 'ada\nReplace web/shop\n\nthe key was copied');
  assert.equal(git('diff', '--name-only', 'main', branch), shop);
});

test('many are chosen by issuer, endpoint and team; what is retired or observed is not among them', () => {
  const { desired } = checkDirectory(clone);
  const wanted = [...desired.certificates.values()].filter(
    (each) =>
      each.team === 'web' &&
      each.issuer === 'internal-ca' &&
      each.installations.some((one) => one.endpoint === 'web-01'),
  );
  assert.ok(wanted.length > 1);
  const { status, out, err } = renew(
    '--issuer',
    'internal-ca',
    '--team',
    'web',
    '--endpoint',
    'web-01',
    '--because',
    'x',
  );
  assert.equal(status, 0, out + err);
  const written = [...checkDirectory(clone).desired.certificates.values()].filter(
    (each) => each.reissue !== undefined,
  );
  assert.deepEqual(written.map((each) => each.id).sort(), wanted.map((each) => each.id).sort());
});

test('what cannot be asked for is said, and nothing is written', () => {
  const retired = readFileSync(join(clone, shop), 'utf8').replace('  issuer:', '  state: retired\n  issuer:');
  writeFileSync(join(clone, shop), retired);
  for (const [words, message] of [
    [['web/shop'], /--because says why/],
    [['web/shopp', '--because', 'x'], /no certificate "web\/shopp"\. Did you mean "web\/shop"\?/],
    [['--issuer', 'internal', '--because', 'x'], /there is no issuer "internal"/],
    [['--because', 'x'], /name certificates/],
    [['web/shop', '--because', 'x'], /web\/shop is retired/],
    [['web/blog', '--because', 'x', '--at', 'tomorrow'], /write it as 2026-/],
    [['web/blog', '--becuase', 'x'], /Unknown option '--becuase'\. Did you mean "--because"\?/],
  ] as const) {
    const { status, err } = renew(...words);
    assert.equal(status, 64, err);
    assert.match(err, message);
  }
  assert.equal(git('status', '--porcelain'), `M ${shop}`);
});

test('a reason that no declaration can hold is refused, and the files are as they were', () => {
  const { status, out } = renew('web/shop', 'web/blog', '--because', 'x'.repeat(501));
  assert.equal(status, 1, out);
  assert.match(out, /nothing was written/);
  assert.equal(git('status', '--porcelain'), '');
});

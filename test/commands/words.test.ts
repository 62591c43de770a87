/** What commands say where something is not as it must be: with the real program, and never more than was read. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const program = join(import.meta.dirname, '../../bin/renewd');
const root = mkdtempSync(join(tmpdir(), 'renewd-words-'));
const at = (name: string): string => join(root, name);

function git(...words: string[]): void {
  assert.equal(spawnSync('git', words, { cwd: root }).status, 0, words.join(' '));
}

before(() => {
  git('init', '-q', '-b', 'master', at('empty'));
  git('init', '-q', '-b', 'master', at('old'));
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
  git('-C', at('old'), ...who, 'commit', '-q', '--allow-empty', '-m', 'Begin');
  git('init', '-q', '--object-format=sha256', '-b', 'main', at('sha256'));
  mkdirSync(at('outside'));
});
after(() => {
  rmSync(root, { recursive: true, force: true });
});

function renewd(cwd: string, ...words: string[]): { readonly status: number | null; readonly said: string } {
  const { status, stderr, stdout } = spawnSync(program, words, {
    cwd: at(cwd),
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, GIT_CEILING_DIRECTORIES: root },
  });
  return { status, said: `${stdout}${stderr}`.replaceAll(/\s+/g, ' ') };
}

const repo = (name: string): string[] => ['--repo', at(name), '--data', at(`data-${name}`)];

test('plan and once claim nothing of a repository that could not be read', () => {
  for (const command of ['plan', 'once'])
    for (const [name, words] of [
      ['empty', /is empty: it has no commit/],
      ['old', /it has "master"\. If that is meant, give --branch master/],
    ] as const) {
      const { status, said } = renewd('outside', command, ...repo(name));
      assert.equal(status, 2, said);
      assert.match(said, words);
      assert.match(said, /could not be read/);
      assert.doesNotMatch(said, /nothing to do|no commit$|no certificates are declared/);
    }
});

test('report and audit advise no fetch where there is nothing to fetch from', () => {
  for (const words of [['audit'], ['report', '--period', '2026', '--out', at('evidence')]]) {
    assert.match(renewd('empty', ...words).said, /is empty: it has no commit/);
    assert.match(renewd('old', ...words).said, /give --branch master/);
    assert.match(renewd('outside', ...words).said, /no Git repository and stands in none/);
    for (const where of ['empty', 'old', 'outside']) {
      const { status, said } = renewd(where, ...words);
      assert.equal(status, 2, said);
      assert.doesNotMatch(said, /git fetch/);
    }
  }
});

test('doctor tries the data directory itself, and tells nothing of its throw-away copy', () => {
  const { status, said } = renewd('outside', 'doctor', '--repo', at('old'), '--data', '/proc/x');
  assert.equal(status, 2, said);
  assert.match(said, /✗ data directory \/proc\/x cannot be used/);
  const good = renewd('outside', 'doctor', ...repo('old')).said;
  assert.match(good, /✓ data directory/);
  for (const text of [said, good, renewd('outside', 'plan', ...repo('old')).said])
    assert.doesNotMatch(text, /custody identity/);
});

test('a SHA-256 repository is sent to no other address of itself', () => {
  const { said } = renewd('outside', 'plan', ...repo('sha256'));
  assert.match(said, /SHA-256 repository, which renewd cannot read at any address/);
  assert.doesNotMatch(said, /ssh:\/\/|https:\/\//);
});
